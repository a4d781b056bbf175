"""Identifies the model in a diffusers directory by its configuration, and refuses what the engine cannot use
before anything is loaded."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from studio.errors import CorruptModelError, IncompatibleModelError
from studio.messages import Message, message
from studio.models.identification import reject_controlnet_union
from studio.models.safetensors_file import read_header
from studio.models.segmentation_labels import names_clothes
from studio.models.types import FAMILY_BY_CROSS_ATTENTION_DIM, ModelFamily
from studio.models.weights import loaded_files, read_regular_file
from studio.recipes.generation.recipe import KIND_NAMES, ModelType

MAX_CONFIG_BYTES = 4 * 2**20
"""Bytes of a configuration file; real ones have some kilobytes."""
MAX_LAYERS = 1000
"""Layers that one setting may request; real models have dozens, and building ten million would hang."""

_LAYER_COUNTS = ("num_hidden_layers", "num_layers", "num_single_layers", "layers_per_block")
_LATENT_CHANNELS = 4
_MAP_CHANNELS = 3
"""Channels of a control map: red, green and blue."""
_PREDICTIONS = ("epsilon", "sample", "v_prediction")
"""What the denoiser may predict, by diffusers' names."""
_PURPOSE_BY_CHANNELS: Mapping[str, Message] = {
    "5": message("model.for_depth"),
    "7": message("model.for_upscaling"),
    "8": message("model.for_editing"),
    "9": message("model.for_inpainting"),
}
"""Purpose of a UNet by its number of input channels, where that is not the latent's."""
_PURPOSE_BY_PIPELINE: Mapping[str, Message] = {
    "InstructPix2Pix": message("model.for_editing"),
    "Upscale": message("model.for_upscaling"),
    "Depth2Img": message("model.for_depth"),
    "ImageVariation": message("model.for_variations"),
}
"""Purpose of a pipeline by a part of its class name in diffusers."""
_IMAGE_ENCODER = "CLIPVisionModelWithProjection"
_COMPONENTS = ("unet", "vae", "text_encoder", "tokenizer", "scheduler")
_XL_COMPONENTS = (*_COMPONENTS, "text_encoder_2", "tokenizer_2")
_SD3_COMPONENTS = (
    "transformer",
    "vae",
    "text_encoder",
    "text_encoder_2",
    "tokenizer",
    "tokenizer_2",
    "scheduler",
)


def family_of_directory(kind: ModelType, directory: Path) -> ModelFamily:
    """The family of the model in a diffusers directory; "unknown" for VAEs and image encoders.

    Raises:
        CorruptModelError: a file is missing, unreadable or truncated.
        IncompatibleModelError: the engine cannot use the model.
    """
    for file in loaded_files(directory):
        header = read_header(file)
        if kind == "controlnet":
            reject_controlnet_union(
                header.shapes, message("model.this_controlnet", name=directory.name)
            )
    _check_layers(directory)
    match kind:
        case "checkpoint":
            return _check_base_model(directory)
        case "controlnet":
            return _check_controlnet(directory)
        case "vae":
            label = message("model.this_vae", name=directory.name)
            _check_class(directory, "config.json", "AutoencoderKL", label)
        case "lora" | "ip_adapter":
            raise IncompatibleModelError(
                "model.is_folder", kind=KIND_NAMES[kind], name=directory.name
            )
        case "image_encoder":
            read_encoder_widths(directory)
        case "detector":
            return _check_detector(directory)
    return "unknown"


def _check_detector(directory: Path) -> ModelFamily:
    """A pose detector, or a segmentation model that knows clothes."""
    config = _read_config(directory, "config.json")
    match config.get("model_type"):
        case "vitpose":
            return "vitpose"
        case "segformer" if names_clothes(config.get("id2label")):
            return "segformer"
        case "segformer":
            raise IncompatibleModelError("model.segmenter_without_clothes", name=directory.name)
        case found:
            raise IncompatibleModelError(
                "model.detector_unknown", name=directory.name, found=str(found)
            )


@dataclass(frozen=True)
class EncoderWidths:
    """The widths of what an image encoder gives: its projected embedding, and its hidden tokens."""

    pooled: int
    hidden: int


def read_encoder_widths(directory: Path) -> EncoderWidths:
    """Of an image encoder's folder.

    Raises CorruptModelError where its configuration cannot be read or says no widths, and
    IncompatibleModelError for an encoder that is no CLIP vision model with a projection.
    """
    config = _read_config(directory, "config.json")
    classes = config.get("architectures")
    if config.get("model_type") != "clip_vision_model" or classes != [_IMAGE_ENCODER]:
        found = classes[0] if isinstance(classes, list) and classes else config.get("model_type")
        raise IncompatibleModelError(
            "model.wrong_class",
            what=message("model.this_image_encoder", name=directory.name),
            found=f"{found!s:.60}",
            wanted=_IMAGE_ENCODER,
        )
    widths = [config.get(name) for name in ("projection_dim", "hidden_size")]
    if not all(type(width) is int and width > 0 for width in widths):
        raise _unreadable(directory, "config.json", message("model.encoder_without_widths"))
    return EncoderWidths(*(width for width in widths if isinstance(width, int)))


def _check_base_model(directory: Path) -> ModelFamily:
    index = _read_config(directory, "model_index.json")
    pipeline = str(index.get("_class_name"))
    if not pipeline.startswith("StableDiffusion"):
        raise IncompatibleModelError(
            "model.family_unsupported", name=directory.name, pipeline=pipeline
        )
    for name_part, purpose in _PURPOSE_BY_PIPELINE.items():
        if name_part in pipeline:
            raise _other_purpose(directory, purpose, pipeline)
    if pipeline.startswith("StableDiffusion3"):
        _check_components(directory, index, _SD3_COMPONENTS)
        return "sd3"
    unet = _check_unet(directory)
    if _is_refiner(index):
        raise IncompatibleModelError("model.is_refiner", name=directory.name)
    is_xl = _is_xl(unet)
    _check_components(directory, index, _XL_COMPONENTS if is_xl else _COMPONENTS)
    _check_scheduler(directory)
    return "sdxl" if is_xl else _family_from_config(unet)


