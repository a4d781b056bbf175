"""Loads base models, VAEs and ControlNets, offline: diffusers folders and single files."""

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import torch
from diffusers import AutoencoderKL, ControlNetModel, DiffusionPipeline

from studio.engine.families import MODEL_FAMILIES
from studio.engine.families.base import LatentScale, LoadedBaseModel, ModelFamilySpec
from studio.engine.loading.build_lock import loading_errors
from studio.engine.loading.bundled_configs import BundledConfigs
from studio.errors import CorruptModelError, IncompatibleModelError
from studio.models.types import ModelInfo
from studio.recipes.generation.recipe import KIND_NAMES

Module = TypeVar("Module", bound=torch.nn.Module)


def load_base_model(
    model: ModelInfo, dtype: torch.dtype, configurations: BundledConfigs
) -> LoadedBaseModel:
    """Reads a base model into RAM. Raises DamagedModel, or UnfitModel for a lone file of a
    family that only comes as a folder."""
    dialect = MODEL_FAMILIES[model.family]
    if model.path.is_dir():
        with loading_errors(model):
            absent = [
                part for part in dialect.optional_components if not (model.path / part).is_dir()
            ]
            pipe = dialect.img2img_pipeline.from_pretrained(
                model.path,
                dtype=dtype,
                **_OFFLINE,
                **_weights_variant(model.path),
                **dialect.pipeline_kwargs,
                **dict.fromkeys(absent),
            )
    else:
        pipe = _from_single_file(model, dialect, dtype, configurations)
    if dialect.may_upcast_vae and pipe.vae.config.force_upcast:
        pipe.vae.to(torch.float32)
    base = LoadedBaseModel(dialect, pipe.components, LatentScale.from_vae(pipe.vae))
    for module in base.modules:
        _require_all_weights(module, model)
        module.eval().requires_grad_(False)
    return base


def _from_single_file(
    model: ModelInfo, dialect: ModelFamilySpec, dtype: torch.dtype, configurations: BundledConfigs
) -> DiffusionPipeline:
    folder = configurations.config_dir(model)
    with loading_errors(model):
        return dialect.img2img_pipeline.from_single_file(
            str(model.path),
            config=str(folder),
            local_files_only=True,
            torch_dtype=dtype,
            scheduler=configurations.default_scheduler(model),
            **configurations.make_tokenizers(model.family),
            **dialect.pipeline_kwargs,
        )


def load_vae(model: ModelInfo, dtype: torch.dtype, configurations: BundledConfigs) -> AutoencoderKL:
    return _load(AutoencoderKL, "vae", model, dtype, configurations)


def load_controlnet(
    model: ModelInfo, dtype: torch.dtype, configurations: BundledConfigs
) -> ControlNetModel:
    """Raises UnfitModel for a folder of another kind of net, which has weights of its own."""
    return _load(ControlNetModel, "controlnet", model, dtype, configurations)


def _load(
    kind: type[Module],
    part: str,
    model: ModelInfo,
    dtype: torch.dtype,
    configurations: BundledConfigs,
) -> Module:
    make: type[DiffusionPipeline] = kind
    if model.path.is_dir():
        with loading_errors(model):
            module, info = make.from_pretrained(
                model.path, dtype=dtype, output_loading_info=True,
                **_OFFLINE, **_weights_variant(model.path),
            )  # fmt: skip
        if kind is ControlNetModel and info["unexpected_keys"]:
            raise IncompatibleModelError(
                "model.controlnet_unknown", name=model.name, weight=info["unexpected_keys"][0]
            )
    else:
        folder = configurations.config_dir(model)
        with loading_errors(model):
            module = make.from_single_file(
                str(model.path),
                config=str(folder),
                subfolder=part,
                local_files_only=True,
                torch_dtype=dtype,
            )
    _require_all_weights(module, model)
    loaded: Module = module.eval().requires_grad_(False)
    return loaded


def _require_all_weights(module: torch.nn.Module, model: ModelInfo) -> None:
    """Raises DamagedModel where the file left a weight out: diffusers leaves it on `meta`."""
    missing = [name for name, weight in module.named_parameters() if weight.is_meta]
    if missing:
        raise CorruptModelError(
            "model.weights_missing",
            kind=KIND_NAMES[model.kind],
            name=model.name,
            count=len(missing),
            weight=missing[0],
            module=type(module).__name__,
        )


_OFFLINE: Mapping[str, object] = {"use_safetensors": True, "local_files_only": True}


def _weights_variant(folder: Path) -> dict[str, str]:
    """A folder may hold its weights as `….fp16.safetensors` alone, or as `….fp16-00001-of-….`."""
    names = [file.name for file in folder.rglob("*.safetensors")]
    halves = [name for name in names if ".fp16." in name or ".fp16-" in name]
    return {"variant": "fp16"} if names and halves == names else {}
