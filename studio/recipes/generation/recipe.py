"""A recipe: every parameter of one picture, as one fully resolved JSON document."""

import re
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from studio.message_fields import invalid
from studio.messages import Message, message
from studio.recipes.base import FrozenModel, StoredModel
from studio.recipes.base_image import Sha256
from studio.recipes.generation.samplers import Sampler, ScheduleType, supports_schedule
from studio.recipes.text_fields import TEXT

Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
ImageDimension = Annotated[int, Field(ge=64, le=2048, multiple_of=8)]
Prompt = Annotated[str, Field(max_length=4000), TEXT]

ModelType = Literal["checkpoint", "vae", "controlnet", "lora", "detector"]

KIND_NAMES: Mapping[ModelType, Message] = {
    "checkpoint": message("model.kind_checkpoint"),
    "vae": message("model.kind_vae"),
    "controlnet": message("model.kind_controlnet"),
    "lora": message("model.kind_lora"),
    "detector": message("model.kind_detector"),
}
"""What a person reads of a kind."""

Preprocessor = Literal["scribble", "lineart", "lineart_standard", "canny", "pose", "none"]
ControlSource = Literal["doodle", "composite", "base", "image"]
ControlMode = Literal["Balanced", "My prompt is more important", "ControlNet is more important"]
ResizeMode = Literal["Just Resize", "Crop and Resize", "Resize and Fill"]

MAX_MODEL_NAME = 200
"""Characters: as many as the job table keeps."""
MAX_LORAS = 8
"""LoRAs of one recipe, those that its prompts call counted."""
_UNSEEN = r"\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
"""Control characters, marks that turn the direction of a line, line ends, halves of characters."""
MODEL_NAME = rf"^[^./\\{_UNSEEN}][^/\\{_UNSEEN}]{{0,{MAX_MODEL_NAME - 1}}}$"
"""Whatever a file may be called, in any script: no path, nothing hidden, one line."""


def is_model_name(name: str) -> bool:
    """Whether a recipe can name a model so; a file of another name is not offered."""
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
"""Where a recipe's template takes the theme's prompt and the user's words."""


class ModelRef(FrozenModel):
    """A model by name and by the hash of its weights; without a hash any file of that name."""

    name: ModelName
    sha256: Sha256 | None = None


class LoraSettings(FrozenModel):
    """One LoRA plugged in for one picture; 0 switches it off."""

    model: ModelRef
    weight: Annotated[float, Field(ge=-2.0, le=2.0)] = 1.0


class ControlUnit(StoredModel):
    """One ControlNet plugged in for one picture: what it sees and how strongly it speaks.

    The preprocessor makes its map of `source`; `pose` always reads the clean base image's
    keypoints. `scribble` and `lineart` see where colours meet, `lineart_standard` and `canny`
    are those of A1111, for pictures. `picture` is the hash of an own one, where `source` says so. `mode` says whom to believe where prompt and map disagree. `start` and `end` are
    shares of the steps. Names are those of A1111's ControlNet extension.
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
        return self.weight > 0 and self.start < self.end

    @model_validator(mode="after")
    def _validate_step_range(self) -> Self:
        if self.start > self.end:
            raise invalid("recipe.control_steps_reversed", start=str(self.start), end=str(self.end))
        if self.source == "image" and self.image_sha256 is None and self.preprocessor != "pose":
            raise invalid("recipe.control_image_missing", unit=self.model.name)
        return self


class HiresFix(StoredModel):
    """A second pass over the enlarged picture (A1111's "Hires. fix").

    `Latent` enlarges what the first pass left, `Lanczos` its decoded picture. `steps` 0 takes
    as many as the first pass.
    """

    enabled: bool = False
    upscaler: Literal["Latent", "Lanczos"] = "Latent"
    scale_factor: Annotated[float, Field(ge=1.0, le=4.0)] = 2.0
    steps: Annotated[int, Field(ge=0, le=150)] = 0
    denoising_strength: Fraction = 0.7


class FaceRestoration(StoredModel):
    """Faces drawn once more, each alone and large, and put back (as ADetailer does).

    `padding` is what of the surroundings is shown with a face and `blur` how softly its edge
    is put back, in pixels of the picture; `size` is the side it is drawn at.
    """

    enabled: bool = False
    denoising_strength: Fraction = 0.4
    padding: Annotated[int, Field(ge=0, le=256)] = 32
    mask_blur: Annotated[int, Field(ge=0, le=64)] = 4
    render_size: ImageDimension = 512


class SeedPolicy(StoredModel):
    """Which seed a recipe draws with: the request's own, the request's plus `value`, or `value`."""

    mode: Literal["shared", "offset", "fixed"] = "shared"
    value: Annotated[int, Field(ge=0, le=2**32 - 1)] = 0

    def resolve(self, of_request: int) -> int:
        if self.mode == "fixed":
            return self.value
        return (of_request + (self.value if self.mode == "offset" else 0)) % 2**32


class Recipe(StoredModel):
    """Every parameter of one picture. What is off is stored as off, never left out.

    Names, ranges and defaults are A1111's, where it has them. `vae` is None for the base
    model's own. Strength 0 returns the start picture, 1 forgets it. Guidance beyond
    `guidance_end` (a share of the steps) is left out, which nearly halves their cost.
    `clip_skip` 1 listens to the text encoder's last layer. `deep_cache` runs the UNet's deep
    layers only every so many steps (1: always), which is quicker and less exact.
    """

    format: Literal["doodle-theme-studio/recipe"] = Field(
        "doodle-theme-studio/recipe", alias="schema"
    )
    version: Literal[2] = 2
    base_model: ModelRef
    vae: ModelRef | None = None
    sampler: Sampler = "Euler"
    schedule_type: ScheduleType = "Automatic"
    steps: Annotated[int, Field(ge=1, le=150)] = 20
    guidance_scale: Annotated[float, Field(ge=1.0, le=30.0)] = 7.0
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
    upscale: HiresFix = HiresFix()
    face_repair: FaceRestoration = FaceRestoration()
    seed_policy: SeedPolicy = SeedPolicy()

    @property
    def control_image_hashes(self) -> tuple[Sha256, ...]:
        """The own pictures that control units read, by hash."""
        units = (unit for unit in self.control_units if unit.source == "image")
        return tuple(unit.image_sha256 for unit in units if unit.image_sha256 is not None)

    @property
    def model_refs(self) -> tuple[tuple[ModelType, ModelRef], ...]:
        """Every model the recipe names, switched off or not: what a check must find."""
        named: list[tuple[ModelType, ModelRef]] = [("checkpoint", self.base_model)]
        if self.vae is not None:
            named.append(("vae", self.vae))
        named += [("lora", use.model) for use in self.loras]
        named += [("controlnet", unit.model) for unit in self.control_units]
        return tuple(named)

    @model_validator(mode="after")
    def _validate(self) -> Self:
        if not supports_schedule(self.sampler, self.schedule_type):
            raise invalid(
                "recipe.schedule_unfit", sampler=self.sampler, schedule=self.schedule_type
            )
        if self.prompt_template.count(PROMPT_PLACEHOLDER) > 1:
            raise invalid("recipe.prompt_place_repeated", place=PROMPT_PLACEHOLDER)
        return self
