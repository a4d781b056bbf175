"""All caches of the engine: models in two tiers, prompt embeddings, latents, control maps, LoRA files."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any, TypeVar

import torch
from diffusers import AutoencoderKL, ControlNetModel
from PIL import Image

from studio.engine.diffusion.lora_pool import StateDict
from studio.engine.families.base import LoadedBaseModel, PromptEmbeddings
from studio.engine.graphs.backend import GraphBackend
from studio.engine.graphs.graph_cache import GraphCache
from studio.engine.loading.bundled_configs import BundledConfigs
from studio.engine.loading.model_loader import load_base_model, load_controlnet, load_vae
from studio.engine.memory.byte_lru_cache import ByteLRUCache
from studio.engine.memory.device_transfer import DeviceTransfer, HasModules, SingleModule
from studio.engine.memory.tiered_cache import (
    ModelMover,
    TierCapacity,
    TieredModelCache,
    offload_least_recently_used,
)
from studio.engine.stats import EngineStats
from studio.models.types import ModelInfo

ModuleT = TypeVar("ModuleT", bound=torch.nn.Module)
LoadingCallback = Callable[[str], None]
ModuleLoader = Callable[[ModelInfo, torch.dtype, BundledConfigs], ModuleT]

MB = 2**20


@dataclass(frozen=True)
class CacheLimits:
    """Limits of the engine's caches. A byte limit of None leaves only the count."""

    max_device_models: int = 2
    """Base models on the device."""

    max_ram_models: int = 4
    """Base models in RAM, those on the device included."""

    device_bytes: int | None = None
    """Bytes of base models on the device."""

    ram_bytes: int | None = None
    """Bytes of base models in RAM."""

    controlnets: int = 8
    """ControlNets, on the device and in RAM alike."""

    cache_bytes: int = 256 * MB
    """Bytes of prompt embeddings, latents and control maps together."""

    lora_bytes: int = 1024 * MB
    """Bytes of LoRA files in RAM."""

    graph_bytes: int | None = None
    """Bytes of recorded steps on the device; None: an eighth of its memory."""


