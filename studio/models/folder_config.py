"""What a diffusers folder holds, told from its configuration: what the engine cannot draw with is refused
by name before any work."""

import json
from collections.abc import Mapping
from pathlib import Path

from studio.errors import CorruptModelError, IncompatibleModelError
from studio.messages import Message, message
from studio.models.safetensors_header import read_header, reject_controlnet_union
from studio.models.types import FAMILY_BY_CROSS_ATTENTION_DIM, ModelFamily
from studio.models.weights import loaded_files, read_regular_file
from studio.recipes.generation.recipe import ModelType

MAX_CONFIGURATION = 4 * 2**20
"""Bytes of a configuration that are read; real ones have some kilobytes."""
MAX_LAYERS = 1000
"""Layers one setting may ask for; real ones have dozens, and building ten million would not end."""

_COUNTS = ("num_hidden_layers", "num_layers", "num_single_layers", "layers_per_block")
_LATENT_CHANNELS = 4
_TAKES_MORE: Mapping[str, Message] = {
    "5": message("model.for_depth"),
    "7": message("model.for_upscaling"),
    "8": message("model.for_editing"),
    "9": message("model.for_inpainting"),
}
"""What a UNet is whose input has other channels than the latent's."""
_OTHER_WORK: Mapping[str, Message] = {
    "InstructPix2Pix": message("model.for_editing"),
    "Upscale": message("model.for_upscaling"),
    "Depth2Img": message("model.for_depth"),
    "ImageVariation": message("model.for_variations"),
}
"""Parts of the names of diffusers' pipelines that tell what they are for."""
_PARTS = ("unet", "vae", "text_encoder", "tokenizer", "scheduler")
_PARTS_SD3 = ("transformer", "vae", "text_encoder", "text_encoder_2", "tokenizer", "tokenizer_2", "scheduler")  # fmt: skip


def family_of_folder(kind: ModelType, folder: Path) -> ModelFamily:
    """The family of a model that is a diffusers folder. Raises DamagedModel for files that cannot be read,
    UnfitModel for what the engine cannot use, each with the remedy."""
    for file in loaded_files(folder):
        header = read_header(file)
        if kind == "controlnet":
            reject_controlnet_union(
                header.shapes, message("model.this_controlnet", name=folder.name)
            )
    _check_layers(folder)
    match kind:
        case "checkpoint":
            return _base_model(folder)
        case "controlnet":
            return _controlnet(folder)
        case "vae":
            what = message("model.this_vae", name=folder.name)
            _check_class(folder, "config.json", "AutoencoderKL", what)
        case "lora":
            raise IncompatibleModelError("model.lora_is_folder", name=folder.name)
        case "detector":
            made = _configuration(folder, "config.json").get("model_type")
            if made != "vitpose":
                raise IncompatibleModelError(
                    "model.detector_unknown", name=folder.name, found=str(made)
                )
    return "unknown"


def _base_model(folder: Path) -> ModelFamily:
    parts = _configuration(folder, "model_index.json")
    pipeline = str(parts.get("_class_name"))
    if not pipeline.startswith("StableDiffusion"):
        raise IncompatibleModelError(
            "model.family_unsupported", name=folder.name, pipeline=pipeline
        )
    for part, what in _OTHER_WORK.items():
        if part in pipeline:
            raise _unfit(folder, what, pipeline)
    if pipeline.startswith("StableDiffusion3"):
        _check_parts(folder, parts, _PARTS_SD3)
        return "sd3"
    this = message("model.this_base_model", name=folder.name)
    unet = _check_class(folder, "unet/config.json", "UNet2DConditionModel", this)
    channels = unet.get("in_channels", _LATENT_CHANNELS)
    # What takes more than it gives back has more to look at than latents.
    if channels != unet.get("out_channels", _LATENT_CHANNELS):
        what = _TAKES_MORE.get(str(channels), message("model.for_other_work"))
        raise _unfit(folder, what, message("model.input_channels", count=f"{channels!r:.20}"))
    if _is_refiner(parts):
        raise IncompatibleModelError("model.is_refiner", name=folder.name)
    is_xl = unet.get("addition_embed_type") == "text_time"
    _check_parts(folder, parts, (*_PARTS, "text_encoder_2", "tokenizer_2") if is_xl else _PARTS)
    _check_scheduler(folder)
    return "sdxl" if is_xl else _by_width(unet)


