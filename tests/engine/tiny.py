"""Tiny models of the real architectures with random weights, as folders and as single files."""

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AutoencoderKL,
    ControlNetModel,
    DDIMScheduler,
    DiffusionPipeline,
    FlowMatchEulerDiscreteScheduler,
    SD3Transformer2DModel,
    StableDiffusion3Pipeline,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from studio.engine.loading.bundled_configs import BundledConfigs
from studio.models.types import ModelFamily
from studio.settings import bundled_path
from tests.engine.original_layout import original_layout

WIDTH, WIDTH_2 = 32, 48
"""Of the text encoders; diffusers distinguishes SDXL's two by theirs."""
SCHEDULE = {
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "clip_sample": False,
    "steps_offset": 1,
    "set_alpha_to_one": False,
}


def tiny(family: ModelFamily, seed: int = 0) -> DiffusionPipeline:
    """A tiny base model of the family's architecture."""
    torch.manual_seed(seed)
    return {"sd15": _sd15, "sd21": _sd21, "sdxl": _sdxl, "sd3": _sd3}[family]()


def tiny_controlnet(family: ModelFamily, seed: int = 1) -> ControlNetModel:
    """A ControlNet with an effect: a new one has zero convolutions."""
    torch.manual_seed(seed)
    controlnet = ControlNetModel.from_unet(
        tiny(family).unet, conditioning_embedding_out_channels=(8, 8, 16, 16)
    )
    for name, weights in controlnet.named_parameters():
        if "controlnet_" in name:
            torch.nn.init.normal_(weights, std=0.05)
    return controlnet


def write_single_file(family: ModelFamily, models: Path, name: str = "tiny", seed: int = 0) -> Path:
    """Writes the model as a single file in the original layout."""
    file = models / "checkpoints" / f"{name}.safetensors"
    file.parent.mkdir(parents=True, exist_ok=True)
    save_file(original_layout(tiny(family, seed), family), file)
    return file


def write_folder(family: ModelFamily, models: Path, name: str = "folder", seed: int = 0) -> Path:
    """Writes the same model in diffusers' layout."""
    directory = models / "checkpoints" / name
    tiny(family, seed).save_pretrained(directory)
    return directory


def write_configurations(directory: Path, families: tuple[ModelFamily, ...]) -> Path:
    """Writes what the product bundles for real models, for the tiny ones."""
    bundled = bundled_path("assets") / "configurations"
    shutil.copytree(bundled / "clip", directory / "clip")
    for family in families:
        shutil.copy(bundled / family / "model_index.json", _make_dir(directory / family))
        components = dict(tiny(family).components) | {"controlnet": tiny_controlnet(family)}
        for name, config in _configs(components):
            _make_dir(directory / family / name)
            file = "scheduler_config.json" if name == "scheduler" else "config.json"
            (directory / family / name / file).write_text(json.dumps(config))
    return directory


def _make_dir(directory: Path) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    return directory


def _configs(components: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, component in components.items():
        if name.startswith("text_encoder"):
            yield name, component.config.to_dict()
        elif hasattr(component, "to_json_string"):
            yield name, json.loads(component.to_json_string())


def _sd15() -> DiffusionPipeline:
    unet = _unet(cross_attention_dim=WIDTH, attention_head_dim=4)
    return _stable_diffusion("sd15", unet, CLIPTextModel(_text("quick_gelu")), "epsilon")


def _sd21() -> DiffusionPipeline:
    unet = _unet(cross_attention_dim=WIDTH, attention_head_dim=(2, 4), use_linear_projection=True)
    return _stable_diffusion("sd21", unet, CLIPTextModel(_text("gelu")), "v_prediction")


def _stable_diffusion(
    family: ModelFamily, unet: UNet2DConditionModel, text: CLIPTextModel, prediction: str
) -> DiffusionPipeline:
    return StableDiffusionPipeline(
        vae=_vae(0.18215),
        unet=unet,
        text_encoder=text,
        scheduler=DDIMScheduler(**SCHEDULE, prediction_type=prediction),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
        **_tokenizers(family),
    )


def _sdxl() -> DiffusionPipeline:
    unet = _unet(
        cross_attention_dim=WIDTH + WIDTH_2,
        attention_head_dim=(2, 4),
        use_linear_projection=True,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        transformer_layers_per_block=(1, 2),
        addition_embed_type="text_time",
        addition_time_embed_dim=8,
        projection_class_embeddings_input_dim=6 * 8 + WIDTH_2,
    )
    return StableDiffusionXLPipeline(
        vae=_vae(0.13025),
        unet=unet,
        text_encoder=CLIPTextModel(_text("quick_gelu")),
        text_encoder_2=CLIPTextModelWithProjection(_text("gelu", WIDTH_2)),
        scheduler=DDIMScheduler(**SCHEDULE),
        **_tokenizers("sdxl"),
    )


def _sd3() -> DiffusionPipeline:
    """Without T5, which is optional."""
    transformer = SD3Transformer2DModel(
        sample_size=32,
        patch_size=1,
        in_channels=4,
        out_channels=4,
        num_layers=2,
        attention_head_dim=8,
        num_attention_heads=4,
        caption_projection_dim=WIDTH,
        joint_attention_dim=4 * WIDTH,
        pooled_projection_dim=WIDTH + WIDTH_2,
    )
    return StableDiffusion3Pipeline(
        vae=_vae(1.5305, shift_factor=0.0609, use_quant_conv=False, use_post_quant_conv=False),
        transformer=transformer,
        text_encoder=CLIPTextModelWithProjection(_text("quick_gelu")),
        text_encoder_2=CLIPTextModelWithProjection(_text("gelu", WIDTH_2)),
        text_encoder_3=None,
        tokenizer_3=None,
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
        **_tokenizers("sdxl"),
    )


def _unet(**options: Any) -> UNet2DConditionModel:
    blocks: dict[str, Any] = {
        "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
        "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"),
    }
    return UNet2DConditionModel(
        sample_size=8,
        block_out_channels=(16, 32),
        norm_num_groups=8,
        layers_per_block=2,
        **{**blocks, **options},
    )


def _vae(scaling_factor: float, **options: Any) -> AutoencoderKL:
    return AutoencoderKL(
        block_out_channels=(8, 8, 16, 16),
        norm_num_groups=8,
        layers_per_block=2,
        sample_size=64,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        scaling_factor=scaling_factor,
        latent_channels=4,
        **options,
    )


def _text(activation: str, width: int = WIDTH) -> CLIPTextConfig:
    return CLIPTextConfig(
        vocab_size=49408,
        hidden_size=width,
        intermediate_size=2 * width,
        projection_dim=width,
        num_hidden_layers=3,
        num_attention_heads=4,
        hidden_act=activation,
        bos_token_id=0,
        eos_token_id=2,
        pad_token_id=1,
    )


def _tokenizers(family: ModelFamily) -> Mapping[str, Any]:
    return BundledConfigs(bundled_path("assets") / "configurations").make_tokenizers(family)
