"""Several ControlNets as one, with a control mode each; units that are off in a step do not run."""

from collections.abc import Sequence
from typing import Any

import torch
from diffusers import ControlNetModel
from diffusers.models.controlnets.multicontrolnet import MultiControlNetModel

from studio.recipes.generation.recipe import ControlMode

LAYER_DECAY = 0.825
"""Factor per layer, counted from the middle block, in "My prompt is more important" and in
"ControlNet is more important" (sd-webui-controlnet's constant)."""

Residuals = tuple[list[torch.Tensor], torch.Tensor]
"""`down_block_res_samples` and `mid_block_res_sample`, each (batch, channels, height, width) of its
block."""


class WeightedMultiControlNet(MultiControlNetModel):  # type: ignore[misc]
    """diffusers' MultiControlNetModel, except for scale 0, for the control modes, and for a weight of
    each image.

    The pipeline passes scale 0 to a unit outside its start and end; diffusers runs the ControlNet
    all the same and multiplies by 0. With every unit off the UNet gets no residuals, which equals
    having no ControlNet.
    """

    def __init__(
        self,
        controlnets: Sequence[ControlNetModel],
        modes: Sequence[ControlMode],
        weights: Sequence[Sequence[float]],
    ) -> None:
        """`weights` are each unit's for every image; under classifier-free guidance a sample has
        twice as many rows as there are images."""
        super().__init__(controlnets)
        self.modes = tuple(modes)
        self.weights = tuple(tuple(of_unit) for of_unit in weights)

    def forward(
        self,
        sample: torch.Tensor,
        timestep: torch.Tensor,
        encoder_hidden_states: torch.Tensor,
        controlnet_cond: list[torch.Tensor],
        conditioning_scale: list[float],
        guess_mode: bool = False,
        return_dict: bool = False,
        **extra_kwargs: Any,
    ) -> tuple[list[torch.Tensor] | None, torch.Tensor | None]:
        """The sum of all units' residuals, (None, None) when every unit is off.

        Args:
            sample: (batch, 4, height/8, width/8); batch is the number of images, or under
                classifier-free guidance twice that, unconditional half first.
            timestep: scalar.
            encoder_hidden_states: (batch, tokens, width).
            controlnet_cond: for each unit (batch, 3, height, width), 0 to 1.
            conditioning_scale: for each unit 1, or 0 outside its start and end.
            guess_mode: ignored, as each unit has its own mode.
            return_dict: ignored; always a tuple.
            extra_kwargs: further inputs, e.g. SDXL's `added_cond_kwargs`.
        """
        scales = [
            _scale_of(weights, sample.device) if is_on else None
            for weights, is_on in zip(self.weights, conditioning_scale, strict=True)
        ]
        return self.sum_residuals(
            sample, timestep, encoder_hidden_states, controlnet_cond, scales, extra_kwargs
        )

    def sum_residuals(
        self,
        sample: torch.Tensor,
        timestep: torch.Tensor,
        encoder_hidden_states: torch.Tensor,
        controlnet_cond: Sequence[torch.Tensor | None],
        scales: Sequence[float | torch.Tensor | None],
        extra_kwargs: dict[str, Any],
    ) -> tuple[list[torch.Tensor] | None, torch.Tensor | None]:
        """As `forward`; `scales` are each unit's weight: a number, or (images, 1, 1, 1) in fp32, or
        None for a unit that is off."""
        total: Residuals | None = None
        images = len(self.weights[0])
        unconditional = images if len(sample) == 2 * images else 0
        for controlnet, mode, cond, scale in zip(
            self.nets, self.modes, controlnet_cond, scales, strict=True
        ):
            if cond is not None and scale is not None:
                # "ControlNet is more important": only the conditional half gets residuals, so that
                # guidance amplifies them.
                skipped = unconditional if mode == "ControlNet is more important" else 0
                inputs = (sample, timestep, encoder_hidden_states, cond)
                residuals = _run_controlnet(controlnet, mode, skipped, *inputs, scale, extra_kwargs)
                total = residuals if total is None else _add_residuals(total, residuals)
        return (None, None) if total is None else total

    def sum_first_residuals(
        self,
        sample: torch.Tensor,
        controlnet_cond: Sequence[torch.Tensor | None],
        scales: Sequence[float | torch.Tensor | None],
    ) -> torch.Tensor | None:
        """The first of `sum_residuals`' tensors, without running what it does not depend on.

        Shapes as there; returns (batch, channels, height/8, width/8).
        """
        total: torch.Tensor | None = None
        images = len(self.weights[0])
        unconditional = images if len(sample) == 2 * images else 0
        for controlnet, mode, cond, scale in zip(
            self.nets, self.modes, controlnet_cond, scales, strict=True
        ):
            if cond is not None and scale is not None:
                skipped = unconditional if mode == "ControlNet is more important" else 0
                residual = _first_residual(controlnet, mode, skipped, sample, cond, scale)
                total = residual if total is None else total + residual
        return total


