"""A recipe: every parameter of one image, as one fully resolved JSON document."""

import re
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from studio.message_fields import invalid
from studio.messages import Message, message
from studio.recipes.base import FrozenModel, StoredModel
from studio.recipes.base_image import Sha256
from studio.recipes.generation.drift import DriftLock
from studio.recipes.generation.samplers import Sampler, ScheduleType, supports_schedule
from studio.recipes.text_fields import LINE, TEXT

Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
ImageDimension = Annotated[int, Field(ge=64, le=2048, multiple_of=8)]
"""Width or height in pixels; the VAE needs multiples of 8."""
MAX_RECIPE_PROMPT_CHARS = 4000
"""Length of the prompts of a recipe and of a theme."""
Prompt = Annotated[str, Field(max_length=MAX_RECIPE_PROMPT_CHARS), TEXT]
RecipeName = Annotated[str, Field(max_length=40), LINE]

ModelType = Literal[
    "checkpoint", "vae", "controlnet", "lora", "detector", "ip_adapter", "image_encoder"
]

KIND_NAMES: Mapping[ModelType, Message] = {
    "checkpoint": message("model.kind_checkpoint"),
    "vae": message("model.kind_vae"),
    "controlnet": message("model.kind_controlnet"),
    "lora": message("model.kind_lora"),
    "detector": message("model.kind_detector"),
    "ip_adapter": message("model.kind_ip_adapter"),
    "image_encoder": message("model.kind_image_encoder"),
}
"""Translated names of the model types."""

Preprocessor = Literal["scribble", "lineart", "lineart_standard", "canny", "pose", "none"]
ControlSource = Literal["doodle", "composite", "base", "image"]
ControlMode = Literal["Balanced", "My prompt is more important", "ControlNet is more important"]
ResizeMode = Literal["Just Resize", "Crop and Resize", "Resize and Fill"]

MAX_MODEL_NAME = 200
"""Characters of a model's name: the width of the job table's column."""
MAX_REFERENCES = 4
"""References of one recipe."""
MAX_LORAS = 8
"""LoRAs of one recipe, including those from tags in its prompts."""
_INVISIBLE = r"\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
"""Control characters, bidirectional marks, line separators, and lone surrogates."""
MODEL_NAME = rf"^[^./\\{_INVISIBLE}][^/\\{_INVISIBLE}]{{0,{MAX_MODEL_NAME - 1}}}$"
"""Any file name in any script, without path separators, a leading dot, or invisible characters."""


def is_model_name(name: str) -> bool:
    """Whether `name` can be used in a recipe; the catalog does not offer files with other names."""
    return re.fullmatch(MODEL_NAME, name) is not None


def _model_name(name: str) -> str:
    if not is_model_name(name):
        raise invalid("model.name_invalid", most=MAX_MODEL_NAME)
    return name


ModelName = Annotated[
    str,
    Field(json_schema_extra={"pattern": MODEL_NAME}),
    AfterValidator(_model_name),
]

PROMPT_PLACEHOLDER = "{prompt}"
"""Replaced by the user's and the theme's prompt in a recipe's template."""


class ModelRef(FrozenModel):
    """A reference to a model by name and by the hash of its weights; without a hash any file of that name."""

    name: ModelName
    sha256: Sha256 | None = None


class LoraSettings(FrozenModel):
    """A LoRA and its weight; 0 switches it off."""

    model: ModelRef
    weight: Annotated[float, Field(ge=-2.0, le=2.0)] = 1.0


class ControlUnit(StoredModel):
    """A ControlNet with its input and weight, in the terms of A1111's ControlNet extension.

    Attributes:
        preprocessor: makes the control map from `source`. `pose` always uses the base image's
            keypoints. `scribble` and `lineart` draw the borders between the doodle's colors;
            `lineart_standard` and `canny` are A1111's, for photos and drawings.
        image_sha256: hash of the operator's image where `source` is "image".
        mode: whether the prompt or the control map takes precedence (control mode).
        start: step at which the unit starts, as a fraction of all steps (starting control step).
        end: step at which the unit ends, as a fraction of all steps (ending control step).
    """

    model: ModelRef
    preprocessor: Preprocessor
    source: ControlSource = "doodle"
    image_sha256: Sha256 | None = None
    resize_mode: ResizeMode = "Just Resize"
    mode: ControlMode = "Balanced"
    weight: Annotated[float, Field(ge=0.0, le=2.0)] = 1.0
    start: Fraction = 0.0
    end: Fraction = 1.0

    @property
    def is_active(self) -> bool:
        """Whether the unit has a weight and at least one step."""
        return self.weight > 0 and self.start < self.end

    @model_validator(mode="after")
    def _validate_step_range(self) -> Self:
        if self.start > self.end:
            raise invalid("recipe.control_steps_reversed", start=str(self.start), end=str(self.end))
        if self.source == "image" and self.image_sha256 is None and self.preprocessor != "pose":
            raise invalid("recipe.control_image_missing", unit=self.model.name)
        return self


