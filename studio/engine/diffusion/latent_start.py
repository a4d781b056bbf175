"""Img2img pipelines that start from latents of any number of channels.

diffusers' pipelines for Stable Diffusion take a tensor of four channels for latents and every other
for an image, which they encode. The engine always hands over latents.
"""

from typing import Any

import torch
from diffusers import StableDiffusionControlNetImg2ImgPipeline, StableDiffusionImg2ImgPipeline
from diffusers.image_processor import VaeImageProcessor
from diffusers.utils.torch_utils import randn_tensor


class _LatentStart:
    """What both pipelines do otherwise; goes before the pipeline among the bases."""

    @property
    def image_processor(self) -> VaeImageProcessor:
        return self._image_processor

    @image_processor.setter
    def image_processor(self, processor: VaeImageProcessor) -> None:
        """Set by the pipeline's constructor; lets through tensors of so many channels."""
        vae: Any = self.vae  # type: ignore[attr-defined]
        processor.register_to_config(vae_latent_channels=vae.config.latent_channels)
        self._image_processor = processor

    def prepare_latents(
        self,
        image: torch.Tensor,
        timestep: torch.Tensor,
        batch_size: int,
        num_images_per_prompt: int,
        dtype: torch.dtype,
        device: torch.device,
        generator: torch.Generator | list[torch.Generator] | None = None,
    ) -> torch.Tensor:
        """The start with noise on it, (images, channels, height/8, width/8); one start for each image is given."""
        start = image.to(device=device, dtype=dtype)
        noise = randn_tensor(start.shape, generator=generator, device=device, dtype=dtype)
        scheduler: Any = self.scheduler  # type: ignore[attr-defined]
        noisy: torch.Tensor = scheduler.add_noise(start, noise, timestep)
        return noisy


class LatentImg2ImgPipeline(_LatentStart, StableDiffusionImg2ImgPipeline):  # type: ignore[misc]
    """StableDiffusionImg2ImgPipeline from latents."""


class LatentControlNetImg2ImgPipeline(
    _LatentStart,
    StableDiffusionControlNetImg2ImgPipeline,  # type: ignore[misc]
):
    """StableDiffusionControlNetImg2ImgPipeline from latents."""
