"""Images to tensors, and to latents and back through the VAE."""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from functools import partial

import numpy as np
import torch
from diffusers import AutoencoderKL
from PIL import Image

from studio.engine.families.base import LoadedBaseModel
from studio.engine.graphs.backend import Tensors
from studio.engine.graphs.graph_cache import GraphCache
from studio.engine.graphs.weights_fingerprint import WeightsFingerprint, has_hooks

MAX_GRAPHED_LATENTS = 96 * 96
"""Latent pixels of an image up to which decoding it by a graph pays."""


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
    base_model: LoadedBaseModel,
    latents: torch.Tensor,
    graphs: GraphCache,
    in_fp32: bool = False,
) -> tuple[Image.Image, bool]:
    """The image of scaled latents (1, channels, height/8, width/8), and whether the VAE overflows in
    half precision: it alone then ran a second time in fp32, or at once with `in_fp32`.

    Raises NonFiniteLatentsError when the VAE overflows in fp32, too.
    """
    vae, dtype = base_model.vae, base_model.vae.dtype

    def decode() -> torch.Tensor:
        """(1, 3, height, width), -1 to 1."""
        vae_latents = base_model.latent_scale.to_vae(latents).to(vae.dtype)
        if vae.dtype == dtype:
            return _decode_by_graph(vae, vae_latents, graphs)
        # The copies in fp32 are gone afterwards.
        return _decode({"latents": vae_latents}, vae)[0]

    sample, overflowed = _run_vae(vae, decode, in_fp32)
    return _to_image(sample), overflowed


def _decode(inputs: Tensors, vae: AutoencoderKL) -> tuple[torch.Tensor]:
    """(1, channels, height/8, width/8) to (1, 3, height, width), -1 to 1."""
    sample: torch.Tensor = vae.decode(inputs["latents"], return_dict=False)[0]
    return (sample,)


def _decode_by_graph(vae: AutoencoderKL, latents: torch.Tensor, graphs: GraphCache) -> torch.Tensor:
    """As `_decode`, by a recording where launching its kernels takes longer than running them."""
    inputs = {"latents": latents}
    height, width = latents.shape[2:]
    if height * width > MAX_GRAPHED_LATENTS or not graphs.is_enabled or has_hooks([vae]):
        return _decode(inputs, vae)[0]
    key = "decode", vae.use_tiling, vae.use_slicing
    weights = WeightsFingerprint.of([vae])
    return graphs.run(key, weights, partial(_decode, vae=vae), inputs)[0]


def _to_image(sample: torch.Tensor) -> Image.Image:
    """(1, 3, height, width), -1 to 1, as diffusers' VaeImageProcessor converts it, but on the device:
    a quarter of the bytes is copied."""
    colors = (sample[0].detach() * 0.5 + 0.5).clamp(0, 1).permute(1, 2, 0).float()
    return Image.fromarray((colors * 255).round().to(torch.uint8).cpu().numpy())


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
