"""Models to measure with: three base models, two ControlNets and two LoRAs of one architecture."""

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

BASE_MODELS = ("bench-base-0", "bench-base-1", "bench-base-2")
CONTROLNETS = ("bench-net-0", "bench-net-1")
LORAS = ("bench-lora-0", "bench-lora-1")
POCKET_CONTROLNETS = ("pocket-scribble", "pocket-pose")


@dataclass(frozen=True)
class ModelZoo:
    """A models directory, and the width and height in pixels of the images it is measured with."""

    name: str
    directory: Path
    image_size: int


def pocket_zoo(directory: Path) -> ModelZoo:
    """The bundled base model three times, each with a changed bias so that no two files are
    equal."""
    models = bundled_path("assets") / "models"
    source = models / "checkpoints" / "pocket-ink"
    for index, name in enumerate(BASE_MODELS):
        target = directory / "checkpoints" / name
        shutil.copytree(source, target)
        file = target / "unet" / "diffusion_pytorch_model.safetensors"
        weights = load_file(file)
        weights["conv_out.bias"] = weights["conv_out.bias"] + 0.001 * (index + 1)
        save_file(weights, file)
    for name, pocket_name in zip(CONTROLNETS, POCKET_CONTROLNETS, strict=True):
        shutil.copytree(models / "controlnets" / pocket_name, directory / "controlnets" / name)
    _write_loras(directory, UNet2DConditionModel.from_pretrained(source / "unet"))
    return ModelZoo("pocket", directory, 256)


def sd15_zoo(directory: Path) -> ModelZoo:
    """Stable Diffusion 1.5's architecture at a quarter of its width, with random weights."""
    config = _quarter("unet", block_out_channels=[80, 160, 320, 320], norm_num_groups=16)
    for seed, name in enumerate(BASE_MODELS):
        torch.manual_seed(seed)
        unet = UNet2DConditionModel.from_config(config)
        pipe = _sd15_pipeline(unet)
        pipe.to(torch.float16).save_pretrained(directory / "checkpoints" / name)
        unet.float()
    for seed, name in enumerate(CONTROLNETS):
        torch.manual_seed(10 + seed)
        controlnet = ControlNetModel.from_unet(unet)
        controlnet.half().save_pretrained(directory / "controlnets" / name)
    _write_loras(directory, unet)
    return ModelZoo("SD 1.5 shape, quarter width", directory, 128)


ZOOS: Mapping[str, Callable[[Path], ModelZoo]] = {"pocket": pocket_zoo, "sd15": sd15_zoo}


def _sd15_pipeline(unet: UNet2DConditionModel) -> StableDiffusionPipeline:
    text_config = CLIPTextConfig.from_pretrained(
        _config_dir("text_encoder"), num_hidden_layers=2, intermediate_size=768
    )
    vae_config = _quarter("vae", block_out_channels=[32, 64, 128, 128])
    configs = BundledConfigs(bundled_path("assets") / "configurations")
    family: Any = "sd15"
    return StableDiffusionPipeline(
        vae=AutoencoderKL.from_config(vae_config),
        unet=unet,
        text_encoder=CLIPTextModel(text_config),
        scheduler=configs.default_scheduler(
            ModelInfo("checkpoint", "bench", family, Path(), 0, "")
        ),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
        **configs.make_tokenizers("sd15"),
    )


def _config_dir(component: str) -> Path:
    return bundled_path("assets") / "configurations" / "sd15" / component


def _quarter(component: str, **changes: Any) -> dict[str, Any]:
    config: dict[str, Any] = json.loads((_config_dir(component) / "config.json").read_text())
    return config | changes


def _write_loras(directory: Path, unet: UNet2DConditionModel) -> None:
    """Rank 16 on every attention layer, the default of trainers."""
    config = LoraConfig(
        r=16, target_modules=["to_q", "to_k", "to_v", "to_out.0"], init_lora_weights=False
    )
    for seed, name in enumerate(LORAS):
        torch.manual_seed(20 + seed)
        unet.add_adapter(config, name)
        state = get_peft_model_state_dict(unet, adapter_name=name)
        (directory / "loras").mkdir(exist_ok=True)
        save_file(
            {f"unet.{key}": (value * 0.02).half() for key, value in state.items()},
            directory / "loras" / f"{name}.safetensors",
        )
        unet.delete_adapters(name)
