"""Several ControlNets as one, where those that have nothing to say cost nothing."""

from typing import Any

import torch
from diffusers.models.controlnets.multicontrolnet import MultiControlNetModel


class UnitStack(MultiControlNetModel):  # type: ignore[misc]
    """diffusers' MultiControlNet, except that a unit at scale 0 is not run.

    The pipeline hands scale 0 to a unit outside its start and end; stock code runs the net
    all the same and multiplies by nothing. With every unit silent the UNet gets no residuals,
    which equals having no ControlNet.
    """

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
        outputs = [
            net(
                sample,
                timestep,
                encoder_hidden_states,
                controlnet_cond=cond,
                conditioning_scale=scale,
                guess_mode=guess_mode,
                return_dict=False,
                **rest,
            )
            for net, cond, scale in zip(self.nets, controlnet_cond, conditioning_scale, strict=True)
            if scale > 0
        ]
        if not outputs:
            return None, None
        down, middle = outputs[0]
        for more_down, more_middle in outputs[1:]:
            down = [a + b for a, b in zip(down, more_down, strict=True)]
            middle = middle + more_middle
        return down, middle
