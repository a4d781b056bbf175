"""Models to measure with: three base models, two ControlNets and two LoRAs of one shape."""

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AutoencoderKL,
    ControlNetModel,
    StableDiffusionPipeline,
    UNet2DConditionModel,
)
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict
from safetensors.torch import load_file, save_file
from transformers import CLIPTextConfig, CLIPTextModel

from studio.engine.loading.bundled_configs import BundledConfigs
from studio.models.types import ModelInfo
from studio.settings import bundled_path

BASES = ("bench-base-0", "bench-base-1", "bench-base-2")
NETS = ("bench-net-0", "bench-net-1")
LORAS = ("bench-lora-0", "bench-lora-1")
POCKET_NETS = ("pocket-scribble", "pocket-pose")


@dataclass(frozen=True)
class Zoo:
    """Where the models lie, and the side of the pictures they are asked for."""

    name: str
    directory: Path
    image_size: int


def pocket_zoo(folder: Path) -> Zoo:
    """The shipped base model three times, a little changed so that no two are the same file."""
    models = bundled_path("assets") / "models"
    for index, name in enumerate(BASES):
        place = folder / "checkpoints" / name
        shutil.copytree(models / "checkpoints" / "pocket-ink", place)
        file = place / "unet" / "diffusion_pytorch_model.safetensors"
        weights = load_file(file)
        weights["conv_out.bias"] = weights["conv_out.bias"] + 0.001 * (index + 1)
        save_file(weights, file)
    for name, source in zip(NETS, POCKET_NETS, strict=True):
        shutil.copytree(models / "controlnets" / source, folder / "controlnets" / name)
    unet = UNet2DConditionModel.from_pretrained(models / "checkpoints" / "pocket-ink" / "unet")
    _write_loras(folder, unet)
    return Zoo("pocket", folder, 256)


def sd15_zoo(folder: Path) -> Zoo:
    """Stable Diffusion 1.5's layout at a quarter of its width, with random weights."""
    shape = _quarter("unet", block_out_channels=[80, 160, 320, 320], norm_num_groups=16)
    config = CLIPTextConfig.from_pretrained(
        _place("text_encoder"), num_hidden_layers=2, intermediate_size=768
    )
    vae_shape = _quarter("vae", block_out_channels=[32, 64, 128, 128])
    for seed, name in enumerate(BASES):
        torch.manual_seed(seed)
        unet = UNet2DConditionModel.from_config(shape)
        configurations = BundledConfigs(bundled_path("assets") / "configurations")
        pipe = StableDiffusionPipeline(
            vae=AutoencoderKL.from_config(vae_shape),
            unet=unet,
            text_encoder=CLIPTextModel(config),
            scheduler=configurations.default_scheduler(_named("sd15")),
            safety_checker=None,
            feature_extractor=None,
            requires_safety_checker=False,
            **configurations.make_tokenizers("sd15"),
        )
        pipe.to(torch.float16).save_pretrained(folder / "checkpoints" / name)
        unet.float()
    for seed, name in enumerate(NETS):
        torch.manual_seed(10 + seed)
        net = ControlNetModel.from_unet(unet)
        net.half().save_pretrained(folder / "controlnets" / name)
    _write_loras(folder, unet)
    return Zoo("SD 1.5 shape, quarter width", folder, 128)


ZOOS: Mapping[str, Callable[[Path], Zoo]] = {"pocket": pocket_zoo, "sd15": sd15_zoo}


def _place(part: str) -> Path:
    return bundled_path("assets") / "configurations" / "sd15" / part


def _quarter(part: str, **changes: Any) -> dict[str, Any]:
    shape: dict[str, Any] = json.loads((_place(part) / "config.json").read_text())
    return shape | changes


def _named(family: Any) -> ModelInfo:
    return ModelInfo("checkpoint", "bench", family, Path(), 0, "")


def _write_loras(folder: Path, unet: UNet2DConditionModel) -> None:
    """Rank 16 on every attention layer, as trainers make them by default."""
    layers = LoraConfig(
        r=16, target_modules=["to_q", "to_k", "to_v", "to_out.0"], init_lora_weights=False
    )
    for seed, name in enumerate(LORAS):
        torch.manual_seed(20 + seed)
        unet.add_adapter(layers, name)
        state = get_peft_model_state_dict(unet, adapter_name=name)
        (folder / "loras").mkdir(exist_ok=True)
        save_file(
            {f"unet.{key}": (value * 0.02).half() for key, value in state.items()},
            folder / "loras" / f"{name}.safetensors",
        )
        unet.delete_adapters(name)
