"""The recipe inspector's component: what the browser sends is checked before it is a preset."""

import json
from typing import Any

import gradio as gr
import pytest

from studio.app import AppContainer
from studio.errors import InvalidDocumentError
from studio.recipes.generation.recipe import LoraSettings, ModelRef
from studio.recipes.themes.preset import Preset
from studio.ui.components import OpenVersion
from studio.ui.recipe_inspector import EditedPreset, RecipeInspector, differs, parse_recipes
from studio.ui.texts import Texts
from studio.ui.theme_editor import ThemeEditor
from tests import examples


@pytest.fixture
def editor(studio: AppContainer) -> ThemeEditor:
    with gr.Blocks():
        editor = ThemeEditor(studio, Texts())
        editor.build_header()
        editor.build_recipes()
    return editor


def document(preset: Preset) -> dict[str, Any]:
    """A preset as the browser sends it."""
    edited: dict[str, Any] = json.loads(json.dumps(preset.model_dump(mode="json")))
    return edited


def values(editor: ThemeEditor, edited: dict[str, Any]) -> dict[Any, Any]:
    return {
        editor.loaded: editor.initial,
        editor.name: editor.initial.preset.name,
        editor.inspector: editor.inspector.preprocess({"preset": edited, "slot": "B"}),
    }


def test_a_preset_goes_to_the_page_and_back() -> None:
    inspector, preset = RecipeInspector(), examples.preset()
    shown = json.loads(json.dumps(inspector.postprocess(preset)))
    edited = inspector.preprocess(shown)
    assert isinstance(edited, EditedPreset)
    assert parse_recipes(edited.document) == preset.recipes
    assert not differs(edited.document, preset)
    assert inspector.preprocess(None) is None


@pytest.mark.parametrize(
    "payload",
    [7, "x", [], {}, {"preset": []}, {"preset": {}, "slot": "E"}, {"path": "/etc/passwd"}],
)
def test_anything_but_a_document_is_refused(payload: Any) -> None:
    with pytest.raises(InvalidDocumentError):
        RecipeInspector().preprocess(payload)


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ("steps", 900, "Recipe B: steps"),
        ("steps", None, "Recipe B: steps"),
        ("width", 250, "Recipe B: width"),
        ("schedule_type", "Nope", "Recipe B: schedule_type"),
        ("control_units", [{"model": {"name": "x"}, "preprocessor": "canny", "source": "image"}],
         "uses a custom image, but none is set"),
    ],
)  # fmt: skip
def test_an_invalid_value_is_named_with_its_recipe(
    editor: ThemeEditor, path: str, value: object, reason: str
) -> None:
    edited = document(editor.initial.preset)
    edited["recipes"]["B"][path] = value
    with pytest.raises(InvalidDocumentError, match=reason):
        editor.current_theme(values(editor, edited))


@pytest.mark.parametrize("recipes", [None, [], {}, {"A": 1}])
def test_a_document_without_recipes_is_an_error(recipes: object) -> None:
    with pytest.raises(InvalidDocumentError, match="Recipe A"):
        parse_recipes({"recipes": recipes})


def test_what_is_edited_is_the_theme(editor: ThemeEditor) -> None:
    edited = document(editor.initial.preset)
    edited["theme_prompt"] = "autumn"
    edited["recipes"]["C"] |= {"steps": 9, "name": "Wash"}
    edited["safety"] = {}  # The page does not show it.
    preset = editor.current_theme(values(editor, edited))
    assert (preset.theme_prompt, preset.recipes.C.steps, preset.recipes.C.name) == (
        "autumn",
        9,
        "Wash",
    )
    assert preset.safety == editor.initial.preset.safety
    assert preset.slug == editor.initial.preset.slug


def test_models_have_the_hashes_of_what_is_installed(editor: ThemeEditor) -> None:
    """A model that is not installed keeps the hash that the recipe was tuned with."""
    missing = LoraSettings(model=ModelRef(name="gone", sha256="ab" * 32))
    recipes = editor.initial.preset.recipes
    tuned = recipes.A.model_copy(
        update={
            "base_model": ModelRef(name="pocket-ink", sha256="cd" * 32),
            "loras": (missing,),
        }
    )
    preset = editor.initial.preset.model_copy(update={"recipes": recipes.replace("A", tuned)})
    read = editor.current_theme(values(editor, document(preset))).recipes.A
    installed = editor.studio.models.catalog.get("checkpoint", ModelRef(name="pocket-ink"))
    assert read.base_model.sha256 == installed.sha256
    assert read.loras == (missing,)


def test_a_page_that_sends_no_recipes_has_the_saved_ones(editor: ThemeEditor) -> None:
    before = values(editor, {}) | {editor.inspector: None}
    assert editor.current_theme(before).recipes.A.steps == editor.initial.preset.recipes.A.steps
    assert isinstance(editor.loaded, OpenVersion)
    assert not editor.is_touched(editor.initial, before)
    touched = document(editor.initial.preset)
    touched["recipes"]["A"]["width"] = 250
    assert editor.is_touched(editor.initial, values(editor, touched))
