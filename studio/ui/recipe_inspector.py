"""The recipe inspector of the page (`studio/web/inspector`): one component for the four recipes of a theme."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import gradio as gr
from pydantic import ValidationError

from studio.errors import InvalidDocumentError
from studio.recipes.base import format_validation_error
from studio.recipes.generation.recipe import Recipe
from studio.recipes.themes.preset import SLOTS, Preset, RecipeSet, Slot, ThemeVersion
from studio.services.rendering.control_map_preview import ControlMapPreview
from studio.ui.browser_calls import on_load
from studio.ui.components import to_data_url
from studio.ui.texts import Texts

_TEMPLATE = "<recipe-inspector></recipe-inspector>"


class EditedPreset(NamedTuple):
    """A preset's document as it is edited, which may be invalid, and the recipe whose tab is open."""

    document: Mapping[str, Any]
    slot: Slot


class RecipeInspector(gr.HTML):  # type: ignore[misc]
    """Edits the recipes, their names and the theme's prompt. Stores drafts in the browser.

    In handlers its value is an EditedPreset, None before the page has loaded; handlers return a Preset.
    `submit` asks for the control maps of a recipe. Updates may set `saved`, of `saved_version`, and
    `control_maps`, of `unit_maps`.
    """

    def __init__(self, saved: Any = None, control_maps: Any = None, **options: Any) -> None:
        super().__init__(
            value=None,
            html_template=_TEMPLATE,
            js_on_load=on_load("inspector/index.js", "mountRecipeInspector"),
            apply_default_css=False,
            saved=saved,
            control_maps=control_maps,
            **options,
        )

    def preprocess(self, payload: Any) -> EditedPreset | None:
        """Raises InvalidDocumentError for what is no document."""
        if payload is None:
            return None
        document = payload.get("preset") if isinstance(payload, dict) else None
        slot = payload.get("slot", "A") if isinstance(payload, dict) else None
        if not isinstance(document, dict) or slot not in SLOTS:
            raise InvalidDocumentError("studio.unreadable_request")
        return EditedPreset(document, slot)

    def postprocess(self, value: Preset | None) -> Any:
        return None if value is None else {"preset": value.model_dump(mode="json"), "slot": "A"}

    def api_info(self) -> dict[str, Any]:
        return {"type": "object", "properties": {"preset": {"type": "object"}}}


def saved_version(version: ThemeVersion) -> dict[str, Any]:
    """The version that changes are counted from, for the component's `saved`."""
    return {
        "slug": version.preset.slug,
        "version": version.version,
        "preset": version.preset.model_dump(mode="json"),
    }


def unit_maps(slot: Slot, previews: Sequence[ControlMapPreview], texts: Texts) -> dict[str, Any]:
    """The control maps that the units of a recipe get, for the component's `control_maps`."""
    maps = [
        {
            "unit": preview.unit,
            "png": None if preview.png is None else to_data_url(preview.png),
            "reason": texts.of(preview.reason or ""),
        }
        for preview in previews
    ]
    return {"slot": slot, "maps": maps}


def parse_recipes(document: Mapping[str, Any]) -> RecipeSet:
    """The recipes of a preset's document. Raises InvalidDocumentError, which names recipe and fields."""
    recipes = document.get("recipes")
    parsed: dict[str, Recipe] = {}
    for slot in SLOTS:
        try:
            parsed[slot] = Recipe.model_validate(
                recipes.get(slot) if isinstance(recipes, Mapping) else None
            )
        except ValidationError as error:
            reason = format_validation_error(error)
            raise InvalidDocumentError("studio.recipe_invalid", slot=slot, reason=reason) from None
    return RecipeSet(**parsed)


def differs(document: Mapping[str, Any], saved: Preset) -> bool:
    """Whether a document has another value than a saved preset, valid or not; hashes of models do not count."""
    return bool(_without_hashes(document) != _without_hashes(saved.model_dump(mode="json")))


def _without_hashes(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_hashes(field) for key, field in value.items() if key != "sha256"}
    return [_without_hashes(item) for item in value] if isinstance(value, list) else value