ReferencePurpose = Literal["style", "composition", "garment", "face"]


def _require_image(sha256: Sha256 | None) -> Sha256:
    if sha256 is None:
        raise invalid("recipe.reference_image_missing")
    return sha256


ReferenceImage = Annotated[
    Sha256 | None, AfterValidator(_require_image), Field(validate_default=True)
]
"""None is refused with a sentence of its own: editors add a reference before its image."""


class Reference(StoredModel):
    """An image that a render resembles, by an IP-Adapter (Ye et al., 2023).

    Attributes:
        model: the IP-Adapter.
        image_encoder: what encodes the image for it; None takes the installed one that fits.
        image_sha256: hash of the operator's image.
        purpose: what is taken from the image. "style" and "composition" act on the attention blocks that
            carry them (InstantStyle, Wang et al., 2024), "garment" and "face" on all. IP-Adapters
            for faces are models of their own.
        weight: the adapter's scale; 0 switches the reference off.
        start: step at which the reference starts, as a fraction of all steps.
        end: step at which the reference ends, as a fraction of all steps.
    """

    model: ModelRef
    image_encoder: ModelRef | None = None
    image_sha256: ReferenceImage = None
    purpose: ReferencePurpose = "style"
    weight: Annotated[float, Field(ge=0.0, le=2.0)] = 0.6
    start: Fraction = 0.0
    end: Fraction = 1.0

    @property
    def is_active(self) -> bool:
        """Whether the reference has a weight and at least one step."""
        return self.weight > 0 and self.start < self.end

    @model_validator(mode="after")
    def _validate_step_range(self) -> Self:
        if self.start > self.end:
            raise invalid(
                "recipe.reference_steps_reversed", start=str(self.start), end=str(self.end)
            )
        return self


class HiresFix(StoredModel):
    """A second img2img pass over the upscaled image (A1111's "Hires. fix").

    `Latent` upscales the latents of the first pass, `Lanczos` the decoded image. `steps` 0 means
    as many as in the first pass.
    """

    enabled: bool = False
    upscaler: Literal["Latent", "Lanczos"] = "Latent"
    scale_factor: Annotated[float, Field(ge=1.0, le=4.0)] = 2.0
    steps: Annotated[int, Field(ge=0, le=150)] = 0
    denoising_strength: Fraction = 0.7


class FaceRestoration(StoredModel):
    """An inpainting pass over each face at a larger size (as ADetailer does).

    `padding` is added around the face, and `mask_blur` softens the edge of the mask; both are in
    pixels of the image. `render_size` is the side length in pixels at which a face is rendered.
    """

    enabled: bool = False
    denoising_strength: Fraction = 0.4
    padding: Annotated[int, Field(ge=0, le=256)] = 32
    mask_blur: Annotated[int, Field(ge=0, le=64)] = 4
    render_size: ImageDimension = 512


MAX_GROW = 256
"""Pixels by which the area of a mask may grow."""
MaskArea = Literal["off", "doodle", "garment", "both"]


class MaskSettings(StoredModel):
    """What of the base image may change; outside of it the image has the base image's pixels.

    Attributes:
        area: "off" renders everything anew; "doodle" only what the doodle covers, "garment" the base
            image's clothes zone, "both" doodle and clothes zone. Its protected zone never changes,
            unless the area is "off".
        grow: pixels of the image by which the area grows on each side.
        feather: pixels over which the render fades in, from the edge of the grown area inwards.
        keep_face: the face does not change, also where the area covers it. Its place is known by the
            base image's keypoints.
        keep_hands: likewise.
    """

    area: MaskArea = "off"
    grow: Annotated[int, Field(ge=0, le=MAX_GROW)] = 16
    feather: Annotated[int, Field(ge=0, le=64)] = 8
    keep_face: bool = False
    keep_hands: bool = False

    @property
    def needs_clothes_zone(self) -> bool:
        """Whether the area is part of the base image's clothes zone."""
        return self.area in ("garment", "both")

    @property
    def needs_keypoints(self) -> bool:
        """Whether parts are kept whose place only the base image's keypoints tell."""
        return self.area != "off" and (self.keep_face or self.keep_hands)


