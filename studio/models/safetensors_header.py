"""What a safetensors file holds, told from its header alone: no weight is read."""

import json
import os
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from studio.errors import CorruptModelError, IncompatibleModelError
from studio.messages import Message, message
from studio.models.types import FAMILY_BY_CROSS_ATTENTION_DIM, ModelFamily, Prediction
from studio.models.weights import read_regular_file
from studio.recipes.generation.recipe import ModelType

MAX_HEADER = 16 * 2**20
"""Bytes a header may have. Those of the largest checkpoints have half a megabyte, those of merged ones
and of LoRAs that carry all their captions some megabytes; reading one takes twelve times its size."""
MAX_PHRASE = 1000
"""Characters of a LoRA's trigger phrase that are shown."""
MAX_YAML = 2**20
"""Bytes of the .yaml beside a checkpoint that are read; real ones have two kilobytes."""

_UNET = "model.diffusion_model."
_UNION = ("task_embedding", "control_add_embedding.", "transformer_layes.", "spatial_ch_projs.")
"""Weights that only a ControlNet-Union has; the third is spelt so."""
_CROSS_ATTN_KEY = "attn2.to_k.weight"
_V_IN_YAML = re.compile(r"""parameterization:\s*["']?v\b""")


@dataclass(frozen=True)
class SafetensorsHeader:
    """Tensor shapes by name, and what the maker wrote into the file."""

    shapes: Mapping[str, tuple[int, ...]]
    metadata: Mapping[str, str]

    def has_prefix(self, prefix: str) -> bool:
        return any(name.startswith(prefix) for name in self.shapes)

    def find_shape(self, *parts: str) -> tuple[int, ...] | None:
        """The shape of the first tensor whose name contains all `parts`."""
        found = (shape for name, shape in self.shapes.items() if all(p in name for p in parts))
        return next(found, None)


@dataclass(frozen=True)
class ModelIdentity:
    """What a file is: its kind, its family, for a LoRA the words that call for it, and for a
    base model what it predicts, where that is written down."""

    kind: ModelType
    family: ModelFamily
    triggers: tuple[str, ...] = ()
    prediction: Prediction | None = None


def read_header(file: Path) -> SafetensorsHeader:
    """Raises DamagedModel when the file is cut short or is no safetensors file."""
    try:
        if not file.is_file():  # A pipe would be waited for without end.
            raise CorruptModelError("model.it_is_not_regular")
        with file.open("rb") as stream:
            there = os.fstat(stream.fileno()).st_size
            size = int.from_bytes(stream.read(8), "little")
            if size < 2:
                raise CorruptModelError("model.header_size_missing")
            if size > MAX_HEADER:
                raise CorruptModelError(
                    "model.header_too_large", size=f"{size:,}", most=f"{MAX_HEADER:,}"
                )
            document = json.loads(stream.read(size))
        header, length = _header(document)
    except CorruptModelError as error:
        raise _no_safetensors(file, error.message) from None
    except (OSError, ValueError, RecursionError) as error:
        raise _no_safetensors(file, str(error)[:200]) from None
    whole = 8 + size + length
    if there < whole:
        raise CorruptModelError(
            "model.file_cut_short", file=file.name, found=f"{there:,}", wanted=f"{whole:,}"
        )
    return header


def _no_safetensors(file: Path, reason: str | Message) -> CorruptModelError:
    return CorruptModelError("model.not_safetensors", file=file.name, reason=reason)


def _header(document: object) -> tuple[SafetensorsHeader, int]:
    """What a header says, and how many bytes follow it. Raises DamagedModel for what is none."""
    if not isinstance(document, dict):
        raise CorruptModelError("model.header_no_object")
    metadata = document.pop("__metadata__", {})
    if not isinstance(metadata, dict):
        raise CorruptModelError("model.metadata_no_object")
    shapes: dict[str, tuple[int, ...]] = {}
    length = 0
    for name, entry in document.items():
        shape, offsets = _tensor(entry)
        if shape is None or offsets is None or len(offsets) != 2 or offsets[0] > offsets[1]:
            raise CorruptModelError("model.tensor_without_place", tensor=repr(name[:80]))
        shapes[name] = shape
        length = max(length, offsets[1])
    return SafetensorsHeader(
        shapes, {k: v for k, v in metadata.items() if isinstance(v, str)}
    ), length


def _tensor(entry: object) -> tuple[tuple[int, ...] | None, tuple[int, ...] | None]:
    """Shape and offsets of a tensor's entry, each None where it is not a list of whole numbers."""
    if not isinstance(entry, dict):
        return None, None
    return _whole_numbers(entry.get("shape")), _whole_numbers(entry.get("data_offsets"))


def _whole_numbers(listed: object) -> tuple[int, ...] | None:
    if not isinstance(listed, list):
        return None
    return tuple(listed) if all(type(each) is int and each >= 0 for each in listed) else None


def identify_model(file: Path) -> ModelIdentity:
    """Kind and family of a single file. Raises DamagedModel, and UnfitModel for what the studio
    has no use for: an inpainting model, a textual inversion, something unknown."""
    header = read_header(file)
    reject_controlnet_union(header.shapes, file.name)
    for tell in (_checkpoint, _lora, _controlnet, _vae):
        identity = tell(header, file)
        if identity is not None:
            return identity
    if header.has_prefix("adapter.body.") or header.has_prefix("body.0.resnets."):
        raise IncompatibleModelError("model.is_t2i_adapter", file=file.name)
    raise IncompatibleModelError("model.layout_unknown", file=file.name)


