"""Reads a recipe back from an image's metadata ("PNG Info"): the studio's own record, or A1111's infotext."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError, model_validator

from studio.errors import InvalidDocumentError
from studio.messages import message
from studio.recipes.base import format_validation_error, parse_document
from studio.recipes.generation.alternatives import choose_alternatives
from studio.recipes.generation.prompt_syntax import extract_lora_tags
from studio.recipes.generation.recipe import PROMPT_PLACEHOLDER, Recipe, SeedPolicy
from studio.recipes.generation.samplers import SAMPLERS, SCHEDULE_TYPES
from studio.recipes.old_formats import upgrade_fields
from studio.recipes.themes.preset import Slot


@dataclass(frozen=True)
class GenerationInfo:
    """How an image was rendered.

    Attributes:
        prompt: the complete prompt, the user's included.
        seed: the seed that the image was rendered with.
        slot: None where the metadata does not contain it; likewise `base_image`.
        unsupported_settings: names of settings that the studio does not have.
    """

    recipe: Recipe
    prompt: str
    seed: int
    slot: Slot | None = None
    base_image: str | None = None
    unsupported_settings: tuple[str, ...] = ()

    @property
    def request_seed(self) -> int:
        """The request seed with which the recipe renders with `seed` again."""
        return request_seed(self.recipe.seed_policy, self.seed)

    def extract_user_prompt(self, theme_prompt: str) -> str:
        """The user's part of `prompt`: what neither the template nor `theme_prompt` contains."""
        template = choose_alternatives(self.recipe.prompt_template, self.seed, "template")
        theme_prompt = choose_alternatives(theme_prompt, self.seed, "theme")
        template, theme_prompt = (extract_lora_tags(text)[0] for text in (template, theme_prompt))
        before, _, after = template.partition(PROMPT_PLACEHOLDER)
        inner = self.prompt.removeprefix(before.lstrip(" ,")).removesuffix(after.rstrip(" ,"))
        return inner.strip(" ,").removesuffix(theme_prompt.strip(" ,")).strip(" ,")


def request_seed(policy: SeedPolicy, seed: int) -> int:
    """The request seed with which a recipe of this policy renders with `seed`: `resolve` inverted."""
    return (seed - (policy.value if policy.mode == "offset" else 0)) % 2**32


class _VariantMetadata(BaseModel):
    """The fields of a variant's record that describe the image; those of its run are ignored."""

    recipe: Recipe
    prompt: str
    seed: int
    slot: Slot
    base_image: str

    @model_validator(mode="before")
    @classmethod
    def _upgrade_fields(cls, document: Any) -> Any:
        return upgrade_fields("Variant", document)


def parse_variant_metadata(document: str) -> GenerationInfo:
    """Parses the record that the studio writes into its images.

    Raises:
        InvalidDocumentError: a field is missing or invalid.
    """
    record = parse_document(_VariantMetadata, document, message("image.metadata"))
    return GenerationInfo(record.recipe, record.prompt, record.seed, record.slot, record.base_image)


_SETTING = re.compile(r'\s*([\w .()/-]+?):\s*("(?:\\.|[^"\\])*"|[^,]*)(?:,|$)')
_SIZE = re.compile(r"(\d+)x(\d+)")


def parse_a1111_infotext(text: str, defaults: Recipe) -> GenerationInfo:
    """Parses A1111's infotext: prompt, "Negative prompt:", and a last line of settings.

    Args:
        text: the infotext. Its prompt becomes the recipe's prompt template.
        defaults: provides every value that the infotext does not contain.

    Raises:
        InvalidDocumentError: there is no line of settings, or a setting is invalid.
    """
    lines = text.strip().splitlines()
    settings = dict(_SETTING.findall(lines[-1])) if lines else {}
    if "Steps" not in settings:
        raise InvalidDocumentError("image.a1111_settings_missing")
    positive, _, negative = "\n".join(lines[:-1]).partition("Negative prompt:")
    prompt = " ".join(positive.split())
    prompts = {"prompt_template": prompt, "negative_prompt": " ".join(negative.split())}
    try:
        seed = int(settings.get("Seed", "0")) % 2**32
        values = defaults.model_dump() | prompts | _recipe_fields(settings)
        recipe = Recipe.model_validate(values)
    except ValidationError as error:
        raise InvalidDocumentError(
            "image.settings_invalid", reason=format_validation_error(error)
        ) from None
    except ValueError as error:
        raise InvalidDocumentError("image.settings_invalid", reason=str(error)[:200]) from None
    unsupported = tuple(sorted(set(settings) - _SUPPORTED_KEYS - {"Seed"}))
    return GenerationInfo(recipe, prompt, seed, unsupported_settings=unsupported)


_SUPPORTED_KEYS = frozenset(
    {
        "Steps",
        "Sampler",
        "Schedule type",
        "CFG scale",
        "Size",
        "Model",
        "Denoising strength",
        "Clip skip",
    }
)


def _recipe_fields(settings: Mapping[str, str]) -> dict[str, Any]:
    """Fields of a recipe from A1111's settings; unknown samplers and schedules get the default.

    Raises:
        ValueError: a setting is not a number.
    """
    fields: dict[str, Any] = {"steps": int(settings["Steps"])}
    fields["sampler"], fields["schedule_type"] = _sampler_and_schedule(settings)
    for key, field, parse in (
        ("CFG scale", "guidance_scale", float),
        ("Denoising strength", "denoising_strength", float),
        ("Clip skip", "clip_skip", int),
    ):
        if key in settings:
            fields[field] = parse(settings[key])
    if size := _SIZE.fullmatch(settings.get("Size", "")):
        fields["width"], fields["height"] = (round(int(side) / 8) * 8 for side in size.groups())
    if "Model" in settings:
        fields["base_model"] = {"name": settings["Model"]}
    return fields


def _sampler_and_schedule(settings: Mapping[str, str]) -> tuple[str, str]:
    sampler = settings.get("Sampler", "Euler")
    schedule = settings.get("Schedule type", "Automatic")
    for name in SCHEDULE_TYPES:  # Until A1111 1.9 the schedule was part of the sampler's name.
        if sampler.endswith(f" {name}"):
            sampler, schedule = sampler.removesuffix(f" {name}"), name
    return (
        sampler if sampler in SAMPLERS else "Euler",
        schedule if schedule in SCHEDULE_TYPES else "Automatic",
    )
