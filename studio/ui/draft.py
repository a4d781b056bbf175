"""A draft: unsaved changes as the browser stores them (`studio/web/inspector/index.js`)."""

import json
from typing import Annotated

from pydantic import Field, ValidationError

from studio.recipes.base import StoredModel
from studio.recipes.base_image import Slug
from studio.recipes.generation.job import UserPrompt
from studio.recipes.themes.preset import Preset


class Draft(StoredModel):
    """The page as it was left: the edited preset, the version it was edited from, prompt, seed, base image.

    Drafts with the field names of older versions are read, too.
    """

    preset: Preset
    slug: Slug
    version: Annotated[int, Field(ge=1)]
    base_image_id: Slug
    user_prompt: UserPrompt = ""
    seed: Annotated[int, Field(ge=-1, lt=2**32)] = -1
    changed: bool = True
    """Whether the preset differs from that version."""

    @classmethod
    def from_json(cls, stored: object) -> "Draft | None":
        """The draft that a browser stored; None where there is none or it is no longer valid."""
        if not isinstance(stored, str):
            return None
        try:
            return cls.model_validate_json(stored)
        except ValidationError:
            return None


def empty_draft(slug: str) -> str:
    """JSON for `storeDraft` in place of a draft: the browser deletes the draft of the theme."""
    return json.dumps({"slug": slug, "changed": False})
