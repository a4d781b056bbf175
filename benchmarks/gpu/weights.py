"""Random weights of the real architectures, drawn on the device and written as diffusers' folders."""

import json
from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AutoencoderKL,
    ControlNetModel,
    DiffusionPipeline,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from benchmarks.gpu.cases import Case
from studio.engine.loading.bundled_configs import BundledConfigs
from studio.models.types import ModelInfo
from studio.settings import bundled_path

CONFIGS = bundled_path("assets") / "configurations"
TINY_UNET = {
    "block_out_channels": [16, 16, 32, 32],
    "norm_num_groups": 8,
    "layers_per_block": 1,
    "attention_head_dim": 4,
    "cross_attention_dim": 80,
}
TINY_XL_UNET = TINY_UNET | {
    "block_out_channels": [16, 16, 32],
    "transformer_layers_per_block": [1, 1, 1],
    "addition_time_embed_dim": 8,
    "projection_class_embeddings_input_dim": 6 * 8 + 48,
}
TINY_VAE = {"block_out_channels": [8, 8, 16, 16], "norm_num_groups": 8, "layers_per_block": 1}
TINY_TEXT_WIDTHS = {"sd15": (80,), "sdxl": (32, 48)}
CONTROL_STD = 0.02
"""Of the convolutions at a ControlNet's end, which a new one has at 0."""


def base_model_name(case: Case, index: int) -> str:
    return f"{case.name}-base-{index}"


def controlnet_name(case: Case, index: int) -> str:
    return f"{case.name}-control-{index}"


def write_models(case: Case, directory: Path, device: torch.device, tiny: bool) -> None:
    """Writes the case's base models and ControlNets in fp16 below `directory`.

    `tiny` makes them some hundred kilobytes each, in fp32.
    """
    dtype = torch.float32 if tiny else torch.float16
    pipe: DiffusionPipeline | None = None
    for index in range(case.base_models):
        torch.manual_seed(index)
        pipe = _base_model(case, device, tiny).to(dtype)
        pipe.save_pretrained(directory / "checkpoints" / base_model_name(case, index))
    assert pipe is not None
    for index in range(case.controlnets):
        torch.manual_seed(10 + index)
        controlnet = ControlNetModel.from_unet(pipe.unet).to(device, dtype)
        for name, weight in controlnet.named_parameters():
            if "controlnet_" in name:
                torch.nn.init.normal_(weight, std=CONTROL_STD)
        controlnet.save_pretrained(directory / "controlnets" / controlnet_name(case, index))


def _base_model(case: Case, device: torch.device, tiny: bool) -> DiffusionPipeline:
    configs = BundledConfigs(CONFIGS)
    unet_changes = (TINY_XL_UNET if case.name == "sdxl" else TINY_UNET) if tiny else {}
    with torch.device(device):
        unet = UNet2DConditionModel.from_config(_config(case, "unet") | unet_changes)
        vae = AutoencoderKL.from_config(_config(case, "vae") | (TINY_VAE if tiny else {}))
        text_encoders = _text_encoders(case, tiny)
    common: dict[str, Any] = {
        "unet": unet,
        "vae": vae,
        "scheduler": configs.default_scheduler(
            ModelInfo("checkpoint", "bench", case.name, Path(), 0, "")
        ),
        **configs.make_tokenizers(case.name),
        **text_encoders,
    }
    if case.name == "sdxl":
        return StableDiffusionXLPipeline(**common)
    return StableDiffusionPipeline(
        **common, safety_checker=None, feature_extractor=None, requires_safety_checker=False
    )


def _text_encoders(case: Case, tiny: bool) -> dict[str, torch.nn.Module]:
    encoders: dict[str, torch.nn.Module] = {}
    classes = (CLIPTextModel, CLIPTextModelWithProjection)
    for place, width in enumerate(TINY_TEXT_WIDTHS[case.name]):
        name = "text_encoder" if place == 0 else "text_encoder_2"
        config = CLIPTextConfig.from_pretrained(CONFIGS / case.name / name)
        if tiny:
            sizes = {"hidden_size": width, "intermediate_size": width, "projection_dim": width}
            config = CLIPTextConfig.from_dict(
                config.to_dict() | sizes | {"num_hidden_layers": 2, "num_attention_heads": 4}
            )
        encoders[name] = classes[place](config)
    return encoders


def _config(case: Case, component: str) -> dict[str, Any]:
    config: dict[str, Any] = json.loads(
        (CONFIGS / case.name / component / "config.json").read_text()
    )
    return config
