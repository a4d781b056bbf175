"""What an operator has changed and not saved: told on the page, and kept over a reload."""

import html
import json
from collections.abc import Iterable, Sequence
from typing import Annotated

from pydantic import Field, ValidationError

from studio.recipes.base import Frozen
from studio.recipes.canvas import Slug
from studio.recipes.differing import Change
from studio.recipes.preset import Preset
from studio.recipes.request import Words
from studio.ui.notices import notice
from studio.ui.recipe_form import BadField


class Draft(Frozen):
    """The page as it stood: the edited preset, the version it began from, and what was asked."""

    preset: Preset
    slug: Slug
    number: Annotated[int, Field(ge=1)]
    base: Slug
    words: Words = ""
    seed: Annotated[int, Field(ge=-1, lt=2**32)] = -1

    @classmethod
    def read(cls, kept: object) -> "Draft | None":
        """What a browser kept; None where it kept nothing, or what no longer holds."""
        if not isinstance(kept, str):
            return None
        try:
            return cls.model_validate_json(kept)
        except ValidationError:
            return None


def unsaved_html(changes: Sequence[Change], changed_ids: Iterable[str]) -> str:
    """How many changes there are, each to be unfolded, and a mark at each changed field."""
    if not changes:
        return ""
    count = "1 unsaved change" if len(changes) == 1 else f"{len(changes)} unsaved changes"
    lines = "".join(f"<li>{html.escape(str(change))}</li>" for change in changes)
    marks = ", ".join(f"#{each}" for each in changed_ids)
    style = (
        f"<style>{marks} {{ box-shadow: inset 3px 0 var(--accent) !important; }}</style>"
        if marks
        else ""
    )
    return f'<details class="unsaved"><summary>{count}</summary><ul>{lines}</ul></details>{style}'


def wrong_html(error: BadField) -> str:
    """The error, and its reason at each field that does not hold."""
    rules = " ".join(
        f"[id={json.dumps(field)}]::after {{ content: {json.dumps(reason)}; }}"
        for field, reason in error.fields.items()
    )
    wrong = ", ".join(f"[id={json.dumps(field)}]" for field in error.fields)
    marked = f"{wrong} {{ box-shadow: inset 3px 0 var(--accent) !important; }}"
    return f"{notice(str(error), 'error')}<style>{marked} {rules}</style>"
