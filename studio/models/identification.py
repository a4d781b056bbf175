"""Identifies the model in a safetensors file by the names and shapes of its tensors."""

import json
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from studio.errors import CorruptModelError, IncompatibleModelError
from studio.messages import Message, message
from studio.models.ip_adapter_layout import is_ip_adapter, read_layout
from studio.models.safetensors_file import SafetensorsHeader, not_safetensors, read_header
from studio.models.types import FAMILY_BY_CROSS_ATTENTION_DIM, ModelFamily, Prediction
from studio.models.weights import read_regular_file
from studio.recipes.generation.recipe import ModelType

MAX_PHRASE = 1000
"""Characters of a LoRA's trigger phrase that are read."""
MAX_YAML = 2**20
"""Bytes of a checkpoint's .yaml sidecar; real ones have two kilobytes."""

_UNET = "model.diffusion_model."
_UNION_KEYS = (
    "task_embedding",
    "control_add_embedding.",
    "transformer_layes.",
    "spatial_ch_projs.",
)
"""Weights that only a ControlNet-Union has; the third is really spelt so."""
_CROSS_ATTN_KEY = "attn2.to_k.weight"
_V_PREDICTION_YAML = re.compile(r"""parameterization:\s*["']?v\b""")


@dataclass(frozen=True)
class ModelIdentity:
    """What a file contains: type and family; a LoRA's trigger words and a base model's prediction type,
    where they are known."""

    kind: ModelType
    family: ModelFamily
    trigger_words: tuple[str, ...] = ()
    prediction_type: Prediction | None = None


def identify_model(file: Path) -> ModelIdentity:
    """Type and family of the model in a single file.

    Raises:
        CorruptModelError: the file is not a complete safetensors file.
        IncompatibleModelError: the studio cannot use it, such as an inpainting model, a textual inversion, or
            an unknown layout.
    """
    header = read_header(file)
    if is_ip_adapter(header.shapes):
        return ModelIdentity("ip_adapter", read_layout(header.shapes, file.name).family)
    reject_controlnet_union(header.shapes, file.name)
    _reject_other_conditioning(header, file)
    for identify in (_identify_checkpoint, _identify_lora, _identify_controlnet, _identify_vae):
        identity = identify(header, file)
        if identity is not None:
            return identity
    raise IncompatibleModelError("model.layout_unknown", file=file.name)


def reject_controlnet_union(names: Iterable[str], label: str | Message) -> None:
    """Raises IncompatibleModelError for a ControlNet-Union.

    Its weights' names identify it: its configuration may say ControlNetModel. Without its task embedding
    it would render wrong images silently.

    Args:
        names: names of the weights.
        label: what the model is, for the error message.
    """
    if any(name.startswith(_UNION_KEYS) for name in names):
        raise IncompatibleModelError("model.is_controlnet_union", what=label)


def _reject_other_conditioning(header: SafetensorsHeader, file: Path) -> None:
    """Raises IncompatibleModelError for what conditions a model but is no plain ControlNet."""
    for prefix, what in _OTHER_CONDITIONING.items():
        if header.has_prefix(prefix):
            raise IncompatibleModelError("model.is_other_conditioning", file=file.name, what=what)


_OTHER_CONDITIONING: Mapping[str, Message] = {
    "lora_controlnet": message("model.control_lora"),
    "lllite_unet_": message("model.controlnet_lllite"),
    # Stable Diffusion 3, Flux and others, in diffusers' layout and in XLabs'.
    "controlnet_blocks.": message("model.transformer_controlnet"),
    "adapter.body.": message("model.t2i_adapter"),
    "body.0.": message("model.t2i_adapter"),
}
"""Names of models that are no ControlNets, by the beginning of a weight's name in the layouts that
are published."""


def _identify_checkpoint(header: SafetensorsHeader, file: Path) -> ModelIdentity | None:
    if not header.has_prefix(_UNET):
        if header.has_prefix("double_blocks.") or header.has_prefix("joint_blocks."):
            raise IncompatibleModelError("model.transformer_alone", file=file.name)
        return None
    if header.has_prefix(f"{_UNET}joint_blocks."):
        raise IncompatibleModelError("model.sd3_single_file", file=file.name)
    _check_input_channels(header, file)
    if header.has_prefix("edm_"):
        raise IncompatibleModelError("model.edm_sampling", what=file.name)
    for prefix, family in _FAMILY_BY_TEXT_ENCODER.items():
        if header.has_prefix(prefix):
            prediction_type = _read_prediction_type(header, file)
            return ModelIdentity("checkpoint", family, prediction_type=prediction_type)
    raise IncompatibleModelError("model.text_encoder_missing", file=file.name)