def _check_unet(directory: Path) -> Mapping[str, object]:
    """The UNet's configuration. Its input must be the latent alone."""
    label = message("model.this_base_model", name=directory.name)
    config = _check_class(directory, "unet/config.json", "UNet2DConditionModel", label)
    channels = config.get("in_channels", _LATENT_CHANNELS)
    if channels != _LATENT_CHANNELS:
        purpose = _PURPOSE_BY_CHANNELS.get(str(channels), message("model.for_other_work"))
        detail = message("model.input_channels", count=f"{channels!r:.20}")
        raise _other_purpose(directory, purpose, detail)
    return config


def _is_refiner(index: Mapping[str, object]) -> bool:
    """SDXL's refiner has only the second of the two text encoders."""
    lacks_first = _is_empty(index, "text_encoder") and not _is_empty(index, "text_encoder_2")
    return lacks_first or bool(index.get("requires_aesthetics_score"))


def _is_xl(config: Mapping[str, object]) -> bool:
    """Whether a UNet or ControlNet has SDXL's additional embeddings of text and size."""
    return config.get("addition_embed_type") == "text_time"


def _check_controlnet(directory: Path) -> ModelFamily:
    label = message("model.this_controlnet", name=directory.name)
    config = _check_class(directory, "config.json", "ControlNetModel", label)
    channels = config.get("conditioning_channels", _MAP_CHANNELS)
    if channels != _MAP_CHANNELS:
        raise IncompatibleModelError(
            "model.map_channels", name=directory.name, count=f"{channels!r:.20}"
        )
    return "sdxl" if _is_xl(config) else _family_from_config(config)


def _family_from_config(config: Mapping[str, object]) -> ModelFamily:
    dim = config.get("cross_attention_dim")
    return FAMILY_BY_CROSS_ATTENTION_DIM.get(dim, "unknown") if isinstance(dim, int) else "unknown"


def _check_class(directory: Path, name: str, expected: str, label: Message) -> Mapping[str, object]:
    """The configuration, which must be of diffusers' class `expected`, or name no class."""
    config = _read_config(directory, name)
    class_name = config.get("_class_name", expected)
    if class_name != expected:
        raise IncompatibleModelError(
            "model.wrong_class", what=label, found=f"{class_name!s:.60}", wanted=expected
        )
    return config


def _check_components(
    directory: Path, index: Mapping[str, object], required: tuple[str, ...]
) -> None:
    for component in required:
        if _is_empty(index, component) or not (directory / component).is_dir():
            raise CorruptModelError("model.part_missing", name=directory.name, part=component)


def _is_empty(index: Mapping[str, object], component: str) -> bool:
    """A component that a pipeline was saved without is a list of two nulls in its index."""
    entry = index.get(component)
    return not isinstance(entry, list) or all(value is None for value in entry)


def _check_scheduler(directory: Path) -> None:
    """Refuses what no sampler of the studio can sample, such as EDM (Karras et al., 2022)."""
    config = _read_config(directory, "scheduler/scheduler_config.json")
    label = message("model.this_base_model", name=directory.name)
    name = str(config.get("_class_name"))
    if name.startswith("EDM") or "sigma_data" in config or _has_normalized_latents(directory):
        raise IncompatibleModelError("model.edm_sampling", what=label)
    prediction: str | Message = f"{config.get('prediction_type', 'epsilon')!s:.40}"
    if name.startswith("FlowMatch"):
        prediction = message("model.flow_matching")
    elif prediction in _PREDICTIONS:
        return
    raise IncompatibleModelError("model.prediction_unknown", what=label, prediction=prediction)


def _has_normalized_latents(directory: Path) -> bool:
    """Whether the VAE's latents have a mean and deviation per channel, as EDM models' do."""
    if not (directory / "vae" / "config.json").exists():
        return False
    config = _read_config(directory, "vae/config.json")
    return config.get("latents_mean") is not None or config.get("latents_std") is not None


def _check_layers(directory: Path) -> None:
    for file in sorted((*directory.glob("config.json"), *directory.glob("*/config.json"))):
        config = _read_config(directory, str(file.relative_to(directory)))
        for name in _LAYER_COUNTS:
            count = config.get(name)
            if isinstance(count, int | float) and count > MAX_LAYERS:
                raise CorruptModelError(
                    "model.too_many_layers", name=directory.name, count=f"{count:,}", setting=name
                )


def _other_purpose(
    directory: Path, purpose: Message, detail: str | Message
) -> IncompatibleModelError:
    return IncompatibleModelError(
        "model.for_other_purpose", name=directory.name, what=purpose, detail=detail
    )


def _read_config(directory: Path, name: str) -> dict[str, object]:
    """A JSON configuration; empty where it is not an object. Raises CorruptModelError."""
    try:
        config = json.loads(read_regular_file(directory / name, MAX_CONFIG_BYTES))
    except (OSError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or str(error)[:200]
        raise _unreadable(directory, name, reason) from None
    except CorruptModelError as error:
        raise _unreadable(directory, name, error.message) from None
    return config if isinstance(config, dict) else {}


def _unreadable(directory: Path, name: str, reason: str | Message) -> CorruptModelError:
    return CorruptModelError(
        "model.configuration_not_readable", name=directory.name, file=Path(name).name, reason=reason
    )
