"""Loads base models, VAEs and ControlNets, offline: diffusers folders and single files."""

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import torch
from diffusers import AutoencoderKL, ControlNetModel, DiffusionPipeline

from studio.engine.configurations import Configurations
from studio.engine.construction import building
from studio.engine.dialect import BaseModel, Dialect, LatentScale
from studio.engine.families import DIALECTS
from studio.errors import DamagedModel, UnfitModel
from studio.library.models import Model
from studio.recipes.recipe import KIND_NAMES

Module = TypeVar("Module", bound=torch.nn.Module)


def load_base_model(model: Model, dtype: torch.dtype, configurations: Configurations) -> BaseModel:
    """Reads a base model into RAM. Raises DamagedModel, or UnfitModel for a lone file of a
    family that only comes as a folder."""
    dialect = DIALECTS[model.family]
    if model.path.is_dir():
        with building(model):
            absent = [part for part in dialect.optional if not (model.path / part).is_dir()]
            pipe = dialect.plain.from_pretrained(
                model.path,
                dtype=dtype,
                **_OFFLINE,
                **_variant(model.path),
                **dialect.extras,
                **dict.fromkeys(absent),
            )
    else:
        pipe = _from_single_file(model, dialect, dtype, configurations)
    if dialect.careful_vae and pipe.vae.config.force_upcast:
        pipe.vae.to(torch.float32)
    base = BaseModel(dialect, pipe.components, LatentScale.of(pipe.vae))
    for module in base.modules:
        _check_complete(module, model)
        module.eval().requires_grad_(False)
    return base


def _from_single_file(
    model: Model, dialect: Dialect, dtype: torch.dtype, configurations: Configurations
) -> DiffusionPipeline:
    folder = configurations.folder(model)
    with building(model):
        return dialect.plain.from_single_file(
            str(model.path),
            config=str(folder),
            local_files_only=True,
            torch_dtype=dtype,
            scheduler=configurations.scheduler(model),
            **configurations.tokenizers(model.family),
            **dialect.extras,
        )


def load_vae(model: Model, dtype: torch.dtype, configurations: Configurations) -> AutoencoderKL:
    return _load(AutoencoderKL, "vae", model, dtype, configurations)


def load_controlnet(
    model: Model, dtype: torch.dtype, configurations: Configurations
) -> ControlNetModel:
    """Raises UnfitModel for a folder of another kind of net, which has weights of its own."""
    return _load(ControlNetModel, "controlnet", model, dtype, configurations)


def _load(
    kind: type[Module], part: str, model: Model, dtype: torch.dtype, configurations: Configurations
) -> Module:
    make: type[DiffusionPipeline] = kind
    if model.path.is_dir():
        with building(model):
            module, info = make.from_pretrained(
                model.path, dtype=dtype, output_loading_info=True,
                **_OFFLINE, **_variant(model.path),
            )  # fmt: skip
        if kind is ControlNetModel and info["unexpected_keys"]:
            raise UnfitModel(
                "model.controlnet_unknown", name=model.name, weight=info["unexpected_keys"][0]
            )
    else:
        folder = configurations.folder(model)
        with building(model):
            module = make.from_single_file(
                str(model.path),
                config=str(folder),
                subfolder=part,
                local_files_only=True,
                torch_dtype=dtype,
            )
    _check_complete(module, model)
    loaded: Module = module.eval().requires_grad_(False)
    return loaded


def _check_complete(module: torch.nn.Module, model: Model) -> None:
    """Raises DamagedModel where the file left a weight out: diffusers leaves it on `meta`."""
    missing = [name for name, weight in module.named_parameters() if weight.is_meta]
    if missing:
        raise DamagedModel(
            "model.weights_missing",
            kind=KIND_NAMES[model.kind],
            name=model.name,
            count=len(missing),
            weight=missing[0],
            module=type(module).__name__,
        )


_OFFLINE: Mapping[str, object] = {"use_safetensors": True, "local_files_only": True}


def _variant(folder: Path) -> dict[str, str]:
    """A folder may hold its weights as `….fp16.safetensors` alone, or as `….fp16-00001-of-….`."""
    names = [file.name for file in folder.rglob("*.safetensors")]
    halves = [name for name in names if ".fp16." in name or ".fp16-" in name]
    return {"variant": "fp16"} if names and halves == names else {}
