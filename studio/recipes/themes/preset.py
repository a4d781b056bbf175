"""The preset: a document of four recipes with their shared prompt and policy; and theme versions."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from studio.message_fields import invalid
from studio.recipes.base import FrozenModel, StoredModel
from studio.recipes.base_image import Slug
from studio.recipes.generation.recipe import Prompt, Recipe
from studio.recipes.moderation import ModerationPolicy
from studio.recipes.text_fields import Name, Note

Slot = Literal["A", "B", "C", "D"]
SLOTS: tuple[Slot, ...] = ("A", "B", "C", "D")

MAX_BASE_IMAGES = 100
"""Base images of one preset, and of one bundle."""
SCHEMA_ID: Literal["doodle-theme-studio/preset"] = "doodle-theme-studio/preset"


class RecipeSet(FrozenModel):
    """The recipes of the four slots."""

    A: Recipe
    B: Recipe
    C: Recipe
    D: Recipe

    def __getitem__(self, slot: Slot) -> Recipe:
        recipe: Recipe = getattr(self, slot)
        return recipe

    def replace(self, slot: Slot, recipe: Recipe) -> "RecipeSet":
        """A copy with another recipe in `slot`."""
        return self.model_copy(update={slot: recipe})


class Preset(StoredModel):
    """A theme as one JSON document. `schema` and `version` identify the file format.

    Format 1 had no `safety`; formats 1 and 2 had other field names (`recipes/old_formats.py`).
    """

    format: Literal["doodle-theme-studio/preset"] = Field(SCHEMA_ID, alias="schema")
    version: Literal[3] = 3
    slug: Slug
    name: Name
    description: Note = ""
    theme_prompt: Prompt = ""
    base_images: Annotated[tuple[Slug, ...], Field(max_length=MAX_BASE_IMAGES)] = ()
    safety: ModerationPolicy = ModerationPolicy()
    recipes: RecipeSet

    def to_json(self) -> str:
        """The document as indented JSON, as it is written to files."""
        return self.model_dump_json(indent=2)

    @model_validator(mode="after")
    def _validate_unique_base_images(self) -> Self:
        if len(set(self.base_images)) != len(self.base_images):
            raise invalid("theme.base_image_twice")
        return self


class ThemeVersion(FrozenModel):
    """An immutable, numbered preset; versions of a theme are counted from 1."""

    version: Annotated[int, Field(ge=1)]
    preset: Preset
    author: str = ""
    message: str = ""
    created_at: datetime