class ModelCache:
    """The engine's models and computed values. Not thread-safe: one lane owns it."""

    def __init__(
        self,
        device: torch.device,
        limits: CacheLimits,
        configs: BundledConfigs,
        torch_compile: bool = False,
        mover: ModelMover[HasModules] | None = None,
        graph_backend: GraphBackend | None = None,
    ) -> None:
        """`torch_compile` compiles the repeated blocks of base models; `mover` moves models to the
        device and back, by default a `DeviceTransfer`; `graph_backend` records steps, None: none."""
        self._configs = configs
        self._torch_compile = torch_compile
        self._mover = mover or DeviceTransfer(device)
        shared: dict[str, Any] = {"use_counter": count(), "offload_one": self._offload_one}
        self._base_models: TieredModelCache[LoadedBaseModel] = TieredModelCache(
            self._mover,
            TierCapacity(limits.max_device_models, limits.device_bytes),
            TierCapacity(max(limits.max_device_models, limits.max_ram_models), limits.ram_bytes),
            **shared,
        )
        capacity = TierCapacity(limits.controlnets)
        self._controlnets: TieredModelCache[SingleModule[ControlNetModel]] = TieredModelCache(
            self._mover, capacity, capacity, **shared
        )
        self._vaes: TieredModelCache[SingleModule[AutoencoderKL]] = TieredModelCache(
            self._mover, TierCapacity(2), TierCapacity(2), **shared
        )
        third = limits.cache_bytes // 3
        self.embeddings: ByteLRUCache[PromptEmbeddings] = ByteLRUCache(
            third, lambda embeddings: embeddings.nbytes
        )
        self.latents: ByteLRUCache[torch.Tensor] = ByteLRUCache(third, lambda tensor: tensor.nbytes)
        self.control_maps: ByteLRUCache[Image.Image | None] = ByteLRUCache(third, _image_bytes)
        self.lora_files: ByteLRUCache[StateDict] = ByteLRUCache(
            limits.lora_bytes, _state_dict_bytes
        )
        self.graphs = GraphCache(graph_backend, _graph_bytes(limits, device))

    @contextmanager
    def base_model(
        self, model: ModelInfo, dtype: torch.dtype, on_loading: LoadingCallback
    ) -> Iterator[LoadedBaseModel]:
        """The base model, pinned on the device for the block.

        `on_loading` is called with its name when it must be read from the disk. Raises
        InsufficientMemoryError, and what `load_base_model` raises.
        """

        def load() -> LoadedBaseModel:
            on_loading(model.name)
            base_model = load_base_model(model, dtype, self._configs)
            if self._torch_compile:
                base_model.denoiser.compile_repeated_blocks()
            return base_model

        with self._base_models.acquire(
            _CacheKey(model.sha256, dtype, model.name), _estimated_bytes(model, dtype), load
        ) as base_model:
            yield base_model

    @contextmanager
    def vae(
        self, model: ModelInfo, dtype: torch.dtype, on_loading: LoadingCallback
    ) -> Iterator[AutoencoderKL]:
        """The VAE, pinned on the device for the block; otherwise as `base_model`."""
        with self._acquire_module(self._vaes, load_vae, model, dtype, on_loading) as vae:
            yield vae

    @contextmanager
    def controlnets(
        self, models: Sequence[ModelInfo], dtype: torch.dtype, on_loading: LoadingCallback
    ) -> Iterator[list[ControlNetModel]]:
        """The ControlNets, all pinned on the device for the block; otherwise as `base_model`."""
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
        cache: TieredModelCache[SingleModule[ModuleT]],
        loader: ModuleLoader[ModuleT],
        model: ModelInfo,
        dtype: torch.dtype,
        on_loading: LoadingCallback,
    ) -> Iterator[ModuleT]:
        def load() -> SingleModule[ModuleT]:
            on_loading(model.name)
            return SingleModule(loader(model, dtype, self._configs))

        with cache.acquire(
            _CacheKey(model.sha256, dtype, model.name), _estimated_bytes(model, dtype), load
        ) as single:
            yield single.module

    def _offload_one(self) -> bool:
        return offload_least_recently_used((self._base_models, self._controlnets, self._vaes))

    def clear_device(self) -> None:
        """Offloads every unpinned model, drops latents and graphs, to retry after out of memory.

        Models stay in RAM, so that using them again reads nothing from the disk.
        """
        self.graphs.clear()
        while self._offload_one():
            pass
        self.latents.clear()
        self._mover.release_host_memory()

    def evict_unused(self) -> None:
        """Evicts every unpinned model from both tiers and clears the other caches."""
        for cache in (self.embeddings, self.latents, self.control_maps, self.lora_files):
            cache.clear()
        self.graphs.clear()
        for models in (self._controlnets, self._vaes, self._base_models):
            models.evict()

    def status(self) -> EngineStats:
        """Contents, hits and misses of every cache."""
        return EngineStats(
            base_models=self._base_models.status(),
            controlnets=self._controlnets.status(),
            vaes=self._vaes.status(),
            embeddings=self.embeddings.status(),
            latents=self.latents.status(),
            control_maps=self.control_maps.status(),
            lora_files=self.lora_files.status(),
            graph_captures=self.graphs.captures,
            graph_hits=self.graphs.hits,
            graph_fallbacks=self.graphs.fallbacks,
            graph_bytes=self.graphs.nbytes,
        )


@dataclass(frozen=True)
class _CacheKey:
    """Identity of a cached model: content and data type. Its text is the model's name."""

    sha256: str
    dtype: torch.dtype
    name: str = field(compare=False)

    def __str__(self) -> str:
        return self.name


def _estimated_bytes(model: ModelInfo, dtype: torch.dtype) -> int:
    """Bytes in memory: files are mostly fp16, and twice as large in fp32."""
    return model.size_bytes * (2 if dtype == torch.float32 else 1)


def _graph_bytes(limits: CacheLimits, device: torch.device) -> int:
    if limits.graph_bytes is not None or device.type != "cuda":
        return limits.graph_bytes or 0
    return torch.cuda.get_device_properties(device).total_memory // 8


def _image_bytes(image: Image.Image | None) -> int:
    return 0 if image is None else image.width * image.height * 3


def _state_dict_bytes(state_dict: StateDict) -> int:
    """Of tensors of any shape."""
    return sum(tensor.nbytes for tensor in state_dict.values())
