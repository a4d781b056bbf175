"""Pictures to tensors, and through a VAE to latents and back."""

import numpy as np
import torch
from diffusers import AutoencoderKL
from diffusers.image_processor import VaeImageProcessor
from PIL import Image

from studio.engine.dialect import BaseModel


class BrokenLatents(Exception):
    """The numbers are none any more: half precision overflowed, or weights are broken."""


def map_to_tensor(picture: Image.Image, device: torch.device, dtype: torch.dtype) -> torch.Tensor:
    """(1, 3, h, w) in 0-1."""
    pixels = torch.from_numpy(np.asarray(picture.convert("RGB")).copy())
    return pixels.permute(2, 0, 1)[None].to(device, dtype) / 255


def encoded(parts: BaseModel, picture: Image.Image) -> torch.Tensor:
    """Scaled latents (1, c, h/8, w/8): the mode, for sampling would use up the seed."""
    vae = parts.vae
    pixels = map_to_tensor(picture, vae.device, vae.dtype) * 2 - 1
    mode = vae.encode(pixels).latent_dist.mode()
    return parts.scale.scaled(mode).to(parts.dtype)


def decoded(parts: BaseModel, latents: torch.Tensor) -> Image.Image:
    """The picture of scaled latents. Raises BrokenLatents where the VAE overflows."""
    vae: AutoencoderKL = parts.vae
    pixels = vae.decode(parts.scale.plain(latents).to(vae.dtype), return_dict=False)[0]
    if not torch.isfinite(pixels).all():
        raise BrokenLatents
    picture: Image.Image = VaeImageProcessor().postprocess(pixels.detach(), "pil")[0]
    return picture
