"""Several ControlNets as one, where those that have nothing to say cost nothing."""

from collections.abc import Sequence
from typing import Any

import torch
from diffusers import ControlNetModel
from diffusers.models.controlnets.multicontrolnet import MultiControlNetModel

from studio.recipes.generation.recipe import ControlMode

LAYER_DECAY = 0.825
"""Each layer further from the middle counts this much less when the prompt is to be believed
(sd-webui-controlnet's constant)."""

Residuals = tuple[list[torch.Tensor], torch.Tensor]


class WeightedMultiControlNet(MultiControlNetModel):  # type: ignore[misc]
    """diffusers' MultiControlNet, except that a unit at scale 0 is not run, and each has its mode.

    The pipeline hands scale 0 to a unit outside its start and end; stock code runs the net
    all the same and multiplies by nothing. With every unit silent the UNet gets no residuals,
    which equals having no ControlNet.
    """

    def __init__(
        self, nets: Sequence[ControlNetModel], modes: Sequence[ControlMode], images: int = 1
    ) -> None:
        """`pictures` are drawn at once; with guidance a sample has twice as many."""
        super().__init__(nets)
        self._modes = tuple(modes)
        self._batch_size = images

    def forward(
        self,
        sample: torch.Tensor,
        timestep: torch.Tensor,
        encoder_hidden_states: torch.Tensor,
        controlnet_cond: list[torch.Tensor],
        conditioning_scale: list[float],
        guess_mode: bool = False,
        return_dict: bool = False,
        **rest: Any,
    ) -> tuple[list[torch.Tensor] | None, torch.Tensor | None]:
        """Residuals of the units that speak, added up. `sample` is the pictures, or with guidance
        their unguided and their guided half; `guess_mode` is not for us: modes are each unit's."""
        total: Residuals | None = None
        unguided = self._batch_size if len(sample) == 2 * self._batch_size else 0
        for net, mode, cond, scale in zip(
            self.nets, self._modes, controlnet_cond, conditioning_scale, strict=True
        ):
            if scale > 0:
                # "ControlNet is more important": the guided half alone hears it, so that
                # guidance amplifies it.
                skipped = unguided if mode == "ControlNet is more important" else 0
                spoken = _run_controlnet(
                    net, mode, skipped, sample, timestep, encoder_hidden_states, cond, scale, rest
                )
                total = spoken if total is None else _add_residuals(total, spoken)
        return (None, None) if total is None else total


def _run_controlnet(
    net: ControlNetModel,
    mode: ControlMode,
    skipped: int,
    sample: torch.Tensor,
    timestep: torch.Tensor,
    words: torch.Tensor,
    cond: torch.Tensor,
    scale: float,
    rest: dict[str, Any],
) -> Residuals:
    if skipped:
        rest = {name: _cond_half(skipped, value, len(sample)) for name, value in rest.items()}
        sample, words, cond = sample[skipped:], words[skipped:], cond[skipped:]
    down, middle = net(
        sample, timestep, words,
        controlnet_cond=cond, conditioning_scale=scale, return_dict=False, **rest,
    )  # fmt: skip
    if mode != "Balanced":
        down = [layer * LAYER_DECAY ** (len(down) - i) for i, layer in enumerate(down)]
    if skipped:
        down = [_prepend_zeros(layer) for layer in down]
        middle = _prepend_zeros(middle)
    return list(down), middle


def _cond_half(skipped: int, value: Any, samples: int) -> Any:
    """The guided half of what comes beside the samples: SDXL's summaries and sizes."""
    if isinstance(value, dict):
        return {name: _cond_half(skipped, each, samples) for name, each in value.items()}
    return value[skipped:] if isinstance(value, torch.Tensor) and len(value) == samples else value


def _prepend_zeros(guided: torch.Tensor) -> torch.Tensor:
    return torch.cat([torch.zeros_like(guided), guided])


def _add_residuals(a: Residuals, b: Residuals) -> Residuals:
    return [one + other for one, other in zip(a[0], b[0], strict=True)], a[1] + b[1]