_FAMILY_BY_TEXT_ENCODER: Mapping[str, ModelFamily] = {
    "cond_stage_model.transformer.": "sd15",
    "cond_stage_model.model.": "sd21",
    "conditioner.embedders.1.model.": "sdxl",
}
"""Families by the prefix of their text encoder's weights, which differs between them."""


def _check_input_channels(header: SafetensorsHeader, file: Path) -> None:
    """Refuses inpainting and other models whose UNet has more inputs than the 4 latent channels."""
    shape = header.shapes.get(f"{_UNET}input_blocks.0.0.weight")
    if shape is not None and len(shape) < 2:
        raise not_safetensors(file, message("model.first_layer_shape", shape=str(shape)))
    if shape is not None and shape[1] != 4:
        raise IncompatibleModelError("model.is_inpainting", file=file.name, channels=shape[1])


def _read_prediction_type(header: SafetensorsHeader, file: Path) -> Prediction | None:
    """From the file's metadata, a marker tensor (SDXL), or the .yaml sidecar that A1111 reads, too."""
    value = header.metadata.get("modelspec.prediction_type", "").lower()
    if value.startswith("v") or "v_pred" in header.shapes:
        return "v_prediction"
    if value.startswith("eps"):
        return "epsilon"
    with suppress(OSError, ValueError, CorruptModelError):
        sidecar = read_regular_file(file.with_suffix(".yaml"), MAX_YAML).decode()
        return "v_prediction" if _V_PREDICTION_YAML.search(sidecar) else "epsilon"
    return None


def _identify_lora(header: SafetensorsHeader, _: Path) -> ModelIdentity | None:
    """LoRAs with the key names of kohya (`lora_unet_…lora_down`), diffusers, or peft (`…lora_A`)."""
    downs = ("lora_down.weight", "lora_A.weight", ".lora.down.weight")
    down = next((d for d in downs if header.find_shape(d)), None)
    if down is None:
        return None
    cross_attention = header.find_shape("attn2", "to_k", down)
    if header.has_prefix("lora_te2_") or header.has_prefix("text_encoder_2."):
        family: ModelFamily = "sdxl"
    else:
        family = _family_of(cross_attention)
    return ModelIdentity("lora", family, _read_trigger_words(header.metadata))


def _identify_controlnet(header: SafetensorsHeader, _: Path) -> ModelIdentity | None:
    """ControlNets in diffusers' layout and in the original one, with `control_model.` or without."""
    if not any(
        map(header.has_prefix, ("control_model.", "zero_convs.", "controlnet_cond_embedding"))
    ):
        return None
    if any(map(header.has_prefix, ("add_embedding.", "control_model.label_emb.", "label_emb."))):
        return ModelIdentity("controlnet", "sdxl")
    return ModelIdentity("controlnet", _family_of(header.find_shape(_CROSS_ATTN_KEY)))


def _identify_vae(header: SafetensorsHeader, _: Path) -> ModelIdentity | None:
    """A single autoencoder; its shapes do not show which family it belongs to."""
    is_vae = any(header.has_prefix(p + "decoder.conv_in.") for p in ("", "first_stage_model."))
    return ModelIdentity("vae", "unknown") if is_vae else None


def _family_of(weight_shape: tuple[int, ...] | None) -> ModelFamily:
    """The family by the shape of a cross-attention weight, (inner dim, cross-attention dim)."""
    if weight_shape is None or len(weight_shape) < 2:
        return "unknown"
    return FAMILY_BY_CROSS_ATTENTION_DIM.get(weight_shape[1], "unknown")


def _read_trigger_words(metadata: Mapping[str, str]) -> tuple[str, ...]:
    """The trigger phrase of modelspec, otherwise the five most frequent tags of kohya's training captions."""
    if phrase := metadata.get("modelspec.trigger_phrase"):
        return tuple(word.strip() for word in phrase[:MAX_PHRASE].split(",") if word.strip())
    try:
        tags_by_dir = json.loads(metadata.get("ss_tag_frequency", "{}"))
        counts: dict[str, int] = {}
        for tags in tags_by_dir.values():
            for tag, count in tags.items():
                counts[tag.strip()] = counts.get(tag.strip(), 0) + int(count)
    except (ValueError, AttributeError, TypeError, OverflowError, RecursionError):
        return ()
    return tuple(sorted(counts, key=lambda tag: (-counts[tag], tag))[:5])
