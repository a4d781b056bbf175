"""An IP-Adapter and its image encoder as modules that the memory's ledger can move."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import torch
from diffusers.loaders.unet import UNet2DConditionLoadersMixin
from safetensors.torch import load_file
from torch import nn
from transformers import CLIPVisionModelWithProjection

from studio.engine.loading.build_lock import loading_errors
from studio.engine.loading.model_loader import (
    for_inference,
    refuse_missing_weights,
    weights_variant,
)
from studio.models.types import ModelInfo

_PROJECTION, _ATTENTION = "image_proj.", "ip_adapter."


class IPAdapter(nn.Module):
    """The weights of an IP-Adapter: what makes tokens of an image's features, and a key and a value layer
    for each cross-attention of the UNet, in the order of its attention processors."""

    def __init__(
        self, image_projection: nn.Module, keys: list[nn.Linear], values: list[nn.Linear]
    ) -> None:
        super().__init__()
        self.image_projection = image_projection
        self.keys, self.values = nn.ModuleList(keys), nn.ModuleList(values)


def load_ip_adapter(model: ModelInfo, dtype: torch.dtype) -> IPAdapter:
    """Reads an IP-Adapter. Raises CorruptModelError or InsufficientMemoryError."""
    # Layers are drawn at random before they get their weights: the process notices nothing of it.
    with loading_errors(model), torch.random.fork_rng(devices=[]):
        weights = load_file(model.path)
        attention = _below(weights, _ATTENTION)
        # diffusers numbers them as the processors of the UNet; those between are of self-attention.
        numbers = sorted({int(name.partition(".")[0]) for name in attention})
        keys, values = (
            [_linear(attention[f"{number}.to_{name}_ip.weight"], dtype) for number in numbers]
            for name in "kv"
        )
        adapter = IPAdapter(_image_projection(_below(weights, _PROJECTION), dtype), keys, values)
    return for_inference(adapter, model)


def load_image_encoder(model: ModelInfo, dtype: torch.dtype) -> CLIPVisionModelWithProjection:
    """Reads an image encoder. Raises CorruptModelError or InsufficientMemoryError."""
    loader: Any = CLIPVisionModelWithProjection
    # Layers are drawn at random before they get their weights: the process notices nothing of it.
    with loading_errors(model), torch.random.fork_rng(devices=[]):
        encoder, info = loader.from_pretrained(
            model.path,
            dtype=dtype,
            use_safetensors=True,
            local_files_only=True,
            output_loading_info=True,
            **weights_variant(model.path),
        )
    # transformers would go on with random weights.
    missing = sorted(info["missing_keys"])
    refuse_missing_weights(missing, CLIPVisionModelWithProjection.__name__, model)
    return for_inference(encoder, model)


def _below(weights: Mapping[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    """Tensors of any shape whose names begin with the prefix, by the rest of their names."""
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in weights.items()
        if name.startswith(prefix)
    }


def _linear(weight: torch.Tensor, dtype: torch.dtype) -> nn.Linear:
    """A layer without bias, of a weight (out, in). Nothing is drawn at random for it."""
    layer = nn.Linear(weight.shape[1], weight.shape[0], bias=False, device="meta")
    layer.weight = nn.Parameter(weight.to(dtype), requires_grad=False)
    return layer


def _image_projection(weights: Mapping[str, torch.Tensor], dtype: torch.dtype) -> nn.Module:
    """diffusers' projection module for the weights (of any shape) of an IP-Adapter file.

    Its converter is a method of the UNet, which it asks for device and type alone.
    """
    place: Any = SimpleNamespace(device=torch.device("cpu"), dtype=dtype)
    converter: Any = UNet2DConditionLoadersMixin
    module: nn.Module = converter._convert_ip_adapter_image_proj_to_diffusers(
        place, dict(weights), low_cpu_mem_usage=True
    )
    return module
