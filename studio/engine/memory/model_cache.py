"""All caches of the engine: models in two tiers, LoRA files, and what was computed: embeddings, latents, images."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import NamedTuple, TypeVar

import torch
from diffusers import AutoencoderKL, ControlNetModel
from PIL import Image
from transformers import CLIPVisionModelWithProjection

from studio.engine.diffusion.lora_pool import StateDict
from studio.engine.families.base import LoadedBaseModel, PromptEmbeddings
from studio.engine.graphs.backend import GraphBackend
from studio.engine.graphs.graph_cache import GraphCache
from studio.engine.job_images import JobImageCache
from studio.engine.loading.bundled_configs import BundledConfigs
from studio.engine.loading.resolve import ResolvedModels
from studio.engine.memory.activation_reserve import ActivationKey
from studio.engine.memory.byte_lru_cache import ByteLRUCache
from studio.engine.memory.cache_limits import CacheLimits
from studio.engine.memory.component import Component
from studio.engine.memory.component_store import ComponentStore
from studio.engine.memory.device_ledger import DeviceLedger
from studio.engine.memory.device_transfer import DeviceTransfer
from studio.engine.memory.eviction import DeviceLimits
from studio.engine.memory.job_components import JobComponents, JobDescription
from studio.engine.memory.job_memory import JobMemory
from studio.engine.memory.memory_service import MemoryService
from studio.engine.memory.model_requests import (
    CacheKey,
    LoadingCallback,
    ModelRequest,
    ModelRequests,
)
from studio.engine.memory.tiered_cache import CachedModel, TierCapacity, TieredModelCache
from studio.engine.references.encoding import ReferenceParts
from studio.engine.references.image_features import EncodedImage
from studio.engine.references.ip_adapter import IPAdapter
from studio.engine.stats import EngineStats
from studio.models.image_encoders import ReferenceModels
from studio.models.types import ModelInfo
from studio.recipes.generation.recipe import MAX_REFERENCES

ModelT = TypeVar("ModelT")


class LoadedModels(NamedTuple):
    """The models of a job, pinned in RAM."""

    base_model: LoadedBaseModel
    """With the job's VAE."""

    controlnets: list[ControlNetModel]

    components: JobComponents

    references: list[ReferenceParts]


class _CachedReference(NamedTuple):
    """The models of one reference, in RAM."""

    adapter: CachedModel[IPAdapter, Component]
    encoder: CachedModel[CLIPVisionModelWithProjection, Component]