class SeedPolicy(StoredModel):
    """The seed of a recipe: the request's (shared), the request's plus `value` (offset), or `value` (fixed)."""

    mode: Literal["shared", "offset", "fixed"] = "shared"
    value: Annotated[int, Field(ge=0, le=2**32 - 1)] = 0

    def resolve(self, request_seed: int) -> int:
        """The seed to render with, 0 to 2**32 - 1; offsets wrap around."""
        if self.mode == "fixed":
            return self.value
        return (request_seed + (self.value if self.mode == "offset" else 0)) % 2**32


class Recipe(StoredModel):
    """Every parameter of one image. A feature that is off is stored as off, never omitted.

    Names, ranges and defaults are A1111's, where it has them.

    Attributes:
        name: for operators ("Ink, faithful"); decides no pixel. Empty where it has none.
        vae: None uses the base model's own.
        guidance_scale: classifier-free guidance scale (CFG scale).
        guidance_rescale: how far guidance is scaled back to the contrast of the prompt alone
            (phi of Lin et al., 2023, section 3.4); 0 is off.
        guidance_end_fraction: fraction of the steps after which classifier-free guidance is
            switched off, which nearly halves the cost of a step.
        clip_skip: 1 uses the last layer of the text encoder.
        deepcache_interval: the UNet's deep layers run only every so many steps (DeepCache); 1 runs
            them always. Larger intervals are faster and less exact.
        denoising_strength: 0 returns the initial image, 1 ignores it.
        drift_lock: whether drift against the base image is recorded, or undone as well.
    """

    format: Literal["doodle-theme-studio/recipe"] = Field(
        "doodle-theme-studio/recipe", alias="schema"
    )
    version: Literal[2] = 2
    name: RecipeName = ""
    base_model: ModelRef
    vae: ModelRef | None = None
    sampler: Sampler = "Euler"
    schedule_type: ScheduleType = "Automatic"
    steps: Annotated[int, Field(ge=1, le=150)] = 20
    guidance_scale: Annotated[float, Field(ge=1.0, le=30.0)] = 7.0
    guidance_rescale: Fraction = 0.0
    guidance_end_fraction: Fraction = 1.0
    clip_skip: Annotated[int, Field(ge=1, le=12)] = 1
    deepcache_interval: Annotated[int, Field(ge=1, le=10)] = 1
    denoising_strength: Fraction = 0.75
    width: ImageDimension = 512
    height: ImageDimension = 512
    prompt_template: Prompt = PROMPT_PLACEHOLDER
    negative_prompt: Prompt = ""
    loras: Annotated[tuple[LoraSettings, ...], Field(max_length=MAX_LORAS)] = ()
    control_units: Annotated[tuple[ControlUnit, ...], Field(max_length=8)] = ()
    references: Annotated[tuple[Reference, ...], Field(max_length=MAX_REFERENCES)] = ()
    mask: MaskSettings = MaskSettings()
    drift_lock: DriftLock = "off"
    upscale: HiresFix = HiresFix()
    face_repair: FaceRestoration = FaceRestoration()
    seed_policy: SeedPolicy = SeedPolicy()

    @property
    def control_image_hashes(self) -> tuple[Sha256, ...]:
        """Hashes of the operator's images that control units and references use."""
        units = (unit for unit in self.control_units if unit.source == "image")
        hashes = [unit.image_sha256 for unit in units]
        hashes += [reference.image_sha256 for reference in self.references]
        return tuple(sha256 for sha256 in hashes if sha256 is not None)

    @property
    def model_refs(self) -> tuple[tuple[ModelType, ModelRef], ...]:
        """Every model that the recipe references, also where it is switched off."""
        refs: list[tuple[ModelType, ModelRef]] = [("checkpoint", self.base_model)]
        if self.vae is not None:
            refs.append(("vae", self.vae))
        refs += [("lora", lora.model) for lora in self.loras]
        refs += [("controlnet", unit.model) for unit in self.control_units]
        for reference in self.references:
            refs.append(("ip_adapter", reference.model))
            if reference.image_encoder is not None:
                refs.append(("image_encoder", reference.image_encoder))
        return tuple(refs)

    @property
    def needs_keypoints(self) -> bool:
        """Whether the recipe needs a base image with keypoints: for a pose, or for its mask."""
        poses = (unit.is_active and unit.preprocessor == "pose" for unit in self.control_units)
        return self.mask.needs_keypoints or any(poses)

    @model_validator(mode="after")
    def _validate(self) -> Self:
        if not supports_schedule(self.sampler, self.schedule_type):
            raise invalid(
                "recipe.schedule_unfit", sampler=self.sampler, schedule=self.schedule_type
            )
        if self.prompt_template.count(PROMPT_PLACEHOLDER) > 1:
            raise invalid("recipe.prompt_place_repeated", place=PROMPT_PLACEHOLDER)
        return self
