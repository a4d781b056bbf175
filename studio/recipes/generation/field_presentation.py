"""How the fields of a recipe are shown: sections, labels, choices, sliders. A table; ranges are the schema's (`recipe_fields`).

Texts are named by id.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from studio.recipes.generation.recipe import ModelType

Section = Literal[
    "model",
    "denoising",
    "structure",
    "references",
    "mask",
    "prompt",
    "output",
    "upscale",
    "face_repair",
]
FieldValue = str | int | float | bool | None

SECTIONS: Mapping[Section, str] = {
    "model": "recipe.section_model",
    "denoising": "recipe.section_denoising",
    "structure": "recipe.section_structure",
    "references": "recipe.section_references",
    "mask": "recipe.section_mask",
    "prompt": "recipe.section_prompt",
    "output": "recipe.section_output",
    "upscale": "recipe.hires_fix",
    "face_repair": "recipe.face_repair",
}
"""Text ids of the sections, in the order in which they are shown."""
STEP_FIELDS: Mapping[Section, tuple[tuple[str, ...], str]] = {
    "denoising": (("steps",), "denoising_strength"),
    "upscale": (("upscale.steps", "steps"), "upscale.denoising_strength"),
    "face_repair": (("steps",), "face_repair.denoising_strength"),
}
"""What the steps of a section's pass are made of: steps (the first field that is not 0), times the strength,
rounded down as the engine does (`effective_steps`)."""


@dataclass(frozen=True)
class HiddenWhen:
    """The field is without effect, and hidden, while the field at `path` has one of `values`."""

    path: str
    values: tuple[FieldValue, ...]


@dataclass(frozen=True)
class Presentation:
    """How a field is shown; ids are those of texts.

    Attributes:
        choices: text ids of the values that need one; the others are shown as they are.
        slider_maximum: the end of the slider, where few recipes go up to the maximum.
        step: of the slider; None for a field without one.
        lines: of a text field.
    """

    section: Section
    label: str
    help: str
    choices: Mapping[str, str] = field(default_factory=dict)
    hidden_when: tuple[HiddenWhen, ...] = ()
    model: ModelType | None = None
    slider_maximum: float | None = None
    step: float | None = None
    unit: str = ""
    lines: int = 1


_PREPROCESSORS: Mapping[str, str] = {
    "scribble": "studio.preprocessor_scribble",
    "lineart": "studio.preprocessor_lineart",
    "lineart_standard": "studio.preprocessor_lineart_standard",
    "canny": "studio.preprocessor_canny",
    "pose": "studio.preprocessor_pose",
    "none": "studio.preprocessor_none",
}
_SOURCES: Mapping[str, str] = {
    "doodle": "studio.source_doodle",
    "composite": "studio.source_composite",
    "base": "studio.source_base",
    "image": "studio.source_image",
}
_CONTROL_MODES: Mapping[str, str] = {
    "Balanced": "recipe.mode_balanced",
    "My prompt is more important": "recipe.mode_prompt",
    "ControlNet is more important": "recipe.mode_control",
}
_RESIZE_MODES: Mapping[str, str] = {
    "Just Resize": "recipe.resize_just",
    "Crop and Resize": "recipe.resize_crop",
    "Resize and Fill": "recipe.resize_fill",
}
_SEED_MODES: Mapping[str, str] = {
    "shared": "studio.seed_policy_shared",
    "offset": "studio.seed_policy_offset",
    "fixed": "studio.seed_policy_fixed",
}
_OF_POSE = HiddenWhen("control_units.*.preprocessor", ("pose",))
_WITHOUT_IMAGE = HiddenWhen("control_units.*.source", ("doodle", "composite", "base"))
_PURPOSES: Mapping[str, str] = {
    "style": "recipe.purpose_style",
    "composition": "recipe.purpose_composition",
    "garment": "recipe.purpose_garment",
    "face": "recipe.purpose_face",
}
_MASK_AREAS: Mapping[str, str] = {
    "off": "recipe.mask_area_off",
    "doodle": "recipe.mask_area_doodle",
    "garment": "recipe.mask_area_garment",
    "both": "recipe.mask_area_both",
}
_DRIFT_LOCKS: Mapping[str, str] = {
    "off": "recipe.drift_lock_off",
    "measure": "recipe.drift_lock_measure",
    "correct": "recipe.drift_lock_correct",
}
_NO_MASK = (HiddenWhen("mask.area", ("off",)),)
_NO_UPSCALE = (HiddenWhen("upscale.enabled", (False,)),)
_NO_FACE_REPAIR = (HiddenWhen("face_repair.enabled", (False,)),)
_SHARED_SEED = (HiddenWhen("seed_policy.mode", ("shared",)),)

PRESENTATION: Mapping[str, Presentation] = {
    "name": Presentation("model", "recipe.name", "recipe.help_name"),
    "base_model": Presentation(
        "model", "recipe.base_model", "recipe.help_base_model", model="checkpoint"
    ),
    "vae": Presentation("model", "recipe.vae", "recipe.help_vae", model="vae"),
    "loras.*.model": Presentation("model", "recipe.lora", "recipe.help_lora", model="lora"),
    "loras.*.weight": Presentation("model", "recipe.weight", "recipe.help_lora_weight", step=0.05),
    "denoising_strength": Presentation(
        "denoising", "recipe.strength", "recipe.help_strength", step=0.01
    ),
    "steps": Presentation(
        "denoising", "recipe.steps", "recipe.help_steps", slider_maximum=50, step=1
    ),
    "guidance_scale": Presentation(
        "denoising",
        "recipe.guidance_scale",
        "recipe.help_guidance_scale",
        slider_maximum=15,
        step=0.5,
    ),
    "sampler": Presentation("denoising", "recipe.sampler", "recipe.help_sampler"),
    "schedule_type": Presentation("denoising", "recipe.schedule_type", "recipe.help_schedule_type"),
    "guidance_end_fraction": Presentation(
        "denoising", "recipe.guidance_end", "recipe.help_guidance_end", step=0.01
    ),
    "guidance_rescale": Presentation(
        "denoising", "recipe.guidance_rescale", "recipe.help_guidance_rescale", step=0.01
    ),
    "clip_skip": Presentation("denoising", "recipe.clip_skip", "recipe.help_clip_skip", step=1),
    "deepcache_interval": Presentation(
        "denoising", "recipe.deep_cache", "recipe.help_deep_cache", step=1
    ),
    "control_units.*.model": Presentation(
        "structure", "recipe.control_unit", "recipe.help_control_unit", model="controlnet"
    ),
    "control_units.*.weight": Presentation(
        "structure", "recipe.weight", "recipe.help_control_weight", step=0.05
    ),
    "control_units.*.preprocessor": Presentation(
        "structure", "recipe.preprocessor", "recipe.help_preprocessor", _PREPROCESSORS
    ),
    "control_units.*.source": Presentation(
        "structure", "recipe.control_source", "recipe.help_control_source", _SOURCES, (_OF_POSE,)
    ),
    "control_units.*.image_sha256": Presentation(
        "structure",
        "recipe.control_image",
        "recipe.help_control_image",
        hidden_when=(_OF_POSE, _WITHOUT_IMAGE),
    ),
    "control_units.*.start": Presentation(
        "structure", "recipe.control_start", "recipe.help_control_start", step=0.01
    ),
    "control_units.*.end": Presentation(
        "structure", "recipe.control_end", "recipe.help_control_end", step=0.01
    ),
    "control_units.*.mode": Presentation(
        "structure", "recipe.control_mode", "recipe.help_control_mode", _CONTROL_MODES
    ),
    "control_units.*.resize_mode": Presentation(
        "structure", "recipe.resize_mode", "recipe.help_resize_mode", _RESIZE_MODES
    ),
    "references.*.model": Presentation(
        "references", "recipe.ip_adapter", "recipe.help_ip_adapter", model="ip_adapter"
    ),
    "references.*.image_sha256": Presentation(
        "references", "recipe.reference_image", "recipe.help_reference_image"
    ),
    "references.*.purpose": Presentation(
        "references", "recipe.purpose", "recipe.help_purpose", _PURPOSES
    ),
    "references.*.weight": Presentation(
        "references", "recipe.weight", "recipe.help_reference_weight", step=0.05
    ),
    "references.*.start": Presentation(
        "references", "recipe.reference_start", "recipe.help_reference_start", step=0.01
    ),
    "references.*.end": Presentation(
        "references", "recipe.reference_end", "recipe.help_reference_end", step=0.01
    ),
    "references.*.image_encoder": Presentation(
        "references", "recipe.image_encoder", "recipe.help_image_encoder", model="image_encoder"
    ),
    "mask.area": Presentation("mask", "recipe.mask_area", "recipe.help_mask_area", _MASK_AREAS),
    "mask.grow": Presentation(
        "mask",
        "recipe.mask_grow",
        "recipe.help_mask_grow",
        hidden_when=_NO_MASK,
        slider_maximum=64,
        step=1,
        unit="recipe.unit_px",
    ),
    "mask.feather": Presentation(
        "mask",
        "recipe.mask_feather",
        "recipe.help_mask_feather",
        hidden_when=_NO_MASK,
        step=1,
        unit="recipe.unit_px",
    ),
    "mask.keep_face": Presentation(
        "mask", "recipe.mask_keep_face", "recipe.help_mask_keep", hidden_when=_NO_MASK
    ),
    "mask.keep_hands": Presentation(
        "mask", "recipe.mask_keep_hands", "recipe.help_mask_keep", hidden_when=_NO_MASK
    ),
    "drift_lock": Presentation("mask", "recipe.drift_lock", "recipe.help_drift_lock", _DRIFT_LOCKS),
    "prompt_template": Presentation(
        "prompt", "recipe.prompt_template", "recipe.help_prompt_template", lines=3
    ),
    "negative_prompt": Presentation(
        "prompt", "recipe.negative_prompt", "recipe.help_negative_prompt", lines=2
    ),
    "width": Presentation(
        "output",
        "recipe.width",
        "recipe.help_size",
        slider_maximum=1024,
        step=8,
        unit="recipe.unit_px",
    ),
    "height": Presentation(
        "output",
        "recipe.height",
        "recipe.help_size",
        slider_maximum=1024,
        step=8,
        unit="recipe.unit_px",
    ),
    "seed_policy.mode": Presentation(
        "output", "recipe.seed_policy", "recipe.help_seed_policy", _SEED_MODES
    ),
    "seed_policy.value": Presentation(
        "output", "studio.seed_value", "recipe.help_seed_value", hidden_when=_SHARED_SEED
    ),
    "upscale.enabled": Presentation("upscale", "recipe.hires_fix", "recipe.help_hires_fix"),
    "upscale.upscaler": Presentation(
        "upscale", "studio.upscaler", "recipe.help_upscaler", hidden_when=_NO_UPSCALE
    ),
    "upscale.scale_factor": Presentation(
        "upscale", "studio.upscale_by", "recipe.help_upscale_by", {}, _NO_UPSCALE, step=0.05
    ),
    "upscale.steps": Presentation(
        "upscale",
        "studio.hires_steps",
        "recipe.help_hires_steps",
        hidden_when=_NO_UPSCALE,
        slider_maximum=50,
        step=1,
    ),
    "upscale.denoising_strength": Presentation(
        "upscale", "recipe.strength", "recipe.help_strength", {}, _NO_UPSCALE, step=0.01
    ),
    "face_repair.enabled": Presentation(
        "face_repair", "recipe.face_repair", "recipe.help_face_repair"
    ),
    "face_repair.denoising_strength": Presentation(
        "face_repair", "recipe.strength", "recipe.help_strength", {}, _NO_FACE_REPAIR, step=0.01
    ),
    "face_repair.render_size": Presentation(
        "face_repair",
        "studio.face_size",
        "recipe.help_face_size",
        hidden_when=_NO_FACE_REPAIR,
        slider_maximum=1024,
        step=8,
        unit="recipe.unit_px",
    ),
    "face_repair.padding": Presentation(
        "face_repair",
        "studio.face_padding",
        "recipe.help_face_padding",
        hidden_when=_NO_FACE_REPAIR,
        step=1,
        unit="recipe.unit_px",
    ),
    "face_repair.mask_blur": Presentation(
        "face_repair",
        "studio.mask_blur",
        "recipe.help_mask_blur",
        hidden_when=_NO_FACE_REPAIR,
        step=1,
        unit="recipe.unit_px",
    ),
}
"""By path, in the order in which they are shown; `*` stands for each item of a list."""
ABSENT: Mapping[str, str] = {
    "schema": "identifies the file format",
    "version": "identifies the file format",
}
"""Fields that are shown nowhere, and why."""
