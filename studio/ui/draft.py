"""Unsaved changes: the draft that a browser stores, and the HTML that shows changes and field errors."""

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
from studio.ui.field_errors import FieldValidationError
from studio.ui.notices import render_notice
from studio.ui.texts import Texts

_FIELD_MARK = "box-shadow: inset 3px 0 var(--accent) !important;"
"""CSS of a field that was changed or is invalid: a bar at its left edge."""


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


def discard_html(texts: Texts) -> str:
    """A button that clicks the page's hidden one, by `studio/web/studio/notices.js`."""
    label = texts("studio.discard_changes")
    return f'<button type="button" data-clicks="discard">{label}</button>'


def render_unsaved_changes(
    changes: Sequence[Change], changed_ids: Iterable[str], texts: Texts
) -> str:
    """The count of changes, which unfolds to a list, and a style sheet that marks the changed fields.

    `changed_ids` are the element ids of those fields. Empty without changes.
    """
    if not changes:
        return ""
    count = texts("studio.unsaved_one")
    if len(changes) > 1:
        count = texts("studio.unsaved_many", count=len(changes))
    lines = "".join(f"<li>{html.escape(texts.of(change.message))}</li>" for change in changes)
    marks = ", ".join(f"#{field_id}" for field_id in changed_ids)
    style = f"<style>{marks} {{ {_FIELD_MARK} }}</style>" if marks else ""
    return (
        f'<details class="unsaved"><summary>{count}</summary><div><ul>{lines}</ul>{discard_html(texts)}</div>'
        f"</details>{style}"
    )


def render_field_errors(error: StudioError, extra: str, texts: Texts) -> str:
    """The error with `extra` HTML beside it, and the reason for each invalid field.

    `studio/web/studio/notices.js` moves each reason to the field whose id is in `data-for`.
    """
    error_html = f'<div class="invalid">{render_notice(texts.of(error), "error")}{extra}</div>'
    if not isinstance(error, FieldValidationError):
        return error_html
    reasons = "".join(
        f'<span hidden data-for="{html.escape(field)}">{html.escape(texts.of(reason))}</span>'
        for field, reason in error.fields.items()
    )
    field_errors = ", ".join(f"[id={json.dumps(field)}]" for field in error.fields)
    return f"{error_html}{reasons}<style>{field_errors} {{ {_FIELD_MARK} }}</style>"
