"""Images to tensors, and to latents and back through the VAE."""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from diffusers import AutoencoderKL
from diffusers.image_processor import VaeImageProcessor
from PIL import Image

from studio.engine.families.base import LoadedBaseModel


class NonFiniteLatentsError(Exception):
    """A tensor contains NaN or infinity: half precision overflowed, or weights are broken."""


class VaeOverflows:
    """The VAEs that have overflowed in half precision, so that they decode in fp32 at once."""

    def __init__(self, is_remembered: bool) -> None:
        """Not remembered in exact mode: an image must not depend on what was rendered before it."""
        self._is_remembered = is_remembered
        self._keys: set[Hashable] = set()

    def add(self, key: Hashable) -> None:
        """Remembers a VAE by what identifies it."""
        if self._is_remembered:
            self._keys.add(key)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._keys


def image_to_tensor(image: Image.Image, device: torch.device, dtype: torch.dtype) -> torch.Tensor:
    """(1, 3, height, width), 0 to 1."""
    pixels = torch.from_numpy(np.asarray(image.convert("RGB")).copy())
    return pixels.permute(2, 0, 1)[None].to(device, dtype) / 255


def encode_image(base_model: LoadedBaseModel, image: Image.Image) -> torch.Tensor:
    """The image's scaled latents, (1, channels, height/8, width/8).

    The mode of the VAE's distribution: a sample would consume random numbers of the seed.

    Raises NonFiniteLatentsError when the VAE overflows in fp32, too.
    """
    vae = base_model.vae

    def encode() -> torch.Tensor:
        """The VAE's latents, (1, channels, height/8, width/8)."""
        pixel_values = image_to_tensor(image, vae.device, vae.dtype) * 2 - 1
        mode: torch.Tensor = vae.encode(pixel_values).latent_dist.mode()
        return mode

    return base_model.latent_scale.to_model(_run_vae(vae, encode)[0]).to(base_model.dtype)


def decode_latents(
    base_model: LoadedBaseModel, latents: torch.Tensor, in_fp32: bool = False
) -> tuple[Image.Image, bool]:
    """The image of scaled latents (1, channels, height/8, width/8), and whether the VAE overflows in
    half precision: it alone then ran a second time in fp32, or at once with `in_fp32`.

    Raises NonFiniteLatentsError when the VAE overflows in fp32, too.
    """
    vae = base_model.vae

    def decode() -> torch.Tensor:
        """(1, 3, height, width), -1 to 1."""
        vae_latents = base_model.latent_scale.to_vae(latents).to(vae.dtype)
        sample: torch.Tensor = vae.decode(vae_latents, return_dict=False)[0]
        return sample

    sample, overflowed = _run_vae(vae, decode, in_fp32)
    image: Image.Image = VaeImageProcessor().postprocess(sample.detach(), "pil")[0]
    return image, overflowed


def _run_vae(
    vae: AutoencoderKL, func: Callable[[], torch.Tensor], in_fp32: bool = False
) -> tuple[torch.Tensor, bool]:
    """What `func` computes with the VAE (any shape), and whether it needed fp32 to be finite.

    `in_fp32`: that is known.
    """
    if not in_fp32 or vae.dtype == torch.float32:
        output = func()
        if torch.isfinite(output).all():
            return output, False
        if vae.dtype == torch.float32:
            raise NonFiniteLatentsError
    with _upcast_to_fp32(vae):
        output = func()
    if not torch.isfinite(output).all():
        raise NonFiniteLatentsError
    return output, True


@contextmanager
def _upcast_to_fp32(vae: AutoencoderKL) -> Iterator[None]:
    """The weights in fp32 for the block.

    Afterwards they have their original storages again, which other jobs use.
    """
    weights = [w for w in (*vae.parameters(), *vae.buffers()) if w.is_floating_point()]
    originals = [weight.data for weight in weights]
    try:
        for weight in weights:
            weight.data = weight.data.float()
        yield
    finally:
        for weight, original in zip(weights, originals, strict=True):
            weight.data = original
