"""All caches of the engine: models in two tiers, prompt embeddings, latents, control maps, LoRA files."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Generic, NamedTuple, TypeVar, cast

import torch
from diffusers import AutoencoderKL, ControlNetModel
from PIL import Image
from torch import nn
from transformers import CLIPVisionModelWithProjection

from studio.engine.diffusion.lora_pool import StateDict
from studio.engine.families.base import LoadedBaseModel, PromptEmbeddings
from studio.engine.graphs.backend import GraphBackend
from studio.engine.graphs.graph_cache import GraphCache
from studio.engine.loading.bundled_configs import BundledConfigs
from studio.engine.loading.model_loader import load_base_model, load_controlnet, load_vae
from studio.engine.loading.resolve import ResolvedModels
from studio.engine.memory.activation_reserve import ActivationKey
from studio.engine.memory.byte_lru_cache import ByteLRUCache
from studio.engine.memory.component import Component
from studio.engine.memory.device_ledger import DeviceLedger, LedgerEntry
from studio.engine.memory.device_transfer import DeviceTransfer
from studio.engine.memory.eviction import ComponentKind, DeviceLimits
from studio.engine.memory.job_components import JobComponents, JobDescription
from studio.engine.memory.job_memory import JobMemory, MemoryService
from studio.engine.memory.tiered_cache import CachedModel, TierCapacity, TieredModelCache
from studio.engine.references.encoding import ReferenceParts
from studio.engine.references.image_features import EncodedImage
from studio.engine.references.ip_adapter import IPAdapter, load_image_encoder, load_ip_adapter
from studio.engine.stats import EngineStats
from studio.models.types import ModelInfo
from studio.recipes.generation.recipe import MAX_REFERENCES

ModelT = TypeVar("ModelT")
ModuleT = TypeVar("ModuleT", bound=nn.Module)
LoadingCallback = Callable[[str], None]

MB = 2**20


@dataclass(frozen=True)
class CacheLimits:
    """Limits of the engine's caches. A byte limit of None leaves only the count."""

    max_device_models: int = 2
    """Base models whose denoisers are on the device."""

    max_ram_models: int = 4
    """Base models in RAM, those on the device included."""

    device_bytes: int | None = None
    """Bytes of all models on the device; None: what the device has free."""

    ram_bytes: int | None = None
    """Bytes of base models in RAM."""

    controlnets: int = 8
    """ControlNets, on the device and in RAM alike; likewise IP-Adapters, and image encoders."""

    cache_bytes: int = 256 * MB
    """Bytes of prompt embeddings, latents and control maps together."""

    lora_bytes: int = 1024 * MB
    """Bytes of LoRA files in RAM."""

    graph_bytes: int | None = None
    """Bytes of recorded steps on the device; None: an eighth of its memory."""


class LoadedModels(NamedTuple):
    """The models of a job, pinned in RAM."""

    base_model: LoadedBaseModel
    """With the job's VAE."""

    controlnets: list[ControlNetModel]

    components: JobComponents

    references: list[ReferenceParts]


@dataclass(frozen=True)
class _CacheKey:
    """Identity of a cached model: content and data type. Its text is the model's name."""

    sha256: str
    dtype: torch.dtype
    name: str = field(compare=False)

    @classmethod
    def of(cls, model: ModelInfo, dtype: torch.dtype) -> "_CacheKey":
        return cls(model.sha256, dtype, model.name)

    def __str__(self) -> str:
        return self.name


class _Request(NamedTuple, Generic[ModelT]):
    """What a `TieredModelCache` is asked for: the arguments of its `acquire` and `prefetch`."""

    key: _CacheKey
    size: int
    load: Callable[[], tuple[ModelT, tuple[LedgerEntry[Component], ...]]]


