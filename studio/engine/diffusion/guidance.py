"""Classifier-free guidance: a scale for each image of a batch, its end after a fraction of the steps,
and its rescaling."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Self

import torch
from diffusers import DiffusionPipeline
from diffusers.pipelines.stable_diffusion_xl.pipeline_stable_diffusion_xl_img2img import (
    rescale_noise_cfg,
)


class GuidanceScales(float):
    """The guidance scales of a batch's images, as the one number that diffusers' pipelines take.

    They compare it with 1, and multiply it with the difference of both predictions.
    """

    _scales: tuple[float, ...]
    _column: torch.Tensor | None
    """(batch, 1, 1, 1), fp32, on the device of the predictions; made once."""

    def __new__(cls, scales: Sequence[float]) -> Self:
        """`scales` are all above 1, or all 1; the number is the largest."""
        number = super().__new__(cls, max(scales))
        number._scales, number._column = tuple(scales), None
        return number

    def __mul__(self, other: Any) -> Any:
        """With a tensor (batch, channels, height, width): each image by its own scale.

        The product is computed in fp32 and rounded once, as that of a tensor and a number is.
        """
        if not isinstance(other, torch.Tensor):
            return super().__mul__(other)
        if self._column is None or self._column.device != other.device:
            # With its type: while another thread loads a model, torch's default is the model's.
            scales = torch.tensor(self._scales, dtype=torch.float32, device=other.device)
            self._column = scales.view(-1, 1, 1, 1)
        return (other * self._column).to(other.dtype)


def guidance_scale_of(scales: Sequence[float]) -> float:
    """The guidance scale of a batch for diffusers: a plain number when all images have the same."""
    return scales[0] if len(set(scales)) == 1 else GuidanceScales(scales)


class GuidanceCutoff:
    """A step callback that turns classifier-free guidance off; the prompt alone goes on.

    It does so between two steps of the sampler, never inside one: a second-order sampler combines
    two evaluations of the denoiser.
    """

    def __init__(
        self,
        pipe: DiffusionPipeline,
        batched_tensors: Sequence[str],
        guided_evaluations: float,
        on_cutoff: Callable[[], None],
    ) -> None:
        """Args:
        pipe: the pipeline of the pass, with its scheduler.
        batched_tensors: the pipeline's tensors to be halved (see
            `ModelFamilySpec.cfg_batched_tensors`); empty when it lets none be replaced.
        guided_evaluations: how many evaluations of the denoiser are guided; a fraction is
            rounded up.
        on_cutoff: called when guidance ends, which halves the denoiser's batch.
        """
        self._guided_evaluations, self._on_cutoff = guided_evaluations, on_cutoff
        self._scheduler_order = pipe.scheduler.order
        self.tensor_inputs = list(batched_tensors)

    def __call__(
        self, pipe: Any, step_index: int, _timestep: Any, callback_kwargs: dict[str, Any]
    ) -> dict[str, Any]:
        """Called by diffusers after each evaluation of the denoiser."""
        done = step_index + 1
        is_between_steps = done % self._scheduler_order == 0
        if (
            is_between_steps
            and done >= self._guided_evaluations
            and pipe.do_classifier_free_guidance
        ):
            # The scale has no setter; diffusers' own SDCFGCutoffCallback writes this field, too.
            #
            # do_classifier_free_guidance is `scale > 1`. At 1.0 the pipeline no longer doubles the
            # latents, so everything it had doubled is halved here. A pipeline that does not let all
            # of that be replaced (SD3: pooled_prompt_embeds) must go on doubling: 1 + 1e-6 keeps
            # do_classifier_free_guidance True, and the guided prediction
            # uncond + scale * (cond - uncond) is the conditional one.
            pipe._guidance_scale = 1.0 if self.tensor_inputs else 1.0 + 1e-6
            for name in self.tensor_inputs:
                callback_kwargs[name] = _conditional_half(callback_kwargs[name])
            self._on_cutoff()
        return callback_kwargs


def _conditional_half(
    batched: torch.Tensor | list[torch.Tensor],
) -> torch.Tensor | list[torch.Tensor]:
    """The second half of the batch: (2 x batch, ...) to (batch, ...), also in a list of tensors."""
    if isinstance(batched, list):
        return [tensor.chunk(2)[-1] for tensor in batched]
    return batched.chunk(2)[-1]


@contextmanager
def guidance_rescaled(
    pipe: Any, denoiser: torch.nn.Module, guidance_rescale: float
) -> Iterator[None]:
    """Scales the guided prediction back to the contrast of the conditional one, in the block.

    diffusers has this for one of its image-to-image pipelines only. In the others it is done behind
    the denoiser: both halves of its output are replaced by the rescaled prediction R, of which the
    pipeline then makes R + scale * (R - R).

    Args:
        pipe: the pipeline of the pass; its present guidance scale is read at each evaluation.
        denoiser: its UNet or transformer, which other jobs share: the hook is removed afterwards.
        guidance_rescale: phi of Lin et al. (2023), section 3.4, 0 to 1; 0 changes nothing.
    """
    if guidance_rescale == 0:
        yield
        return

    def rescale(
        _denoiser: torch.nn.Module, _inputs: object, output: tuple[torch.Tensor, ...]
    ) -> tuple[torch.Tensor, ...]:
        """`output` begins with (2 x batch, channels, height/8, width/8), unconditional half first."""
        if not pipe.do_classifier_free_guidance:
            return output
        unconditional, conditional = output[0].chunk(2)
        guided = unconditional + pipe.guidance_scale * (conditional - unconditional)
        rescaled = rescale_noise_cfg(guided, conditional, guidance_rescale)
        return torch.cat([rescaled, rescaled]), *output[1:]

    handle = denoiser.register_forward_hook(rescale)
    try:
        yield
    finally:
        handle.remove()