def _is_refiner(parts: Mapping[str, object]) -> bool:
    """It has but the second of SDXL's text encoders."""
    lacks_first = _is_empty(parts, "text_encoder") and not _is_empty(parts, "text_encoder_2")
    return lacks_first or bool(parts.get("requires_aesthetics_score"))


def _controlnet(folder: Path) -> ModelFamily:
    what = message("model.this_controlnet", name=folder.name)
    config = _check_class(folder, "config.json", "ControlNetModel", what)
    return "sdxl" if config.get("addition_embed_type") == "text_time" else _by_width(config)


def _by_width(config: Mapping[str, object]) -> ModelFamily:
    width = config.get("cross_attention_dim")
    return (
        FAMILY_BY_CROSS_ATTENTION_DIM.get(width, "unknown") if isinstance(width, int) else "unknown"
    )


def _check_class(folder: Path, name: str, wanted: str, what: Message) -> Mapping[str, object]:
    """The configuration, where it is one of diffusers' class `wanted`, or names none."""
    config = _configuration(folder, name)
    made = config.get("_class_name", wanted)
    if made != wanted:
        raise IncompatibleModelError(
            "model.wrong_class", what=what, found=f"{made!s:.60}", wanted=wanted
        )
    return config


def _check_parts(folder: Path, parts: Mapping[str, object], needed: tuple[str, ...]) -> None:
    for part in needed:
        if _is_empty(parts, part) or not (folder / part).is_dir():
            raise CorruptModelError("model.part_missing", name=folder.name, part=part)


def _is_empty(parts: Mapping[str, object], name: str) -> bool:
    """A part that a pipeline was saved without stands in its index as two nulls."""
    part = parts.get(name)
    return not isinstance(part, list) or all(each is None for each in part)


def _check_scheduler(folder: Path) -> None:
    scheduler = _configuration(folder, "scheduler/scheduler_config.json")
    if str(scheduler.get("_class_name")).startswith("EDM"):
        raise IncompatibleModelError(
            "model.edm_sampling", what=message("model.this_base_model", name=folder.name)
        )


def _check_layers(folder: Path) -> None:
    for file in sorted((*folder.glob("config.json"), *folder.glob("*/config.json"))):
        config = _configuration(folder, str(file.relative_to(folder)))
        for name in _COUNTS:
            count = config.get(name)
            if isinstance(count, int | float) and count > MAX_LAYERS:
                raise CorruptModelError(
                    "model.too_many_layers", name=folder.name, count=f"{count:,}", setting=name
                )


def _unfit(folder: Path, what: Message, told_by: str | Message) -> IncompatibleModelError:
    return IncompatibleModelError(
        "model.for_other_purpose", name=folder.name, what=what, detail=told_by
    )


def _configuration(path: Path, name: str) -> dict[str, object]:
    try:
        config = json.loads(read_regular_file(path / name, MAX_CONFIGURATION))
    except (OSError, ValueError, RecursionError) as error:
        raise _unreadable(
            path, name, getattr(error, "strerror", None) or str(error)[:200]
        ) from None
    except CorruptModelError as error:
        raise _unreadable(path, name, error.message) from None
    return config if isinstance(config, dict) else {}


def _unreadable(path: Path, name: str, reason: str | Message) -> CorruptModelError:
    return CorruptModelError(
        "model.configuration_not_readable", name=path.name, file=Path(name).name, reason=reason
    )
