"""Everything the engine keeps between jobs: models in their tiers, and what was computed once."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any, TypeVar

import torch
from diffusers import AutoencoderKL, ControlNetModel
from PIL import Image

from studio.engine.diffusion.lora_pool import Weights
from studio.engine.families.base import LoadedBaseModel, PromptEmbeddings
from studio.engine.loading.bundled_configs import BundledConfigs
from studio.engine.loading.model_loader import load_base_model, load_controlnet, load_vae
from studio.engine.memory.byte_lru_cache import ByteLRUCache
from studio.engine.memory.device_transfer import DeviceTransfer, HasModules, SingleModule
from studio.engine.memory.tiered_cache import (
    ModelMover,
    TierCapacity,
    TieredModelCache,
    lower_least_recent,
)
from studio.engine.stats import EngineStats
from studio.models.types import ModelInfo

Module = TypeVar("Module", bound=torch.nn.Module)
OnLoading = Callable[[str], None]
Load = Callable[[ModelInfo, torch.dtype, BundledConfigs], Module]

MB = 2**20


@dataclass(frozen=True)
class CacheLimits:
    """What the engine may keep. Bytes are None where only counts limit."""

    max_device_models: int = 2
    max_ram_models: int = 4
    device_bytes: int | None = None
    ram_bytes: int | None = None
    controlnets: int = 8
    cache_bytes: int = 256 * MB
    lora_bytes: int = 1024 * MB


class ModelCache:
    """The engine's models and caches. One lane owns it."""

    def __init__(
        self,
        device: torch.device,
        limits: CacheLimits,
        configurations: BundledConfigs,
        compiled: bool = False,
        placement: ModelMover[HasModules] | None = None,
    ) -> None:
        """`compiled` base models have the blocks that repeat compiled by torch. `placement` moves
        models to the device and back: DevicePlacement if None."""
        self._configurations = configurations
        self._compiled = compiled
        self._placement = placement or DeviceTransfer(device)
        shared: dict[str, Any] = {"uses": count(), "spare": self._headroom}
        self._base_models: TieredModelCache[LoadedBaseModel] = TieredModelCache(
            self._placement,
            TierCapacity(limits.max_device_models, limits.device_bytes),
            TierCapacity(max(limits.max_device_models, limits.max_ram_models), limits.ram_bytes),
            **shared,
        )
        both = TierCapacity(limits.controlnets)
        self._controlnets: TieredModelCache[SingleModule[ControlNetModel]] = TieredModelCache(
            self._placement, both, both, **shared
        )
        self._vaes: TieredModelCache[SingleModule[AutoencoderKL]] = TieredModelCache(
            self._placement, TierCapacity(2), TierCapacity(2), **shared
        )
        third = limits.cache_bytes // 3
        self.embeddings: ByteLRUCache[PromptEmbeddings] = ByteLRUCache(
            third, lambda both: both.nbytes
        )
        self.latents: ByteLRUCache[torch.Tensor] = ByteLRUCache(third, lambda tensor: tensor.nbytes)
        self.control_maps: ByteLRUCache[Image.Image | None] = ByteLRUCache(third, _image_bytes)
        self.lora_files: ByteLRUCache[Weights] = ByteLRUCache(limits.lora_bytes, _weights_bytes)

    @contextmanager
    def base_model(
        self, model: ModelInfo, dtype: torch.dtype, on_loading: OnLoading
    ) -> Iterator[LoadedBaseModel]:
        """The base model on the device, staying there for the block."""

        def load() -> LoadedBaseModel:
            on_loading(model.name)
            parts = load_base_model(model, dtype, self._configurations)
            if self._compiled:
                parts.denoiser.compile_repeated_blocks()
            return parts

        with self._base_models.acquire(
            _CacheKey(model.sha256, dtype, model.name), _estimated_bytes(model, dtype), load
        ) as parts:
            yield parts

    @contextmanager
    def vae(
        self, model: ModelInfo, dtype: torch.dtype, on_loading: OnLoading
    ) -> Iterator[AutoencoderKL]:
        with self._acquire_module(self._vaes, load_vae, model, dtype, on_loading) as vae:
            yield vae

    @contextmanager
    def controlnets(
        self, models: Sequence[ModelInfo], dtype: torch.dtype, on_loading: OnLoading
    ) -> Iterator[list[ControlNetModel]]:
        with ExitStack() as pins:
            yield [
                pins.enter_context(
                    self._acquire_module(
                        self._controlnets, load_controlnet, model, dtype, on_loading
                    )
                )
                for model in models
            ]

    @contextmanager
    def _acquire_module(
        self,
        tier: TieredModelCache[SingleModule[Module]],
        load: Load[Module],
        model: ModelInfo,
        dtype: torch.dtype,
        on_loading: OnLoading,
    ) -> Iterator[Module]:
        def loaded() -> SingleModule[Module]:
            on_loading(model.name)
            return SingleModule(load(model, dtype, self._configurations))

        with tier.acquire(
            _CacheKey(model.sha256, dtype, model.name), _estimated_bytes(model, dtype), loaded
        ) as held:
            yield held.module

    def _headroom(self) -> bool:
        return lower_least_recent((self._base_models, self._controlnets, self._vaes))

    def clear_device(self) -> None:
        """Takes everything that is not in use off the device: what is tried when its memory runs
        out. What is in RAM stays there, and costs no reading when it is asked for again."""
        while self._headroom():
            pass
        self.latents.clear()
        self._placement.release_host_memory()

    def evict_unused(self) -> None:
        """Lets go of all that is not in use, in both tiers."""
        for cache in (self.embeddings, self.latents, self.control_maps, self.lora_files):
            cache.clear()
        for residency in (self._controlnets, self._vaes, self._base_models):
            residency.evict()

    def status(self) -> EngineStats:
        return EngineStats(
            self._base_models.status(), self._controlnets.status(), self._vaes.status(),
            self.embeddings.status(),
            self.latents.status(), self.control_maps.status(), self.lora_files.status(),
        )  # fmt: skip


@dataclass(frozen=True)
class _CacheKey:
    """What a held model is known by: its content and precision. It reads as its name."""

    sha256: str
    dtype: torch.dtype
    name: str = field(compare=False)

    def __str__(self) -> str:
        return self.name


def _estimated_bytes(model: ModelInfo, dtype: torch.dtype) -> int:
    """Bytes in memory; files are mostly fp16, and twice that in fp32."""
    return model.size_bytes * (2 if dtype == torch.float32 else 1)


def _image_bytes(image: Image.Image | None) -> int:
    return 0 if image is None else image.width * image.height * 3


def _weights_bytes(weights: Weights) -> int:
    return sum(tensor.nbytes for tensor in weights.values())
