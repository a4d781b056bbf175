"""Encodes a batch's images to latents and decodes them, with what is known of its VAE from earlier jobs."""

import hashlib
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeVar

import torch
from PIL import Image

from studio.engine.diffusion.latents import VaeOverflows, decode_latents, encode_image
from studio.engine.families.base import LoadedBaseModel
from studio.engine.graphs.graph_cache import GraphCache
from studio.engine.memory.byte_lru_cache import ByteLRUCache
from studio.messages import Message, message

ResultT = TypeVar("ResultT")


class VaeRunner(Protocol):
    """Calls a function that uses the VAE, and returns its result."""

    def __call__(self, func: Callable[[], ResultT], /) -> ResultT: ...


@dataclass(frozen=True)
class VaeCaches:
    """What outlasts a batch."""

    latents: ByteLRUCache[torch.Tensor]
    """Of encoded images, (1, channels, height/8, width/8)."""

    overflows: VaeOverflows
    """Which VAEs decode in fp32 at once."""

    graphs: GraphCache


class VaeCodec:
    """The VAE of one batch."""

    def __init__(
        self, base_model: LoadedBaseModel, key: Hashable, caches: VaeCaches, run: VaeRunner
    ) -> None:
        """Args:
        base_model: the loaded model, with the recipe's VAE.
        key: everything but the image that latents depend on.
        caches: of all batches.
        run: calls its argument, again with less memory when it runs out.
        """
        self._base_model, self._key, self._caches, self._run = base_model, key, caches, run
        self._overflowed = False

    @property
    def notes(self) -> tuple[Message, ...]:
        """A note when the VAE overflowed in half precision, else none."""
        return (message("engine.vae_overflowed"),) if self._overflowed else ()

    def encode(self, image: Image.Image) -> torch.Tensor:
        """The image's scaled latents, (1, channels, height/8, width/8), cached unless they were
        encoded in tiles, for lack of memory: those differ slightly."""
        key = (self._key, image.size, hashlib.sha256(image.tobytes()).hexdigest())
        encode: Callable[[], torch.Tensor] = partial(encode_image, self._base_model, image)
        vae = self._base_model.vae
        return self._caches.latents.get_or_create(
            key, lambda: self._run(encode), may_keep=lambda: not vae.use_tiling
        )

    def decode(self, latents: torch.Tensor) -> Image.Image:
        """The RGB image of scaled latents, (1, channels, height/8, width/8).

        Raises NonFiniteLatentsError when the VAE overflows in fp32.
        """
        caches = self._caches
        in_fp32 = self._key in caches.overflows
        image, overflowed = self._run(
            partial(decode_latents, self._base_model, latents, caches.graphs, in_fp32)
        )
        if overflowed:
            self._overflowed = True
            caches.overflows.add(self._key)
        return image
