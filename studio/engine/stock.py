"""Everything the engine keeps between jobs: models in their tiers, and what was computed once."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any, TypeVar

import torch
from diffusers import AutoencoderKL, ControlNetModel
from PIL import Image

from studio.engine.caches import ByteCache
from studio.engine.checkpoints import load_base_model, load_controlnet, load_vae
from studio.engine.configurations import Configurations
from studio.engine.dialect import BaseModel, Embeddings
from studio.engine.loras import Weights
from studio.engine.placement import DevicePlacement, Movable, Single
from studio.engine.residency import Placement, Residency, Room, lower_least_recent
from studio.engine.status import EngineStatus
from studio.library.models import Model

Module = TypeVar("Module", bound=torch.nn.Module)
OnLoading = Callable[[str], None]
Load = Callable[[Model, torch.dtype, Configurations], Module]

MB = 2**20


@dataclass(frozen=True)
class Limits:
    """What the engine may keep. Bytes are None where only counts limit."""

    base_models: int = 2
    base_models_in_ram: int = 4
    device_bytes: int | None = None
    ram_bytes: int | None = None
    controlnets: int = 8
    cache_bytes: int = 256 * MB
    lora_bytes: int = 1024 * MB


class Stock:
    """The engine's models and caches. One lane owns it."""

    def __init__(
        self,
        device: torch.device,
        limits: Limits,
        configurations: Configurations,
        compiled: bool = False,
        placement: Placement[Movable] | None = None,
    ) -> None:
        """`compiled` base models have the blocks that repeat compiled by torch. `placement` moves
        models to the device and back: DevicePlacement if None."""
        self._configurations = configurations
        self._compiled = compiled
        self._placement = placement or DevicePlacement(device)
        shared: dict[str, Any] = {"uses": count(), "spare": self._spare}
        self._bases: Residency[BaseModel] = Residency(
            self._placement,
            Room(limits.base_models, limits.device_bytes),
            Room(max(limits.base_models, limits.base_models_in_ram), limits.ram_bytes),
            **shared,
        )
        both = Room(limits.controlnets)
        self._nets: Residency[Single[ControlNetModel]] = Residency(
            self._placement, both, both, **shared
        )
        self._vaes: Residency[Single[AutoencoderKL]] = Residency(
            self._placement, Room(2), Room(2), **shared
        )
        third = limits.cache_bytes // 3
        self.embeddings: ByteCache[Embeddings] = ByteCache(third, lambda both: both.bytes)
        self.latents: ByteCache[torch.Tensor] = ByteCache(third, lambda tensor: tensor.nbytes)
        self.maps: ByteCache[Image.Image | None] = ByteCache(third, _picture_bytes)
        self.lora_files: ByteCache[Weights] = ByteCache(limits.lora_bytes, _weights_bytes)

    @contextmanager
    def base_model(
        self, model: Model, dtype: torch.dtype, on_loading: OnLoading
    ) -> Iterator[BaseModel]:
        """The base model on the device, staying there for the block."""

        def load() -> BaseModel:
            on_loading(model.name)
            parts = load_base_model(model, dtype, self._configurations)
            if self._compiled:
                parts.denoiser.compile_repeated_blocks()
            return parts

        with self._bases.use(
            _Key(model.sha256, dtype, model.name), _expected(model, dtype), load
        ) as parts:
            yield parts

    @contextmanager
    def vae(
        self, model: Model, dtype: torch.dtype, on_loading: OnLoading
    ) -> Iterator[AutoencoderKL]:
        with self._single(self._vaes, load_vae, model, dtype, on_loading) as vae:
            yield vae

    @contextmanager
    def controlnets(
        self, models: Sequence[Model], dtype: torch.dtype, on_loading: OnLoading
    ) -> Iterator[list[ControlNetModel]]:
        with ExitStack() as pins:
            yield [
                pins.enter_context(
                    self._single(self._nets, load_controlnet, model, dtype, on_loading)
                )
                for model in models
            ]

    @contextmanager
    def _single(
        self,
        tier: Residency[Single[Module]],
        load: Load[Module],
        model: Model,
        dtype: torch.dtype,
        on_loading: OnLoading,
    ) -> Iterator[Module]:
        def loaded() -> Single[Module]:
            on_loading(model.name)
            return Single(load(model, dtype, self._configurations))

        with tier.use(
            _Key(model.sha256, dtype, model.name), _expected(model, dtype), loaded
        ) as held:
            yield held.module

    def _spare(self) -> bool:
        return lower_least_recent((self._bases, self._nets, self._vaes))

    def clear_device(self) -> None:
        """Takes everything that is not in use off the device: what is tried when its memory runs
        out. What is in RAM stays there, and costs no reading when it is asked for again."""
        while self._spare():
            pass
        self.latents.clear()
        self._placement.dropped()

    def evict(self) -> None:
        """Lets go of all that is not in use, in both tiers."""
        for cache in (self.embeddings, self.latents, self.maps, self.lora_files):
            cache.clear()
        for residency in (self._nets, self._vaes, self._bases):
            residency.evict()

    def status(self) -> EngineStatus:
        return EngineStatus(
            self._bases.status(), self._nets.status(), self._vaes.status(),
            self.embeddings.status(),
            self.latents.status(), self.maps.status(), self.lora_files.status(),
        )  # fmt: skip


@dataclass(frozen=True)
class _Key:
    """What a held model is known by: its content and precision. It reads as its name."""

    sha256: str
    dtype: torch.dtype
    name: str = field(compare=False)

    def __str__(self) -> str:
        return self.name


def _expected(model: Model, dtype: torch.dtype) -> int:
    """Bytes in memory; files are mostly fp16, and twice that in fp32."""
    return model.bytes * (2 if dtype == torch.float32 else 1)


def _picture_bytes(picture: Image.Image | None) -> int:
    return 0 if picture is None else picture.width * picture.height * 3


def _weights_bytes(weights: Weights) -> int:
    return sum(tensor.nbytes for tensor in weights.values())
