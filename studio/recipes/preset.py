"""A preset: a theme's four recipes with what they share, and its numbered versions."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from studio.message_fields import invalid
from studio.recipes.base import Frozen
from studio.recipes.canvas import Slug
from studio.recipes.recipe import Prompt, Recipe
from studio.recipes.safety import SafetyPolicy
from studio.recipes.text import Name, Note

Letter = Literal["A", "B", "C", "D"]
LETTERS: tuple[Letter, ...] = ("A", "B", "C", "D")

MOST_BASE_IMAGES = 100
"""Base images that a theme may name, and a preset file bring along."""
FORMAT: Literal["doodle-theme-studio/preset"] = "doodle-theme-studio/preset"


class Recipes(Frozen):
    """The four recipes of a theme, by letter."""

    A: Recipe
    B: Recipe
    C: Recipe
    D: Recipe

    def __getitem__(self, letter: Letter) -> Recipe:
        recipe: Recipe = getattr(self, letter)
        return recipe

    def replace(self, letter: Letter, recipe: Recipe) -> "Recipes":
        return self.model_copy(update={letter: recipe})


class Preset(Frozen):
    """A theme as one document. `schema` and `version` tell what wrote it; version 1 had no `safety`."""

    format: Literal["doodle-theme-studio/preset"] = Field(FORMAT, alias="schema")
    version: Literal[2] = 2
    slug: Slug
    name: Name
    description: Note = ""
    prompt: Prompt = ""
    base_images: Annotated[tuple[Slug, ...], Field(max_length=MOST_BASE_IMAGES)] = ()
    safety: SafetyPolicy = SafetyPolicy()
    recipes: Recipes

    def to_json(self) -> str:
        return self.model_dump_json(indent=2)

    @model_validator(mode="before")
    @classmethod
    def _today(cls, document: Any) -> Any:
        """What an older studio kept, in a database say, reads as one of today."""
        old = isinstance(document, dict) and document.get("version", 1) == 1
        return with_safety(document) if old else document

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if len(set(self.base_images)) != len(self.base_images):
            raise invalid("theme.base_image_twice")
        return self


def with_safety(document: dict[str, Any]) -> dict[str, Any]:
    """A preset of format 1 in format 2: with the policy that every theme has unless told."""
    return {**document, "version": 2}


class PresetVersion(Frozen):
    """A preset as it was saved: numbered from 1, never changed."""

    number: Annotated[int, Field(ge=1)]
    preset: Preset
    author: str = ""
    note: str = ""
    created: datetime
