"""Samples of models in training, for the sheets a person looks at."""

from collections.abc import Mapping

import torch
from diffusers import ControlNetModel, SchedulerMixin, UNet2DConditionModel

from training.architectures import new_schedule
from training.dataset import Models


@torch.no_grad()
def sample(
    models: Models,
    unet: UNet2DConditionModel,
    lines: list[str],
    start: torch.Tensor | None = None,
    strength: float = 0.6,
    controls: Mapping[str, tuple[ControlNetModel, torch.Tensor]] | None = None,
    scheduler: SchedulerMixin | None = None,
    steps: int = 20,
    guidance_scale: float = 2.5,
) -> list[torch.Tensor]:
    """Images (3, 256, 256) of these captions, from latents `start` or from noise alone.

    `controls`: ControlNets and the maps they see. Img2img pipelines of diffusers take latents of
    four channels only, hence this loop.
    """
    scheduler = scheduler or new_schedule()
    device, dtype = unet.device, unet.dtype
    scheduler.set_timesteps(steps, device=device)
    side, channels = unet.config.sample_size, unet.config.in_channels
    noise = torch.randn(
        (len(lines), channels, side, side), generator=torch.Generator("cpu").manual_seed(5)
    ).to(device)
    times = scheduler.timesteps
    latents = noise
    if start is not None:
        times = times[-max(1, int(steps * strength)) :]
        latents = scheduler.add_noise(start.float(), noise, times[:1].expand(len(lines)))
        if hasattr(scheduler, "set_begin_index"):
            scheduler.set_begin_index(len(scheduler.timesteps) - len(times))
    text_embeds = models.embed(lines)
    empty_embeds = models.embed([""]).expand_as(text_embeds)
    generator = torch.Generator(device).manual_seed(5)
    for time in times:
        prediction = _predicted(unet, latents.to(dtype), time, text_embeds, controls)
        if guidance_scale > 1:
            without = _predicted(unet, latents.to(dtype), time, empty_embeds, controls)
            prediction = without + guidance_scale * (prediction - without)
        arguments = {"generator": generator} if "LCM" in type(scheduler).__name__ else {}
        latents = scheduler.step(prediction, time, latents, **arguments).prev_sample
    return list(models.decode(latents))


def _predicted(
    unet: UNet2DConditionModel,
    latents: torch.Tensor,
    time: torch.Tensor,
    text_embeds: torch.Tensor,
    controls: Mapping[str, tuple[ControlNetModel, torch.Tensor]] | None,
) -> torch.Tensor:
    """The denoiser's output with the nets' residuals, (n, 4, h, w) in float32."""
    outputs = [
        net(latents, time, text_embeds, controlnet_cond=maps, return_dict=False)
        for net, maps in (controls or {}).values()
    ]
    if not outputs:
        prediction: torch.Tensor = unet(latents, time, text_embeds).sample
        return prediction.float()
    down = [torch.stack(each).sum(0) for each in zip(*(o[0] for o in outputs), strict=True)]
    middle = torch.stack([o[1] for o in outputs]).sum(0)
    prediction = unet(
        latents,
        time,
        text_embeds,
        down_block_additional_residuals=down,
        mid_block_additional_residual=middle,
    ).sample
    return prediction.float()
