"""What an operator has changed and not saved: told on the page, and kept over a reload."""

import html
import json
from collections.abc import Iterable, Sequence
from typing import Annotated

from pydantic import Field, ValidationError

from studio.errors import StudioError
from studio.recipes.base import StoredModel
from studio.recipes.base_image import Slug
from studio.recipes.generation.diff import Change
from studio.recipes.generation.job import UserPrompt
from studio.recipes.themes.preset import Preset
from studio.ui.notices import render_notice
from studio.ui.recipe_form import FieldValidationError
from studio.ui.texts import Texts

MARK = "box-shadow: inset 3px 0 var(--accent) !important;"


class Draft(StoredModel):
    """The page as it stood: the edited preset, the version it began from, and what was asked."""

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
        """What a browser kept; None where it kept nothing, or what no longer holds."""
        if not isinstance(stored, str):
            return None
        try:
            return cls.model_validate_json(stored)
        except ValidationError:
            return None


def forgotten(slug: str) -> str:
    """What has the browser keep no draft of a theme, in place of one."""
    return json.dumps({"slug": slug, "changed": False})


def discard_html(texts: Texts) -> str:
    """Presses the page's own button."""
    label = texts("studio.discard_changes")
    return f'<button type="button" data-press="discard">{label}</button>'


def render_unsaved_changes(
    changes: Sequence[Change], changed_ids: Iterable[str], texts: Texts
) -> str:
    """How many changes there are, each to be unfolded, and a mark at each changed field."""
    if not changes:
        return ""
    count = texts("studio.unsaved_one")
    if len(changes) > 1:
        count = texts("studio.unsaved_many", count=len(changes))
    lines = "".join(f"<li>{html.escape(texts.of(change.message))}</li>" for change in changes)
    marks = ", ".join(f"#{each}" for each in changed_ids)
    style = f"<style>{marks} {{ {MARK} }}</style>" if marks else ""
    return (
        f'<details class="unsaved"><summary>{count}</summary><div><ul>{lines}</ul>{discard_html(texts)}</div>'
        f"</details>{style}"
    )


def render_field_errors(error: StudioError, extra: str, texts: Texts) -> str:
    """The error with what stands `beside` it, and its reason for each field that does not hold:
    `studio/web/studio/notices.js` takes it there."""
    error_html = f'<div class="wrong">{render_notice(texts.of(error), "error")}{extra}</div>'
    if not isinstance(error, FieldValidationError):
        return error_html
    reasons = "".join(
        f'<span hidden data-for="{html.escape(field)}">{html.escape(texts.of(reason))}</span>'
        for field, reason in error.fields.items()
    )
    field_errors = ", ".join(f"[id={json.dumps(field)}]" for field in error.fields)
    return f"{error_html}{reasons}<style>{field_errors} {{ {MARK} }}</style>"
