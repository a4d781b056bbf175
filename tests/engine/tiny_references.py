"""Tiny IP-Adapters and image encoders with random weights, in the layouts that are published."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import torch
from safetensors.torch import save_file
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from studio.models.types import ModelFamily
from tests.engine import tiny

POOLED, HIDDEN = 24, 32
"""Widths of the tiny image encoder's features."""
INNER = 64
"""Width inside the resampler of a plus adapter: one attention head of it."""
AdapterKind = Literal["plain", "plus", "full-face"]


def write_ip_adapter(
    models: Path, family: ModelFamily, kind: AdapterKind, name: str, seed: int = 3
) -> Path:
    """Writes an IP-Adapter for the tiny model of a family."""
    file = models / "ip_adapters" / f"{name}.safetensors"
    file.parent.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    unet = tiny.tiny(family).unet
    width = unet.config.cross_attention_dim
    projection = {"plain": _plain, "plus": _plus, "full-face": _full_face}[kind](width)
    weights = {f"image_proj.{part}": tensor for part, tensor in projection.items()}
    torch.manual_seed(seed)
    layers = [layer for layer, _ in unet.named_modules() if layer.endswith(".attn2")]
    for index, layer in enumerate(layers):
        inner = unet.get_submodule(layer).inner_dim
        for letter in "kv":
            weights[f"ip_adapter.{2 * index + 1}.to_{letter}_ip.weight"] = _random(inner, width)
    save_file(weights, file)
    return file


def write_image_encoder(models: Path, name: str = "tiny-vit", seed: int = 4) -> Path:
    """Writes an image encoder that fits every tiny IP-Adapter."""
    torch.manual_seed(seed)
    directory = models / "image_encoders" / name
    CLIPVisionModelWithProjection(
        CLIPVisionConfig(
            hidden_size=HIDDEN,
            projection_dim=POOLED,
            intermediate_size=48,
            num_hidden_layers=3,
            num_attention_heads=4,
            image_size=32,
            patch_size=8,
        )
    ).save_pretrained(directory)
    return directory


def _plain(width: int) -> dict[str, torch.Tensor]:
    return {
        "proj.weight": _random(4 * width, POOLED),
        "proj.bias": _random(4 * width),
        "norm.weight": torch.ones(width),
        "norm.bias": torch.zeros(width),
    }


def _full_face(width: int) -> dict[str, torch.Tensor]:
    return {
        "proj.0.weight": _random(HIDDEN, HIDDEN),
        "proj.0.bias": _random(HIDDEN),
        "proj.2.weight": _random(width, HIDDEN),
        "proj.2.bias": _random(width),
        "proj.3.weight": torch.ones(width),
        "proj.3.bias": torch.zeros(width),
    }


def _plus(width: int) -> dict[str, torch.Tensor]:
    """A resampler of four layers, which is diffusers' default, and the published files'."""
    return {
        "latents": _random(1, 5, INNER),
        "proj_in.weight": _random(INNER, HIDDEN),
        "proj_in.bias": _random(INNER),
        "proj_out.weight": _random(width, INNER),
        "proj_out.bias": _random(width),
        "norm_out.weight": torch.ones(width),
        "norm_out.bias": torch.zeros(width),
        **dict(tensor for layer in range(4) for tensor in _resampler_layer(layer)),
    }


def _resampler_layer(layer: int) -> Iterator[tuple[str, torch.Tensor]]:
    attention, forward = f"layers.{layer}.0", f"layers.{layer}.1"
    for norm in (f"{attention}.norm1", f"{attention}.norm2", f"{forward}.0"):
        yield f"{norm}.weight", torch.ones(INNER)
        yield f"{norm}.bias", torch.zeros(INNER)
    yield f"{attention}.to_q.weight", _random(INNER, INNER)
    yield f"{attention}.to_kv.weight", _random(2 * INNER, INNER)
    yield f"{attention}.to_out.weight", _random(INNER, INNER)
    yield f"{forward}.1.weight", _random(4 * INNER, INNER)
    yield f"{forward}.3.weight", _random(INNER, 4 * INNER)


def _random(*shape: int) -> torch.Tensor:
    return torch.randn(shape) * 0.3
