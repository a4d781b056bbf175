"""Img2img from latents of any number of channels."""

import pytest
import torch
from diffusers import StableDiffusionImg2ImgPipeline
from diffusers.pipelines import DiffusionPipeline

from studio.engine.diffusion.latent_start import LatentImg2ImgPipeline
from training.architectures import new_schedule, new_text_encoder, new_unet, new_vae

EMBEDS = torch.randn(1, 77, 128, generator=torch.Generator().manual_seed(2))


def drawn(kind: type[DiffusionPipeline], channels: int, start: torch.Tensor) -> torch.Tensor:
    torch.manual_seed(3)
    pipe = kind(
        vae=new_vae(channels).eval(), unet=new_unet(channels).eval(), tokenizer=None,
        text_encoder=new_text_encoder(1200, 1199).eval(), scheduler=new_schedule(),
        safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    )  # fmt: skip
    pipe.set_progress_bar_config(disable=True)
    with torch.no_grad():
        latents: torch.Tensor = pipe(
            image=start, strength=0.5, num_inference_steps=2, output_type="latent",
            prompt_embeds=EMBEDS, negative_prompt_embeds=EMBEDS,
            generator=[torch.Generator().manual_seed(1)],
        ).images  # fmt: skip
    return latents


@pytest.mark.parametrize("channels", [4, 8, 16])
def test_latents_of_any_number_of_channels_are_a_start(channels: int) -> None:
    """Issue 21, 2: no VAE encodes them a second time, whatever their sides."""
    start = torch.randn(1, channels, 20, 28, generator=torch.Generator().manual_seed(1))
    assert drawn(LatentImg2ImgPipeline, channels, start).shape == start.shape


def test_of_four_channels_the_image_is_as_before() -> None:
    start = torch.randn(1, 4, 32, 32, generator=torch.Generator().manual_seed(1))
    own, theirs = (drawn(kind, 4, start) for kind in (LatentImg2ImgPipeline, StableDiffusionImg2ImgPipeline))  # fmt: skip
    assert torch.equal(own, theirs)
