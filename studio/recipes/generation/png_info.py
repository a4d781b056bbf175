"""What made a picture, read back from what the picture carries: our own record, or A1111's text."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import AliasChoices, BaseModel, Field, ValidationError

from studio.errors import InvalidDocumentError
from studio.messages import message
from studio.recipes.base import format_validation_error, parse_document
from studio.recipes.generation.recipe import PROMPT_PLACEHOLDER, Recipe, SeedPolicy
from studio.recipes.generation.samplers import SAMPLERS, SCHEDULE_TYPES
from studio.recipes.themes.preset import Slot


@dataclass(frozen=True)
class GenerationInfo:
    """How a picture was made. `prompt` is what was really asked for, words and all.

    `letter` and `base_image` are None where the picture does not say; `unread` names what it
    says and the studio has no place for.
    """

    recipe: Recipe
    prompt: str
    seed: int
    slot: Slot | None = None
    base_image: str | None = None
    unsupported_settings: tuple[str, ...] = ()

    @property
    def request_seed(self) -> int:
        """The seed a request must have for the recipe to draw with `seed` again."""
        return request_seed(self.recipe.seed_policy, self.seed)

    def extract_user_prompt(self, theme: str) -> str:
        """The user's words in `prompt`, beside the template's and the theme's."""
        before, _, after = self.recipe.prompt_template.partition(PROMPT_PLACEHOLDER)
        inner = self.prompt.removeprefix(before.lstrip(" ,")).removesuffix(after.rstrip(" ,"))
        return inner.strip(" ,").removesuffix(theme.strip(" ,")).strip(" ,")


def request_seed(rule: SeedPolicy, seed: int) -> int:
    """The seed a request must have for a recipe of that rule to draw with `seed`."""
    return (seed - (rule.value if rule.mode == "offset" else 0)) % 2**32


class _VariantMetadata(BaseModel):
    """The part of a variant's record that is read back; the rest is of its run."""

    recipe: Recipe
    prompt: str
    seed: int
    slot: Slot = Field(validation_alias=AliasChoices("slot", "letter"))
    base_image: str


def parse_variant_metadata(document: str) -> GenerationInfo:
    """From the record a picture of ours carries. Raises BadDocument when it does not hold."""
    record = parse_document(_VariantMetadata, document, message("image.metadata"))
    return GenerationInfo(record.recipe, record.prompt, record.seed, record.slot, record.base_image)


_SETTING = re.compile(r'\s*([\w .()/-]+?):\s*("(?:\\.|[^"\\])*"|[^,]*)(?:,|$)')
_SIZE = re.compile(r"(\d+)x(\d+)")


def parse_a1111_infotext(text: str, like: Recipe) -> GenerationInfo:
    """From A1111's text: prompt, "Negative prompt:", and a last line of settings.

    What it does not say is as in `like`. Its prompt becomes the recipe's template whole. Raises
    BadDocument when it has no settings, or they do not hold.
    """
    lines = text.strip().splitlines()
    settings = dict(_SETTING.findall(lines[-1])) if lines else {}
    if "Steps" not in settings:
        raise InvalidDocumentError("image.a1111_settings_missing")
    said, _, unsaid = "\n".join(lines[:-1]).partition("Negative prompt:")
    prompt = " ".join(said.split())
    changes = {"prompt_template": prompt, "negative_prompt": " ".join(unsaid.split())}
    try:
        seed = int(settings.get("Seed", "0")) % 2**32
        values = like.model_dump() | changes | _fields(settings)
        recipe = Recipe.model_validate(values)
    except ValidationError as error:
        raise InvalidDocumentError(
            "image.settings_invalid", reason=format_validation_error(error)
        ) from None
    except ValueError as error:
        raise InvalidDocumentError("image.settings_invalid", reason=str(error)[:200]) from None
    unread = tuple(sorted(set(settings) - _SUPPORTED_KEYS - {"Seed"}))
    return GenerationInfo(recipe, prompt, seed, unsupported_settings=unread)


_SUPPORTED_KEYS = frozenset(
    {"Steps", "Sampler", "Schedule type", "CFG scale", "Size", "Model", "Denoising strength", "Clip skip"}
)  # fmt: skip


def _fields(settings: Mapping[str, str]) -> dict[str, Any]:
    fields: dict[str, Any] = {"steps": int(settings["Steps"])}
    sampler = settings.get("Sampler", "Euler")
    schedule = settings.get("Schedule type", "Automatic")
    for named in SCHEDULE_TYPES:  # Until 1.9 the schedule stood behind the sampler's name.
        if sampler.endswith(f" {named}"):
            sampler, schedule = sampler.removesuffix(f" {named}"), named
    fields["sampler"] = sampler if sampler in SAMPLERS else "Euler"
    fields["schedule_type"] = schedule if schedule in SCHEDULE_TYPES else "Automatic"
    for name, field, number in (
        ("CFG scale", "guidance_scale", float),
        ("Denoising strength", "denoising_strength", float),
        ("Clip skip", "clip_skip", int),
    ):
        if name in settings:
            fields[field] = number(settings[name])
    if size := _SIZE.fullmatch(settings.get("Size", "")):
        fields["width"], fields["height"] = (round(int(side) / 8) * 8 for side in size.groups())
    if "Model" in settings:
        fields["base_model"] = {"name": settings["Model"]}
    return fields
