"""Pictures to tensors, and through a VAE to latents and back."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from diffusers import AutoencoderKL
from diffusers.image_processor import VaeImageProcessor
from PIL import Image

from studio.engine.families.base import LoadedBaseModel


class NonFiniteLatentsError(Exception):
    """The numbers are none any more: half precision overflowed, or weights are broken."""


def image_to_tensor(image: Image.Image, device: torch.device, dtype: torch.dtype) -> torch.Tensor:
    """(1, 3, h, w) in 0-1."""
    pixels = torch.from_numpy(np.asarray(image.convert("RGB")).copy())
    return pixels.permute(2, 0, 1)[None].to(device, dtype) / 255


def encode_image(parts: LoadedBaseModel, image: Image.Image) -> torch.Tensor:
    """Scaled latents (1, c, h/8, w/8): the mode, for sampling would use up the seed.

    Raises BrokenLatents where the VAE overflows in full precision, too.
    """
    vae = parts.vae

    def mode() -> torch.Tensor:
        pixels = image_to_tensor(image, vae.device, vae.dtype) * 2 - 1
        found: torch.Tensor = vae.encode(pixels).latent_dist.mode()
        return found

    return parts.latent_scale.to_model(_finite(vae, mode)[0]).to(parts.dtype)


def decode_latents(parts: LoadedBaseModel, latents: torch.Tensor) -> tuple[Image.Image, bool]:
    """The picture of scaled latents, and whether half precision overflowed: the VAE alone is
    asked once more in full precision then. Raises BrokenLatents where that overflows, too."""
    vae = parts.vae

    def decode() -> torch.Tensor:
        plain = parts.latent_scale.to_vae(latents).to(vae.dtype)
        found: torch.Tensor = vae.decode(plain, return_dict=False)[0]
        return found

    pixels, overflowed = _finite(vae, decode)
    image: Image.Image = VaeImageProcessor().postprocess(pixels.detach(), "pil")[0]
    return image, overflowed


def _finite(vae: AutoencoderKL, ask: Callable[[], torch.Tensor]) -> tuple[torch.Tensor, bool]:
    """What the VAE answers, and whether that took full precision."""
    answer = ask()
    if torch.isfinite(answer).all():
        return answer, False
    if vae.dtype == torch.float32:
        raise NonFiniteLatentsError
    with _full_precision(vae):
        answer = ask()
    if not torch.isfinite(answer).all():
        raise NonFiniteLatentsError
    return answer, True


@contextmanager
def _full_precision(vae: AutoencoderKL) -> Iterator[None]:
    """The weights in 32 bits for the block; afterwards the very storages that were there before,
    which other jobs use."""
    weights = [w for w in (*vae.parameters(), *vae.buffers()) if w.is_floating_point()]
    held = [weight.data for weight in weights]
    try:
        for weight in weights:
            weight.data = weight.data.float()
        yield
    finally:
        for weight, half in zip(weights, held, strict=True):
            weight.data = half