class ModelCache:
    """The engine's models and computed values.

    Not thread-safe but for `prefetch`, `find` and the caches of values: one lane owns it.
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
        self._mover = mover or DeviceTransfer(device)
        self.ledger: DeviceLedger[Component] = DeviceLedger(
            self._mover,
            DeviceLimits(
                limits.device_bytes,
                {
                    "denoiser": limits.max_device_models,
                    "controlnet": limits.controlnets,
                    "ip_adapter": max(MAX_REFERENCES, limits.controlnets),
                    "image_encoder": max(MAX_REFERENCES, limits.controlnets),
                },
            ),
        )
        self.memory = MemoryService(self.ledger, self._mover, self._drop_device_caches)
        store = ComponentStore(self.ledger, self._mover)
        self._requests = ModelRequests(configs, store, torch_compile)
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
        self.job_images = JobImageCache()
        self.lora_files: ByteLRUCache[StateDict] = ByteLRUCache(
            limits.lora_bytes, _state_dict_bytes
        )
        self.graphs = GraphCache(graph_backend, limits.graph_bytes_on(device), self.ledger.lock)
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
            request = self._requests.base_model(models.checkpoint, dtype, on_loading)
            base_model = pins.enter_context(_acquire(self._base_models, request, on_loading))
            vae = None
            if models.vae is not None:
                vae_request = self._requests.vae(models.vae, _vae_dtype(models, dtype), on_loading)
                vae = pins.enter_context(_acquire(self._vaes, vae_request, on_loading))
            requests = [
                self._requests.controlnet(model, dtype, on_loading) for model in controlnets
            ]
            cached_nets = [
                pins.enter_context(_acquire(self._controlnets, request, on_loading))
                for request in requests
            ]
            references = [
                self._acquire_reference(found, dtype, on_loading, pins)
                for _, found in models.references
            ]
            yield _put_together(models, base_model, vae, cached_nets, references)

    def _acquire_reference(
        self,
        models: ReferenceModels,
        dtype: torch.dtype,
        on_loading: LoadingCallback,
        pins: ExitStack,
    ) -> _CachedReference:
        adapter = self._requests.ip_adapter(models.adapter, dtype, on_loading)
        encoder = self._requests.image_encoder(models.encoder, dtype, on_loading)
        return _CachedReference(
            pins.enter_context(_acquire(self._ip_adapters, adapter, on_loading)),
            pins.enter_context(_acquire(self._image_encoders, encoder, on_loading)),
        )

    def find(
        self, models: ResolvedModels, controlnets: Sequence[ModelInfo], dtype: torch.dtype
    ) -> LoadedModels | None:
        """What `models` gives, if all of it is in RAM, where it stays while the caller holds the
        ledger's lock; for another thread than the lane's."""
        base_model = self._base_models.find(CacheKey.of(models.checkpoint, dtype))
        vae = None
        if models.vae is not None:
            vae = self._vaes.find(CacheKey.of(models.vae, _vae_dtype(models, dtype)))
        found = [self._controlnets.find(CacheKey.of(model, dtype)) for model in controlnets]
        cached_nets = [net for net in found if net is not None]
        is_complete = (vae is None) == (models.vae is None) and len(cached_nets) == len(found)
        references = [self._find_reference(found, dtype) for _, found in models.references]
        cached_references = [reference for reference in references if reference is not None]
        if len(cached_references) < len(references) or base_model is None or not is_complete:
            return None
        return _put_together(models, base_model, vae, cached_nets, cached_references)

    def _find_reference(
        self, models: ReferenceModels, dtype: torch.dtype
    ) -> _CachedReference | None:
        adapter = self._ip_adapters.find(CacheKey.of(models.adapter, dtype))
        encoder = self._image_encoders.find(CacheKey.of(models.encoder, dtype))
        return _CachedReference(adapter, encoder) if adapter and encoder else None

    def job_memory(self, name: str, models: LoadedModels, activations: ActivationKey) -> JobMemory:
        """The device memory of a job with these models; `name` is the base model's, for errors."""
        return JobMemory(self.memory, JobDescription(name, models.components, activations))

    def prefetch(self, models: ResolvedModels, dtype: torch.dtype) -> None:
        """Reads a job's checkpoint, VAE, ControlNets and references' models into RAM, where they are not
        yet.

        For another thread than the lane's. What is in use stays; the least recently used leaves.
        Raises as `models` does.
        """
        requests = self._requests
        self._base_models.prefetch(*requests.base_model(models.checkpoint, dtype, _do_nothing))
        if models.vae is not None:
            self._vaes.prefetch(*requests.vae(models.vae, _vae_dtype(models, dtype), _do_nothing))
        for _, controlnet in models.controlnets:
            self._controlnets.prefetch(*requests.controlnet(controlnet, dtype, _do_nothing))
        for _, found in models.references:
            self._ip_adapters.prefetch(*requests.ip_adapter(found.adapter, dtype, _do_nothing))
            encoder = requests.image_encoder(found.encoder, dtype, _do_nothing)
            self._image_encoders.prefetch(*encoder)

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
        self.job_images.clear()
        self.graphs.clear()
        self.memory.max_batch.clear()
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
            oom_steps=dict(self.memory.steps),
            graph_captures=self.graphs.captures,
            graph_hits=self.graphs.hits,
            graph_fallbacks=self.graphs.fallbacks,
            graph_bytes=self.graphs.nbytes,
        )


def _put_together(
    models: ResolvedModels,
    base_model: CachedModel[LoadedBaseModel, Component],
    vae: CachedModel[AutoencoderKL, Component] | None,
    controlnets: Sequence[CachedModel[ControlNetModel, Component]],
    references: Sequence[_CachedReference],
) -> LoadedModels:
    """The models of a job; `vae` is None where it is the base model's own."""
    entries = base_model.entries
    own_vae = next(entry for entry in entries if entry.kind == "vae")
    components = JobComponents(
        denoiser=entries[0],
        text_encoders=tuple(e for e in entries if e.kind == "text_encoder"),
        vae=own_vae if vae is None else vae.entries[0],
        controlnets=tuple(net.entries[0] for net in controlnets),
        ip_adapters=tuple(adapter.entries[0] for adapter, _ in references),
        image_encoders=tuple(encoder.entries[0] for _, encoder in references),
    )
    parts = [
        ReferenceParts(settings, found, adapter.model, encoder.model)
        for (settings, found), (adapter, encoder) in zip(models.references, references, strict=True)
    ]
    model = base_model.model if vae is None else base_model.model.with_vae(vae.model)
    return LoadedModels(model, [net.model for net in controlnets], components, parts)


def _acquire(
    cache: TieredModelCache[ModelT, Component],
    request: ModelRequest[ModelT],
    on_loading: LoadingCallback,
) -> AbstractContextManager[CachedModel[ModelT, Component]]:
    """The cache's `acquire`; `on_loading` is told of a model that a prefetch has on its way."""
    if cache.is_loading(request.key):
        on_loading(str(request.key))
    return cache.acquire(*request)


def _vae_dtype(models: ResolvedModels, dtype: torch.dtype) -> torch.dtype:
    """Of a VAE that a job brings."""
    return torch.float32 if models.upcast_vae else dtype


def _do_nothing(_name: str) -> None:
    """Tells nobody that a model is loaded ahead."""


def _image_bytes(image: Image.Image | None) -> int:
    return 0 if image is None else image.width * image.height * 3


def _state_dict_bytes(state_dict: StateDict) -> int:
    """Of tensors of any shape."""
    return sum(tensor.nbytes for tensor in state_dict.values())