def _first_residual(
    controlnet: ControlNetModel,
    mode: ControlMode,
    skipped: int,
    sample: torch.Tensor,
    controlnet_cond: torch.Tensor,
    conditioning_scale: float | torch.Tensor,
) -> torch.Tensor:
    """The first of `_run_controlnet`'s residuals; shapes as there."""
    sample, controlnet_cond = sample[skipped:], controlnet_cond[skipped:]
    if controlnet.config.controlnet_conditioning_channel_order == "bgr":
        controlnet_cond = torch.flip(controlnet_cond, dims=[1])
    hidden = controlnet.conv_in(sample) + controlnet.controlnet_cond_embedding(controlnet_cond)
    blocks = controlnet.controlnet_down_blocks
    residual = blocks[0](hidden) * _for_rows(conditioning_scale, len(sample))
    if controlnet.config.global_pool_conditions:
        residual = torch.mean(residual, dim=(2, 3), keepdim=True)
    residual = residual.to(sample.dtype)
    if mode != "Balanced":
        residual = residual * LAYER_DECAY ** len(blocks)
    return _prepend_zeros(residual) if skipped else residual


def _for_rows(scale: float | torch.Tensor, rows: int) -> float | torch.Tensor:
    """(images, 1, 1, 1) to (rows, 1, 1, 1), of which there may be twice as many; a number as it is."""
    return scale if isinstance(scale, float) else scale.repeat(rows // len(scale), 1, 1, 1)


def _scale_of(weights: Sequence[float], device: torch.device) -> float | torch.Tensor:
    """A number when every image has the same weight, else (images, 1, 1, 1)."""
    return weights[0] if len(set(weights)) == 1 else scale_column(weights, device)


def scale_column(weights: Sequence[float], device: torch.device) -> torch.Tensor:
    """One weight for each image, (images, 1, 1, 1) in fp32."""
    return torch.tensor(weights, dtype=torch.float32, device=device).view(-1, 1, 1, 1)


def _run_controlnet(
    controlnet: ControlNetModel,
    mode: ControlMode,
    skipped: int,
    sample: torch.Tensor,
    timestep: torch.Tensor,
    encoder_hidden_states: torch.Tensor,
    controlnet_cond: torch.Tensor,
    conditioning_scale: float | torch.Tensor,
    extra_kwargs: dict[str, Any],
) -> Residuals:
    """One unit's residuals for the whole batch; zeros for its first `skipped` samples.

    Shapes as in `WeightedMultiControlNet.sum_residuals`, `controlnet_cond` and `conditioning_scale`
    being one unit's.
    """
    if skipped:
        extra_kwargs = {
            name: _drop_samples(skipped, value, len(sample)) for name, value in extra_kwargs.items()
        }
        sample = sample[skipped:]
        encoder_hidden_states = encoder_hidden_states[skipped:]
        controlnet_cond = controlnet_cond[skipped:]
    down_block_res_samples, mid_block_res_sample = controlnet(
        sample,
        timestep,
        encoder_hidden_states,
        controlnet_cond=controlnet_cond,
        conditioning_scale=_for_rows(conditioning_scale, len(sample)),
        return_dict=False,
        **extra_kwargs,
    )
    # A product with an fp32 tensor is fp32: rounded here, it equals that with a number.
    down_block_res_samples = [residual.to(sample.dtype) for residual in down_block_res_samples]
    mid_block_res_sample = mid_block_res_sample.to(sample.dtype)
    down_block_res_samples = _decay_layers(down_block_res_samples, mode)
    if skipped:
        down_block_res_samples = [_prepend_zeros(residual) for residual in down_block_res_samples]
        mid_block_res_sample = _prepend_zeros(mid_block_res_sample)
    return down_block_res_samples, mid_block_res_sample


def _decay_layers(
    down_block_res_samples: list[torch.Tensor], mode: ControlMode
) -> list[torch.Tensor]:
    """Weakens the outer layers unless the mode is "Balanced".

    Each is (batch, channels, height, width) of its block, outermost first; shapes unchanged.
    """
    if mode == "Balanced":
        return down_block_res_samples
    count = len(down_block_res_samples)
    return [
        residual * LAYER_DECAY ** (count - i) for i, residual in enumerate(down_block_res_samples)
    ]


def _drop_samples(skipped: int, value: Any, batch: int) -> Any:
    """Without the first samples of what is batched: SDXL's text embeddings and time ids.

    Tensors are (batch, ...) and become (batch - skipped, ...); all else is returned as it is.
    """
    if isinstance(value, dict):
        return {name: _drop_samples(skipped, item, batch) for name, item in value.items()}
    return value[skipped:] if isinstance(value, torch.Tensor) and len(value) == batch else value


def _prepend_zeros(conditional: torch.Tensor) -> torch.Tensor:
    """(batch, channels, height, width) to (2 x batch, channels, height, width)."""
    return torch.cat([torch.zeros_like(conditional), conditional])


def _add_residuals(a: Residuals, b: Residuals) -> Residuals:
    """Block by block; shapes unchanged."""
    return [one + other for one, other in zip(a[0], b[0], strict=True)], a[1] + b[1]
