"""Diffusers directories are identified by their configuration; what the engine cannot use is refused by name, also
in the list of problems. Issue 18, 15 (review B2, B9)."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from studio.errors import CorruptModelError, IncompatibleModelError, ModelError
from studio.models.catalog import ModelCatalog
from studio.models.weights import HashCache, folder_variant, loaded_files, variant_of
from studio.recipes.generation.recipe import ModelRef, ModelType

Configurations = dict[str, Mapping[str, Any]]
COMPONENTS = ("unet", "vae", "text_encoder", "tokenizer", "scheduler")
XL_COMPONENTS = (*COMPONENTS, "text_encoder_2", "tokenizer_2")
SD3_COMPONENTS = (
    "transformer",
    "vae",
    "text_encoder",
    "text_encoder_2",
    "tokenizer",
    "tokenizer_2",
    "scheduler",
)
XL_UNET = {"addition_embed_type": "text_time", "cross_attention_dim": 2048}


def index(
    pipeline: str, components: tuple[str, ...] = COMPONENTS, **changes: object
) -> dict[str, Any]:
    return {"_class_name": pipeline} | {name: ["diffusers", "X"] for name in components} | changes


def base(
    pipeline: str,
    unet: Mapping[str, object],
    components: tuple[str, ...] = COMPONENTS,
    **changes: object,
) -> Configurations:
    return {
        "model_index.json": index(pipeline, components, **changes),
        "unet/config.json": {"_class_name": "UNet2DConditionModel", "in_channels": 4} | dict(unet),
        "scheduler/scheduler_config.json": {"_class_name": "EulerDiscreteScheduler"},
    }


def net(**changes: object) -> Configurations:
    return {
        "config.json": {"_class_name": "ControlNetModel", "cross_attention_dim": 2048} | changes
    }


def encoder(**changes: object) -> Configurations:
    config = {
        "model_type": "clip_vision_model",
        "architectures": ["CLIPVisionModelWithProjection"],
        "projection_dim": 1024,
        "hidden_size": 1280,
    }
    return {"config.json": config | changes}


def write_model(
    models: Path, kind: str, configurations: Configurations, weights: tuple[str, ...] = ("w",)
) -> Path:
    """A directory `model` with these configurations, a subdirectory per component, and one weight file."""
    directory = models / kind / "model"
    directory.mkdir(parents=True)
    for name, content in configurations.items():
        (directory / name).parent.mkdir(exist_ok=True)
        (directory / name).write_text(json.dumps(content))
        for component, entry in content.items():
            if name == "model_index.json" and isinstance(entry, list) and entry[0]:
                (directory / component).mkdir(exist_ok=True)
    weights_dir = directory / "unet" if (directory / "unet").is_dir() else directory
    save_file(
        {name: np.zeros(1) for name in weights}, weights_dir / "diffusion_pytorch_model.safetensors"
    )
    return directory


SD15, SDXL = "StableDiffusionPipeline", "StableDiffusionXLPipeline"
USABLE: dict[str, tuple[Configurations, str]] = {
    "SD 1.5": (base(SD15, {"cross_attention_dim": 768}), "sd15"),
    "SD 1.5, saved from img2img": (base("StableDiffusionImg2ImgPipeline", {"cross_attention_dim": 768}), "sd15"),
    "ordinary weights in an inpainting pipeline": (base("StableDiffusionInpaintPipeline", {"cross_attention_dim": 768}), "sd15"),
    "SDXL": (base(SDXL, XL_UNET, XL_COMPONENTS), "sdxl"),
    "SD 3.5": ({"model_index.json": index("StableDiffusion3Pipeline", SD3_COMPONENTS)}, "sd3"),
}  # fmt: skip


@pytest.mark.parametrize("what", USABLE)
def test_family_of_a_base_model_directory(tmp_path: Path, what: str) -> None:
    configurations, family = USABLE[what]
    write_model(tmp_path, "checkpoints", configurations)
    [model] = ModelCatalog((tmp_path,), HashCache(None)).list_models()
    assert model.family == family


NULL = [None, None]
REFUSED: dict[str, tuple[ModelType, Configurations, type[ModelError], str]] = {
    "inpainting": ("checkpoint", base("StableDiffusionInpaintPipeline", {"in_channels": 9}), IncompatibleModelError, "an inpainting model (9 input channels)"),
    "inpainting, XL": ("checkpoint", base("StableDiffusionXLInpaintPipeline", XL_UNET | {"in_channels": 9}, XL_COMPONENTS), IncompatibleModelError, "an inpainting model"),
    "inpainting, by its channels alone": ("checkpoint", base(SD15, {"in_channels": 9}), IncompatibleModelError, "an inpainting model"),
    "InstructPix2Pix": ("checkpoint", base("StableDiffusionInstructPix2PixPipeline", {"in_channels": 8}), IncompatibleModelError, "an image editing model"),
    "CosXL edit": ("checkpoint", base("StableDiffusionXLInstructPix2PixPipeline", XL_UNET | {"in_channels": 8}, XL_COMPONENTS), IncompatibleModelError, "an image editing model"),
    "upscaler": ("checkpoint", base("StableDiffusionUpscalePipeline", {"in_channels": 7}), IncompatibleModelError, "an upscaler"),
    "latent upscaler": ("checkpoint", base("StableDiffusionLatentUpscalePipeline", {"in_channels": 8}), IncompatibleModelError, "an upscaler"),
    "depth": ("checkpoint", base("StableDiffusionDepth2ImgPipeline", {"in_channels": 5}), IncompatibleModelError, "a depth model"),
    "image variation": ("checkpoint", base("StableDiffusionImageVariationPipeline", {}, text_encoder=NULL), IncompatibleModelError, "image variation model"),
    "odd channels": ("checkpoint", base(SD15, {"in_channels": "many"}), IncompatibleModelError, "a special-purpose model ('many' input channels)"),
    "refiner": ("checkpoint", base("StableDiffusionXLImg2ImgPipeline", {"addition_embed_type": "text_time", "cross_attention_dim": 1280}, XL_COMPONENTS, text_encoder=NULL, tokenizer=NULL), IncompatibleModelError, "is a refiner"),
    "refiner, by its score": ("checkpoint", base("StableDiffusionXLImg2ImgPipeline", XL_UNET, XL_COMPONENTS, requires_aesthetics_score=True), IncompatibleModelError, "is a refiner"),
    "another UNet": ("checkpoint", base(SD15, {"_class_name": "UNetMotionModel"}), IncompatibleModelError, "is a UNetMotionModel"),
    "another family": ("checkpoint", {"model_index.json": {"_class_name": "FluxPipeline"}}, IncompatibleModelError, "is not supported"),
    "EDM": ("checkpoint", base(SDXL, XL_UNET, XL_COMPONENTS) | {"scheduler/scheduler_config.json": {"_class_name": "EDMDPMSolverMultistepScheduler"}}, IncompatibleModelError, "needs EDM sampling"),
    "EDM, by its parameters": ("checkpoint", base(SDXL, XL_UNET, XL_COMPONENTS) | {"scheduler/scheduler_config.json": {"_class_name": "DPMSolverMultistepScheduler", "sigma_data": 0.5}}, IncompatibleModelError, "needs EDM sampling"),
    "EDM, by its latents": ("checkpoint", base(SDXL, XL_UNET, XL_COMPONENTS) | {"vae/config.json": {"latents_mean": [0.1, 0.2, 0.3, 0.4], "latents_std": [1, 2, 3, 4]}}, IncompatibleModelError, "needs EDM sampling"),
    "flow matching with a UNet": ("checkpoint", base(SD15, {"cross_attention_dim": 768}) | {"scheduler/scheduler_config.json": {"_class_name": "FlowMatchEulerDiscreteScheduler"}}, IncompatibleModelError, "needs flow matching"),
    "a prediction of its own": ("checkpoint", base(SD15, {"cross_attention_dim": 768}) | {"scheduler/scheduler_config.json": {"_class_name": "UniPCMultistepScheduler", "prediction_type": "flow_prediction"}}, IncompatibleModelError, "needs flow_prediction"),
    "a part is missing": ("checkpoint", base(SDXL, XL_UNET), CorruptModelError, "has no text_encoder_2"),
    "no index": ("checkpoint", {"config.json": {}}, CorruptModelError, "Cannot read model_index.json"),
    "ControlNet-Union": ("controlnet", net(_class_name="ControlNetUnionModel"), IncompatibleModelError, "is a ControlNetUnionModel"),
    "T2I-Adapter": ("controlnet", net(_class_name="T2IAdapter"), IncompatibleModelError, "is a T2IAdapter"),
    "SD3 ControlNet": ("controlnet", net(_class_name="SD3ControlNetModel"), IncompatibleModelError, "is a SD3ControlNetModel"),
    "Flux ControlNet": ("controlnet", net(_class_name="FluxControlNetModel"), IncompatibleModelError, "is a FluxControlNetModel"),
    "ControlNet for depth in latents": ("controlnet", net(conditioning_channels=4), IncompatibleModelError, "takes control maps of 4 channels"),
    "tiny VAE": ("vae", {"config.json": {"_class_name": "AutoencoderTiny"}}, IncompatibleModelError, "VAE model is a AutoencoderTiny"),
    "LoRA in a directory": ("lora", {"config.json": {}}, IncompatibleModelError, "is a folder"),
    "IP-Adapter in a directory": ("ip_adapter", {"config.json": {}}, IncompatibleModelError, "is a folder"),
    "a whole CLIP": ("image_encoder", {"config.json": {"model_type": "clip", "architectures": ["CLIPModel"]}}, IncompatibleModelError, "is a CLIPModel"),
    "SigLIP": ("image_encoder", {"config.json": {"model_type": "siglip_vision_model"}}, IncompatibleModelError, "is a siglip_vision_model"),
    "an encoder without widths": ("image_encoder", encoder(hidden_size="wide"), CorruptModelError, "are not numbers"),
    "an encoder of ten million layers": ("image_encoder", encoder(num_hidden_layers=10**7), CorruptModelError, "10,000,000"),
    "another detector": ("detector", {"config.json": {"model_type": "detr"}}, IncompatibleModelError, "is a detr"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_incompatible_directory_is_refused(tmp_path: Path, what: str) -> None:
    kind, configurations, error, reason = REFUSED[what]
    directory = write_model(tmp_path, f"{kind}s", configurations)
    hashes = HashCache(tmp_path / "hashes.json")
    catalog = ModelCatalog((tmp_path,), hashes)
    assert catalog.list_models() == ()
    assert [path for path, message in catalog.list_problems() if reason in str(message)] == [
        directory
    ]
    with pytest.raises(error) as caught:
        catalog.get(kind, ModelRef(name="model"))
    assert reason in str(caught.value)
    assert "model" in str(caught.value)
    assert not (tmp_path / "hashes.json").exists(), "it was hashed before it was refused"


def test_controlnet_union_is_identified_by_its_weights(tmp_path: Path) -> None:
    """As popular ones do: their task embedding would be ignored silently."""
    write_model(
        tmp_path,
        "controlnets",
        net(),
        ("task_embedding", "controlnet_cond_embedding.conv_in.weight"),
    )
    catalog = ModelCatalog((tmp_path,), HashCache(None))
    with pytest.raises(IncompatibleModelError, match="ControlNet model is a ControlNet-Union"):
        catalog.get("controlnet", ModelRef(name="model"))


def test_truncated_component_is_reported(tmp_path: Path) -> None:
    directory = write_model(tmp_path, "controlnets", net())
    file = directory / "diffusion_pytorch_model.safetensors"
    file.write_bytes(file.read_bytes()[:-1])
    catalog = ModelCatalog((tmp_path,), HashCache(None))
    with pytest.raises(
        CorruptModelError, match=r"diffusion_pytorch_model\.safetensors is incomplete"
    ):
        catalog.get("controlnet", ModelRef(name="model"))


@pytest.mark.parametrize(
    ("name", "variant"),
    [
        ("diffusion_pytorch_model.safetensors", ""),
        ("diffusion_pytorch_model.fp16.safetensors", "fp16"),
        ("model-00001-of-00002.safetensors", ""),
        ("model.fp16-00001-of-00002.safetensors", "fp16"),
        ("model-00001-of-00002.fp16.safetensors", "fp16"),
        ("diffusion_pytorch_model.non_ema.safetensors", "non_ema"),
        ("model.ckpt", ""),
    ],
)
def test_variant_of_a_weight_file(name: str, variant: str) -> None:
    assert variant_of(name) == variant


# Issue 20, 6.
def test_one_variant_counts_where_a_component_has_only_that(tmp_path: Path) -> None:
    """As diffusers loads it: it takes one variant for the whole pipeline, where a component has it."""
    directory = write_model(tmp_path, "checkpoints", base(SD15, {"cross_attention_dim": 768}))
    for name in (
        "unet/diffusion_pytorch_model.fp16.safetensors",
        "vae/diffusion_pytorch_model.fp16.safetensors",
        "text_encoder/model.safetensors",
    ):
        (directory / name).parent.mkdir(exist_ok=True)
        save_file({"w": np.zeros(10)}, directory / name)
    assert folder_variant(directory) == "fp16"
    assert [str(file.relative_to(directory)) for file in loaded_files(directory)] == [
        "text_encoder/model.safetensors",
        "unet/diffusion_pytorch_model.fp16.safetensors",
        "vae/diffusion_pytorch_model.fp16.safetensors",
    ]


def test_only_loaded_files_of_a_repository_count(tmp_path: Path) -> None:
    directory = write_model(tmp_path, "checkpoints", base(SD15, {"cross_attention_dim": 768}))
    plain = directory / "unet" / "diffusion_pytorch_model.safetensors"
    for name in (
        "unet/diffusion_pytorch_model.fp16.safetensors",
        "vae/diffusion_pytorch_model.fp16-00001-of-00002.safetensors",
        "vae/diffusion_pytorch_model.fp16-00002-of-00002.safetensors",
        "text_encoder/model.safetensors",
        "text_encoder/model.fp16.safetensors",
        "safety_checker/model.safetensors",
        "v1-5-pruned.safetensors",
    ):
        (directory / name).parent.mkdir(exist_ok=True)
        save_file({"w": np.zeros(10)}, directory / name)
    loaded = [str(file.relative_to(directory)) for file in loaded_files(directory)]
    assert loaded == [
        "text_encoder/model.fp16.safetensors",
        "unet/diffusion_pytorch_model.fp16.safetensors",
        "vae/diffusion_pytorch_model.fp16-00001-of-00002.safetensors",
        "vae/diffusion_pytorch_model.fp16-00002-of-00002.safetensors",
    ]
    [model] = ModelCatalog((tmp_path,), HashCache(None)).list_models()
    one = (directory / "v1-5-pruned.safetensors").stat().st_size
    assert model.size_bytes == 4 * one
    file = tmp_path / "one.safetensors"
    file.write_bytes(plain.read_bytes())
    assert loaded_files(file) == (file,)
