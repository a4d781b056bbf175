"""What made a picture, read back from what the picture carries: our own record, or A1111's text."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from studio.errors import BadDocument
from studio.messages import message
from studio.recipes.base import explain, read_document
from studio.recipes.preset import Letter
from studio.recipes.recipe import PROMPT_PLACE, Recipe, SeedRule
from studio.recipes.samplers import SAMPLERS, SCHEDULE_TYPES


@dataclass(frozen=True)
class Remembered:
    """How a picture was made. `prompt` is what was really asked for, words and all.

    `letter` and `base_image` are None where the picture does not say; `unread` names what it
    says and the studio has no place for.
    """

    recipe: Recipe
    prompt: str
    seed: int
    letter: Letter | None = None
    base_image: str | None = None
    unread: tuple[str, ...] = ()

    @property
    def request_seed(self) -> int:
        """The seed a request must have for the recipe to draw with `seed` again."""
        return request_seed(self.recipe.seed_rule, self.seed)

    def words(self, theme: str) -> str:
        """The user's words in `prompt`, beside the template's and the theme's."""
        before, _, after = self.recipe.prompt_template.partition(PROMPT_PLACE)
        inner = self.prompt.removeprefix(before.lstrip(" ,")).removesuffix(after.rstrip(" ,"))
        return inner.strip(" ,").removesuffix(theme.strip(" ,")).strip(" ,")


def request_seed(rule: SeedRule, seed: int) -> int:
    """The seed a request must have for a recipe of that rule to draw with `seed`."""
    return (seed - (rule.value if rule.kind == "offset" else 0)) % 2**32


class _Record(BaseModel):
    """The part of a variant's record that is read back; the rest is of its run."""

    recipe: Recipe
    prompt: str
    seed: int
    letter: Letter
    base_image: str


def from_record(document: str) -> Remembered:
    """From the record a picture of ours carries. Raises BadDocument when it does not hold."""
    record = read_document(_Record, document, message("image.metadata"))
    return Remembered(record.recipe, record.prompt, record.seed, record.letter, record.base_image)


_SETTING = re.compile(r'\s*([\w .()/-]+?):\s*("(?:\\.|[^"\\])*"|[^,]*)(?:,|$)')
_SIZE = re.compile(r"(\d+)x(\d+)")


def from_a1111(text: str, like: Recipe) -> Remembered:
    """From A1111's text: prompt, "Negative prompt:", and a last line of settings.

    What it does not say is as in `like`. Its prompt becomes the recipe's template whole. Raises
    BadDocument when it has no settings, or they do not hold.
    """
    lines = text.strip().splitlines()
    settings = dict(_SETTING.findall(lines[-1])) if lines else {}
    if "Steps" not in settings:
        raise BadDocument("image.a1111_settings_missing")
    said, _, unsaid = "\n".join(lines[:-1]).partition("Negative prompt:")
    prompt = " ".join(said.split())
    changes = {"prompt_template": prompt, "negative_prompt": " ".join(unsaid.split())}
    try:
        seed = int(settings.get("Seed", "0")) % 2**32
        values = like.model_dump() | changes | _fields(settings)
        recipe = Recipe.model_validate(values)
    except ValidationError as error:
        raise BadDocument("image.settings_invalid", reason=explain(error)) from None
    except ValueError as error:
        raise BadDocument("image.settings_invalid", reason=str(error)[:200]) from None
    unread = tuple(sorted(set(settings) - _READ - {"Seed"}))
    return Remembered(recipe, prompt, seed, unread=unread)


_READ = frozenset(
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
        ("Denoising strength", "strength", float),
        ("Clip skip", "clip_skip", int),
    ):
        if name in settings:
            fields[field] = number(settings[name])
    if size := _SIZE.fullmatch(settings.get("Size", "")):
        fields["width"], fields["height"] = (round(int(side) / 8) * 8 for side in size.groups())
    if "Model" in settings:
        fields["base_model"] = {"name": settings["Model"]}
    return fields