class ModelCache:
    """The engine's models and computed values.

    Not thread-safe but for `prefetch`: one lane owns it.
    """

    def __init__(
        self,
        device: torch.device,
        limits: CacheLimits,
        configs: BundledConfigs,
        torch_compile: bool = False,
        mover: DeviceTransfer | None = None,
        graph_backend: GraphBackend | None = None,
    ) -> None:
        """`torch_compile` compiles the repeated blocks of base models; `mover` moves components to
        the device and back, by default a `DeviceTransfer`; `graph_backend` records steps, None: none."""
        self._configs = configs
        self._torch_compile = torch_compile
        self._mover = mover or DeviceTransfer(device)
        self.ledger: DeviceLedger[Component] = DeviceLedger(
            self._mover,
            DeviceLimits(
                limits.device_bytes,
                {"denoiser": limits.max_device_models, "controlnet": limits.controlnets},
            ),
        )
        self._memory = MemoryService(self.ledger, self._mover, self._drop_device_caches)
        max_ram_models = max(limits.max_device_models, limits.max_ram_models)
        self._base_models: TieredModelCache[LoadedBaseModel, Component] = TieredModelCache(
            self.ledger, TierCapacity(max_ram_models, limits.ram_bytes)
        )
        self._controlnets: TieredModelCache[ControlNetModel, Component] = TieredModelCache(
            self.ledger, TierCapacity(limits.controlnets)
        )
        self._vaes: TieredModelCache[AutoencoderKL, Component] = TieredModelCache(
            self.ledger, TierCapacity(2)
        )
        self._ip_adapters: TieredModelCache[IPAdapter, Component] = TieredModelCache(
            self.ledger, TierCapacity(max(MAX_REFERENCES, limits.controlnets))
        )
        self._image_encoders: TieredModelCache[CLIPVisionModelWithProjection, Component] = (
            TieredModelCache(self.ledger, TierCapacity(max(MAX_REFERENCES, limits.controlnets)))
        )
        self.encoded_images: ByteLRUCache[EncodedImage] = ByteLRUCache(
            limits.cache_bytes // 8, lambda encoded: encoded.nbytes
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
        self.graphs = GraphCache(graph_backend, _graph_bytes(limits, device), self.ledger.lock)
        self._mover.graph_bytes = lambda: self.graphs.nbytes

    @contextmanager
    def models(
        self,
        models: ResolvedModels,
        controlnets: Sequence[ModelInfo],
        dtype: torch.dtype,
        on_loading: LoadingCallback,
    ) -> Iterator[LoadedModels]:
        """The checkpoint, the VAE, the references' models and these ControlNets of a job, pinned in RAM
        for the block.

        `on_loading` is called with the name of each that must be read from the disk, or that another
        thread is reading. Raises
        InsufficientMemoryError, MemoryError, and what `load_base_model` raises.
        """
        with ExitStack() as pins:
            request = self._base_model(models.checkpoint, dtype, on_loading)
            cached = pins.enter_context(_acquire(self._base_models, request, on_loading))
            base_model, entries = cached.model, cached.entries
            vae = next(entry for entry in entries if entry.kind == "vae")
            if models.vae is not None:
                vae_request = self._vae(models.vae, _vae_dtype(models, dtype), on_loading)
                other = pins.enter_context(_acquire(self._vaes, vae_request, on_loading))
                base_model, vae = base_model.with_vae(other.model), other.entries[0]
            requests = [self._controlnet(model, dtype, on_loading) for model in controlnets]
            cached_nets = [
                pins.enter_context(_acquire(self._controlnets, request, on_loading))
                for request in requests
            ]
            adapters, encoders = [], []
            for _, found in models.references:
                adapter = self._ip_adapter(found.adapter, dtype, on_loading)
                adapters.append(
                    pins.enter_context(_acquire(self._ip_adapters, adapter, on_loading))
                )
                encoder = self._image_encoder(found.encoder, dtype, on_loading)
                encoders.append(
                    pins.enter_context(_acquire(self._image_encoders, encoder, on_loading))
                )
            components = JobComponents(
                denoiser=entries[0],
                text_encoders=tuple(e for e in entries if e.kind == "text_encoder"),
                vae=vae,
                controlnets=tuple(net.entries[0] for net in cached_nets),
                ip_adapters=tuple(cached.entries[0] for cached in adapters),
                image_encoders=tuple(cached.entries[0] for cached in encoders),
            )
            references = [
                ReferenceParts(settings, found, adapter.model, encoder.model)
                for (settings, found), adapter, encoder in zip(
                    models.references, adapters, encoders, strict=True
                )
            ]
            yield LoadedModels(
                base_model, [net.model for net in cached_nets], components, references
            )

    def job_memory(self, name: str, models: LoadedModels, activations: ActivationKey) -> JobMemory:
        """The device memory of a job with these models; `name` is the base model's, for errors."""
        return JobMemory(self._memory, JobDescription(name, models.components, activations))

    def prefetch(self, models: ResolvedModels, dtype: torch.dtype) -> None:
        """Reads a job's checkpoint, VAE, ControlNets and references' models into RAM, where they are not
        yet.

        For another thread than the lane's. What is in use stays; the least recently used leaves.
        Raises as `models` does.
        """
        self._base_models.prefetch(*self._base_model(models.checkpoint, dtype, _do_nothing))
        if models.vae is not None:
            self._vaes.prefetch(*self._vae(models.vae, _vae_dtype(models, dtype), _do_nothing))
        for _, controlnet in models.controlnets:
            self._controlnets.prefetch(*self._controlnet(controlnet, dtype, _do_nothing))
        for _, found in models.references:
            self._ip_adapters.prefetch(*self._ip_adapter(found.adapter, dtype, _do_nothing))
            self._image_encoders.prefetch(*self._image_encoder(found.encoder, dtype, _do_nothing))

    def _base_model(
        self, model: ModelInfo, dtype: torch.dtype, on_loading: LoadingCallback
    ) -> _Request[LoadedBaseModel]:
        def load() -> tuple[LoadedBaseModel, tuple[LedgerEntry[Component], ...]]:
            on_loading(model.name)
            base_model = load_base_model(model, dtype, self._configs)
            if self._torch_compile:
                base_model.denoiser.compile_repeated_blocks()
            return self._with_shared_components(base_model)

        return _Request(_CacheKey.of(model, dtype), _estimated_bytes(model, dtype), load)

    def _with_shared_components(
        self, base_model: LoadedBaseModel
    ) -> tuple[LoadedBaseModel, tuple[LedgerEntry[Component], ...]]:
        """The base model with those of its components that are in RAM already, and all entries."""
        modules = {
            name: module
            for name, module in base_model.components.items()
            if isinstance(module, nn.Module)
        }
        # The denoiser first: `CachedModel.entries` has the main component there.
        names = sorted(modules, key=lambda name: modules[name] is not base_model.denoiser)
        entries: dict[str, LedgerEntry[Component]] = {}
        with ExitStack() as on_error:
            for name in names:
                entries[name] = self._intern(modules[name], _kind_of(name))
                on_error.callback(self.ledger.release, entries[name])
            on_error.pop_all()
        shared = {name: entry.component.module for name, entry in entries.items()}
        components = {**base_model.components, **shared}
        return replace(base_model, components=components), tuple(entries.values())

    def _vae(
        self, model: ModelInfo, dtype: torch.dtype, on_loading: LoadingCallback
    ) -> _Request[AutoencoderKL]:
        def load() -> tuple[AutoencoderKL, tuple[LedgerEntry[Component], ...]]:
            on_loading(model.name)
            return self._shared(load_vae(model, dtype, self._configs), "vae")

        return _Request(_CacheKey.of(model, dtype), _estimated_bytes(model, dtype), load)

    def _controlnet(
        self, model: ModelInfo, dtype: torch.dtype, on_loading: LoadingCallback
    ) -> _Request[ControlNetModel]:
        def load() -> tuple[ControlNetModel, tuple[LedgerEntry[Component], ...]]:
            on_loading(model.name)
            return self._shared(load_controlnet(model, dtype, self._configs), "controlnet")

        return _Request(_CacheKey.of(model, dtype), _estimated_bytes(model, dtype), load)

    def _ip_adapter(
        self, model: ModelInfo, dtype: torch.dtype, on_loading: LoadingCallback
    ) -> _Request[IPAdapter]:
        def load() -> tuple[IPAdapter, tuple[LedgerEntry[Component], ...]]:
            on_loading(model.name)
            return self._shared(load_ip_adapter(model, dtype), "ip_adapter")

        return _Request(_CacheKey.of(model, dtype), _estimated_bytes(model, dtype), load)

    def _image_encoder(
        self, model: ModelInfo, dtype: torch.dtype, on_loading: LoadingCallback
    ) -> _Request[CLIPVisionModelWithProjection]:
        def load() -> tuple[CLIPVisionModelWithProjection, tuple[LedgerEntry[Component], ...]]:
            on_loading(model.name)
            return self._shared(load_image_encoder(model, dtype), "image_encoder")

        return _Request(_CacheKey.of(model, dtype), _estimated_bytes(model, dtype), load)

    def _shared(
        self, module: ModuleT, kind: ComponentKind
    ) -> tuple[ModuleT, tuple[LedgerEntry[Component], ...]]:
        """The module, or an equal one that is in RAM already, and its entry."""
        entry = self._intern(module, kind)
        return cast(ModuleT, entry.component.module), (entry,)

    def _intern(self, module: nn.Module, kind: ComponentKind) -> LedgerEntry[Component]:
        """The component's entry, with its RAM copy. Raises MemoryError."""
        component = Component(module)
        entry = self.ledger.intern(component, kind, Component.equals)
        with ExitStack() as on_error:
            on_error.callback(self.ledger.release, entry)
            if entry.component is component:
                self._mover.prepare(component)
                self.ledger.resize(entry)
            on_error.pop_all()
        return entry

    def _drop_device_caches(self) -> None:
        """Drops the latents and the recorded steps, to retry after out of memory."""
        self.graphs.clear()
        self.latents.clear()
        self._mover.release_host_memory()

    def evict_unused(self) -> None:
        """Evicts every unpinned model from both tiers, clears the other caches, and forgets which
        batches were too large."""
        for cache in (
            *(self.embeddings, self.latents, self.control_maps, self.lora_files),
            self.encoded_images,
        ):
            cache.clear()
        self.graphs.clear()
        self._memory.max_batch.clear()
        for models in (
            *(self._controlnets, self._vaes, self._base_models),
            *(self._ip_adapters, self._image_encoders),
        ):
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
            ip_adapters=self._ip_adapters.status(),
            image_encoders=self._image_encoders.status(),
            encoded_images=self.encoded_images.status(),
            oom_steps=dict(self._memory.steps),
            graph_captures=self.graphs.captures,
            graph_hits=self.graphs.hits,
            graph_fallbacks=self.graphs.fallbacks,
            graph_bytes=self.graphs.nbytes,
        )


def _acquire(
    cache: TieredModelCache[ModelT, Component],
    request: _Request[ModelT],
    on_loading: LoadingCallback,
) -> AbstractContextManager[CachedModel[ModelT, Component]]:
    """The cache's `acquire`; `on_loading` is told of a model that a prefetch has on its way."""
    if cache.is_loading(request.key):
        on_loading(str(request.key))
    return cache.acquire(*request)


def _kind_of(name: str) -> ComponentKind:
    """Of a base model's component, by diffusers' name."""
    if name in ("unet", "transformer"):
        return "denoiser"
    return "vae" if name == "vae" else "text_encoder"


def _vae_dtype(models: ResolvedModels, dtype: torch.dtype) -> torch.dtype:
    """Of a VAE that a job brings."""
    return torch.float32 if models.upcast_vae else dtype


def _do_nothing(_name: str) -> None:
    """Tells nobody that a model is loaded ahead."""


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
