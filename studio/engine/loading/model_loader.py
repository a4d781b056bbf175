"""Loads base models, VAEs and ControlNets into RAM, offline, from diffusers folders or single files."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import torch
from diffusers import AutoencoderKL, ControlNetModel, DiffusionPipeline

from studio.engine.families import MODEL_FAMILIES
from studio.engine.families.base import LatentScale, LoadedBaseModel, ModelFamilySpec
from studio.engine.loading.build_lock import loading_errors
from studio.engine.loading.bundled_configs import BundledConfigs
from studio.errors import CorruptModelError, IncompatibleModelError
from studio.models.types import ModelInfo
from studio.models.weights import folder_variant
from studio.recipes.generation.recipe import KIND_NAMES

ModuleT = TypeVar("ModuleT", bound=torch.nn.Module)

_OFFLINE: Mapping[str, object] = {"use_safetensors": True, "local_files_only": True}


def load_base_model(
    model: ModelInfo, dtype: torch.dtype, configs: BundledConfigs
) -> LoadedBaseModel:
    """Reads all components of a base model.

    A VAE that overflows in half precision is kept in fp32 (see `ModelFamilySpec.may_upcast_vae`).

    Raises CorruptModelError, InsufficientMemoryError, or IncompatibleModelError for a single file
    of a family that must come as a folder.
    """
    family = MODEL_FAMILIES[model.family]
    pipe = (
        _pipeline_from_folder(model, family, dtype)
        if model.path.is_dir()
        else _pipeline_from_single_file(model, family, dtype, configs)
    )
    if family.may_upcast_vae and pipe.vae.config.force_upcast:
        pipe.vae.to(torch.float32)
    base_model = LoadedBaseModel(family, pipe.components, LatentScale.from_vae(pipe.vae))
    for module in base_model.modules:
        for_inference(module, model)
    return base_model


def _pipeline_from_folder(
    model: ModelInfo, family: ModelFamilySpec, dtype: torch.dtype
) -> DiffusionPipeline:
    with loading_errors(model):
        absent = [name for name in family.optional_components if not (model.path / name).is_dir()]
        return family.img2img_pipeline.from_pretrained(
            model.path,
            dtype=dtype,
            **_OFFLINE,
            **weights_variant(model.path),
            **family.pipeline_kwargs,
            **dict.fromkeys(absent),
        )


def _pipeline_from_single_file(
    model: ModelInfo, family: ModelFamilySpec, dtype: torch.dtype, configs: BundledConfigs
) -> DiffusionPipeline:
    config_dir = configs.config_dir(model)
    with loading_errors(model):
        return family.img2img_pipeline.from_single_file(
            str(model.path),
            config=str(config_dir),
            local_files_only=True,
            torch_dtype=dtype,
            scheduler=configs.default_scheduler(model),
            **configs.make_tokenizers(model.family),
            **family.pipeline_kwargs,
        )


def load_vae(model: ModelInfo, dtype: torch.dtype, configs: BundledConfigs) -> AutoencoderKL:
    """Reads a VAE. Raises CorruptModelError or InsufficientMemoryError."""
    vae, _ = _read_module(AutoencoderKL, "vae", model, dtype, configs)
    return for_inference(vae, model)


def load_controlnet(
    model: ModelInfo, dtype: torch.dtype, configs: BundledConfigs
) -> ControlNetModel:
    """Reads a ControlNet.

    Raises CorruptModelError, InsufficientMemoryError, or IncompatibleModelError for a folder of
    another architecture: it has weights that diffusers would silently ignore.
    """
    controlnet, unexpected = _read_module(ControlNetModel, "controlnet", model, dtype, configs)
    if unexpected:
        raise IncompatibleModelError(
            "model.controlnet_unknown", name=model.name, weight=unexpected[0]
        )
    return for_inference(controlnet, model)


def _read_module(
    module_class: type[ModuleT],
    subfolder: str,
    model: ModelInfo,
    dtype: torch.dtype,
    configs: BundledConfigs,
) -> tuple[ModuleT, list[str]]:
    """The module, and the names of a folder's weights that it has no place for."""
    loader: Any = module_class
    if model.path.is_dir():
        return _read_folder(loader, model, dtype)
    config_dir = configs.config_dir(model)
    with loading_errors(model):
        module = loader.from_single_file(
            str(model.path),
            config=str(config_dir),
            subfolder=subfolder,
            local_files_only=True,
            torch_dtype=dtype,
        )
    return module, []


def _read_folder(loader: Any, model: ModelInfo, dtype: torch.dtype) -> tuple[Any, list[str]]:
    with loading_errors(model):
        module, info = loader.from_pretrained(
            model.path,
            dtype=dtype,
            output_loading_info=True,
            **_OFFLINE,
            **weights_variant(model.path),
        )
    return module, info["unexpected_keys"]


def for_inference(module: ModuleT, model: ModelInfo) -> ModuleT:
    """In evaluation mode without gradients. Raises CorruptModelError when weights are missing."""
    _require_all_weights(module, model)
    return module.eval().requires_grad_(requires_grad=False)


def _require_all_weights(module: torch.nn.Module, model: ModelInfo) -> None:
    """Raises CorruptModelError when weights are missing: diffusers leaves them on `meta`."""
    missing = [name for name, weight in module.named_parameters() if weight.is_meta]
    refuse_missing_weights(missing, type(module).__name__, model)


def refuse_missing_weights(missing: Sequence[str], module: str, model: ModelInfo) -> None:
    """Raises CorruptModelError where any are missing; `module` is the name of the class they belong to."""
    if missing:
        raise CorruptModelError(
            "model.weights_missing",
            kind=KIND_NAMES[model.kind],
            name=model.name,
            count=len(missing),
            weight=missing[0],
            module=module,
        )


def weights_variant(directory: Path) -> dict[str, str]:
    """diffusers' argument for a folder in which a component has only a variant of its weights."""
    variant = folder_variant(directory)
    return {"variant": variant} if variant else {}
