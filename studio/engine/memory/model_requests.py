"""What a `TieredModelCache` is asked for: a model's identity, its size, and how it is read into RAM."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeVar

import torch
from diffusers import AutoencoderKL, ControlNetModel
from transformers import CLIPVisionModelWithProjection

from studio.engine.families.base import LoadedBaseModel
from studio.engine.loading.bundled_configs import BundledConfigs
from studio.engine.loading.model_loader import load_base_model, load_controlnet, load_vae
from studio.engine.memory.component_store import ComponentStore, Entries
from studio.engine.references.ip_adapter import IPAdapter, load_image_encoder, load_ip_adapter
from studio.models.types import ModelInfo

ModelT = TypeVar("ModelT")
LoadingCallback = Callable[[str], None]
"""Called with a model's name when it must be read from the disk."""


@dataclass(frozen=True)
class CacheKey:
    """Identity of a cached model: content and data type. Its text is the model's name."""

    sha256: str
    dtype: torch.dtype
    name: str = field(compare=False)

    @classmethod
    def of(cls, model: ModelInfo, dtype: torch.dtype) -> "CacheKey":
        return cls(model.sha256, dtype, model.name)

    def __str__(self) -> str:
        return self.name


class ModelRequest(NamedTuple, Generic[ModelT]):
    """The arguments of a `TieredModelCache`'s `acquire` and `prefetch`."""

    key: CacheKey
    size: int
    """Estimated bytes in memory."""

    load: Callable[[], tuple[ModelT, Entries]]
    """Raises what `model_loader` raises, and MemoryError."""


class ModelRequests:
    """Makes the requests for models; what they load goes into the component store."""

    def __init__(self, configs: BundledConfigs, store: ComponentStore, torch_compile: bool) -> None:
        """`torch_compile` compiles the repeated blocks of base models."""
        self._configs, self._store, self._torch_compile = configs, store, torch_compile

    def base_model(
        self, model: ModelInfo, dtype: torch.dtype, on_loading: LoadingCallback
    ) -> ModelRequest[LoadedBaseModel]:
        """With all its components."""

        def load() -> tuple[LoadedBaseModel, Entries]:
            on_loading(model.name)
            base_model = load_base_model(model, dtype, self._configs)
            if self._torch_compile:
                base_model.denoiser.compile_repeated_blocks()
            return self._store.add_base_model(base_model)

        return _request(model, dtype, load)

    def vae(
        self, model: ModelInfo, dtype: torch.dtype, on_loading: LoadingCallback
    ) -> ModelRequest[AutoencoderKL]:
        """A VAE that a recipe names besides its base model."""

        def load() -> tuple[AutoencoderKL, Entries]:
            on_loading(model.name)
            return self._store.add(load_vae(model, dtype, self._configs), "vae")

        return _request(model, dtype, load)

    def controlnet(
        self, model: ModelInfo, dtype: torch.dtype, on_loading: LoadingCallback
    ) -> ModelRequest[ControlNetModel]:
        """A ControlNet."""

        def load() -> tuple[ControlNetModel, Entries]:
            on_loading(model.name)
            return self._store.add(load_controlnet(model, dtype, self._configs), "controlnet")

        return _request(model, dtype, load)

    def ip_adapter(
        self, model: ModelInfo, dtype: torch.dtype, on_loading: LoadingCallback
    ) -> ModelRequest[IPAdapter]:
        """The IP-Adapter of a reference."""

        def load() -> tuple[IPAdapter, Entries]:
            on_loading(model.name)
            return self._store.add(load_ip_adapter(model, dtype), "ip_adapter")

        return _request(model, dtype, load)

    def image_encoder(
        self, model: ModelInfo, dtype: torch.dtype, on_loading: LoadingCallback
    ) -> ModelRequest[CLIPVisionModelWithProjection]:
        """The image encoder of a reference."""

        def load() -> tuple[CLIPVisionModelWithProjection, Entries]:
            on_loading(model.name)
            return self._store.add(load_image_encoder(model, dtype), "image_encoder")

        return _request(model, dtype, load)


def _request(
    model: ModelInfo, dtype: torch.dtype, load: Callable[[], tuple[ModelT, Entries]]
) -> ModelRequest[ModelT]:
    # Files are mostly fp16, and twice as large in fp32.
    size = model.size_bytes * (2 if dtype == torch.float32 else 1)
    return ModelRequest(CacheKey.of(model, dtype), size, load)