def reject_controlnet_union(names: Iterable[str], what: str | Message) -> None:
    """Raises UnfitModel for a ControlNet-Union, told by its weights' names: its configuration may
    say ControlNetModel. Without its task embedding it would draw wrong pictures in silence."""
    if any(name.startswith(_UNION) for name in names):
        raise IncompatibleModelError("model.is_controlnet_union", what=what)


def _checkpoint(header: SafetensorsHeader, file: Path) -> ModelIdentity | None:
    if not header.has_prefix(_UNET):
        if header.has_prefix("double_blocks.") or header.has_prefix("joint_blocks."):
            raise IncompatibleModelError("model.transformer_alone", file=file.name)
        return None
    if header.has_prefix(f"{_UNET}joint_blocks."):
        raise IncompatibleModelError("model.sd3_single_file", file=file.name)
    entry = header.shapes.get(f"{_UNET}input_blocks.0.0.weight")
    if entry is not None and len(entry) < 2:
        raise _no_safetensors(file, message("model.first_layer_shape", shape=str(entry)))
    if entry is not None and entry[1] != 4:
        raise IncompatibleModelError("model.is_inpainting", file=file.name, channels=entry[1])
    if header.has_prefix("edm_"):
        raise IncompatibleModelError("model.edm_sampling", what=file.name)
    listener = (
        family for prefix, family in _TEXT_ENCODER_KEYS.items() if header.has_prefix(prefix)
    )
    family = next(listener, None)
    if family is None:
        raise IncompatibleModelError("model.text_encoder_missing", file=file.name)
    return ModelIdentity("checkpoint", family, prediction=_prediction(header, file))


_TEXT_ENCODER_KEYS: Mapping[str, ModelFamily] = {
    "cond_stage_model.transformer.": "sd15",
    "cond_stage_model.model.": "sd21",
    "conditioner.embedders.1.model.": "sdxl",
}
"""Where each family keeps the text encoder that tells it from the others."""


def _prediction(header: SafetensorsHeader, file: Path) -> Prediction | None:
    """From the maker's metadata, a marker tensor (SDXL), or the .yaml that A1111 reads, too."""
    told = header.metadata.get("modelspec.prediction_type", "").lower()
    if told.startswith("v") or "v_pred" in header.shapes:
        return "v_prediction"
    if told.startswith("eps"):
        return "epsilon"
    with suppress(OSError, ValueError, CorruptModelError):
        beside = read_regular_file(file.with_suffix(".yaml"), MAX_YAML).decode()
        return "v_prediction" if _V_IN_YAML.search(beside) else "epsilon"
    return None


def _lora(header: SafetensorsHeader, file: Path) -> ModelIdentity | None:
    """Kohya's keys (`lora_unet_…lora_down`) and diffusers' and peft's (`…lora_A`)."""
    downs = ("lora_down.weight", "lora_A.weight", ".lora.down.weight")
    down = next((d for d in downs if header.find_shape(d)), None)
    if down is None:
        return None
    cross = header.find_shape("attn2", "to_k", down)
    if header.has_prefix("lora_te2_") or header.has_prefix("text_encoder_2."):
        family: ModelFamily = "sdxl"
    else:
        family = _family(cross)
    return ModelIdentity("lora", family, _triggers(header.metadata))


def _controlnet(header: SafetensorsHeader, file: Path) -> ModelIdentity | None:
    original, diffusers = (
        header.has_prefix("control_model."),
        header.has_prefix("controlnet_cond_embedding"),
    )
    if not original and not diffusers:
        return None
    if header.has_prefix("add_embedding.") or header.has_prefix("control_model.label_emb."):
        return ModelIdentity("controlnet", "sdxl")
    return ModelIdentity("controlnet", _family(header.find_shape(_CROSS_ATTN_KEY)))


def _vae(header: SafetensorsHeader, file: Path) -> ModelIdentity | None:
    """An autoencoder alone; which family it belongs to its shapes do not tell."""
    inside = any(header.has_prefix(p + "decoder.conv_in.") for p in ("", "first_stage_model."))
    return ModelIdentity("vae", "unknown") if inside else None


def _family(cross: tuple[int, ...] | None) -> ModelFamily:
    """By the width of the words that cross-attention listens to."""
    return (
        FAMILY_BY_CROSS_ATTENTION_DIM.get(cross[1], "unknown")
        if cross and len(cross) > 1
        else "unknown"
    )


def _triggers(metadata: Mapping[str, str]) -> tuple[str, ...]:
    """Trigger words as modelspec has them, else the commonest tags kohya trained with."""
    if phrase := metadata.get("modelspec.trigger_phrase"):
        return tuple(word.strip() for word in phrase[:MAX_PHRASE].split(",") if word.strip())
    try:
        by_folder = json.loads(metadata.get("ss_tag_frequency", "{}"))
        counts: dict[str, int] = {}
        for tags in by_folder.values():
            for tag, count in tags.items():
                counts[tag.strip()] = counts.get(tag.strip(), 0) + int(count)
    except (ValueError, AttributeError, TypeError, OverflowError, RecursionError):
        return ()
    return tuple(sorted(counts, key=lambda tag: (-counts[tag], tag))[:5])
