"""The editor shows every field it edits and reads back what it showed."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from studio.errors import InvalidDocumentError
from studio.models.types import ModelInfo
from studio.recipes.generation.recipe import LoraSettings, ModelRef, Recipe, SeedPolicy
from studio.ui.recipe_form import RecipeForm
from studio.ui.recipe_notes import render_model_note
from studio.ui.texts import Texts
from tests import examples


@pytest.fixture
def form() -> RecipeForm:
    with gr.Blocks():
        return RecipeForm(
            "B", ["pocket-ink", "water"], ["pocket-scribble", "pocket-pose"], ["neon"], Texts()
        )


def full_recipe() -> Recipe:
    return examples.recipe(
        base_model=ModelRef(name="pocket-ink"),
        sampler="DPM++ 2M",
        schedule_type="Karras",
        steps=23,
        guidance_scale=4.5,
        denoising_strength=0.61,
        prompt_template="ink, {prompt}",
        negative_prompt="blur",
        loras=(LoraSettings(model=ModelRef(name="neon"), weight=0.5),),
        control_units=(
            examples.unit("pose", weight=0.7, start=0.1, end=0.9),
            examples.unit("scribble"),
            examples.unit("scribble", weight=0.25),
        ),
        seed_policy=SeedPolicy(mode="offset", value=3),
    )


def shown(form: RecipeForm, recipe: Recipe) -> dict[gr.components.Component, Any]:
    return dict(form.to_updates(recipe))


@pytest.mark.parametrize("recipe", [examples.recipe(), full_recipe()], ids=["plain", "full"])
def test_what_is_shown_reads_back_as_it_was(form: RecipeForm, recipe: Recipe) -> None:
    assert form.apply_to(recipe, shown(form, recipe)) == recipe


def test_a_changed_field_changes_that_field_alone(form: RecipeForm) -> None:
    recipe = full_recipe()
    values = shown(form, recipe)
    values[form.fields["control_units", 1, "weight"]] = 0.3
    units = (recipe.control_units[0], examples.unit(weight=0.3), recipe.control_units[2])
    assert form.apply_to(recipe, values) == recipe.model_copy(update={"control_units": units})


def test_a_lora_can_be_plugged_in_weighed_and_taken_out(form: RecipeForm) -> None:
    recipe = examples.recipe()
    values = shown(form, recipe)
    assert values[form.fields["loras", 0, "model", "name"]] == "none"
    values[form.fields["loras", 1, "model", "name"]] = "neon"
    values[form.fields["loras", 1, "weight"]] = -0.5
    plugged = form.apply_to(recipe, values)
    assert plugged.loras == (LoraSettings(model=ModelRef(name="neon"), weight=-0.5),)
    values = shown(form, plugged)
    values[form.fields["loras", 0, "model", "name"]] = "none"
    assert form.apply_to(plugged, values) == recipe


def test_loras_beyond_those_shown_are_kept(form: RecipeForm) -> None:
    three = tuple(
        LoraSettings(model=ModelRef(name=f"lora-{i}", sha256="ab" * 32)) for i in range(3)
    )
    recipe = examples.recipe(loras=three)
    read = form.apply_to(recipe, shown(form, recipe))
    assert [use.model.name for use in read.loras] == ["lora-0", "lora-1", "lora-2"]
    assert [use.model.sha256 for use in read.loras] == [None, None, "ab" * 32]


def test_an_own_image_is_asked_for_and_read(form: RecipeForm) -> None:
    recipe = examples.recipe(control_units=(examples.unit("canny"),))
    values = shown(form, recipe)
    values[form.fields["control_units", 0, "source"]] = "image"
    with pytest.raises(InvalidDocumentError, match="uses a custom image, but none is set"):
        form.apply_to(recipe, values)
    values[form.fields["control_units", 0, "image_sha256"]] = "ab" * 32
    assert form.apply_to(recipe, values).control_image_hashes == ("ab" * 32,)


def test_a_unit_can_be_switched_off_and_another_on(form: RecipeForm) -> None:
    recipe = examples.recipe(control_units=(examples.unit("scribble"),))
    values = shown(form, recipe)
    values[form.fields["control_units", 0, "model", "name"]] = "none"
    values[form.fields["control_units", 1, "model", "name"]] = "pocket-pose"
    values[form.fields["control_units", 1, "preprocessor"]] = "pose"
    assert form.apply_to(recipe, values).control_units == (examples.unit("pose"),)


def test_models_come_back_without_the_hash_they_were_tuned_with(form: RecipeForm) -> None:
    tuned = ModelRef(name="pocket-ink", sha256=examples.HASH)
    recipe = full_recipe().model_copy(update={"base_model": tuned})
    assert form.apply_to(recipe, shown(form, recipe)).base_model == ModelRef(name="pocket-ink")


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("steps",), 900, "Recipe B: steps"),
        (("steps",), None, "Recipe B: steps"),
        (("width",), 250, "Recipe B: width"),
        (("control_units", 0, "end"), 0.05, "starting control step 0.1 is after"),
        (("schedule_type",), "Nope", "Recipe B: schedule_type"),
    ],
)
def test_a_value_that_does_not_hold_is_named_with_its_recipe(
    form: RecipeForm, path: tuple[str | int, ...], value: object, said: str
) -> None:
    values = shown(form, full_recipe())
    values[form.fields[path]] = value
    with pytest.raises(InvalidDocumentError) as caught:
        form.apply_to(full_recipe(), values)
    assert said in str(caught.value)


def test_components_have_stable_names(form: RecipeForm) -> None:
    assert form.fields["control_units", 0, "weight"].elem_id == "B-control_units-0-weight"


def test_a_lora_tells_the_words_that_call_for_it() -> None:
    model = ModelInfo(
        "lora", "glow", "pocket", Path("glow"), 2_500_000, "ab" * 32, ("neon", "glow")
    )
    assert ">pocket · 2.5 MB · ababababab · Trigger words: neon, glow<" in render_model_note(
        model, Texts()
    )
    big = replace(model, trigger_words=(), size_bytes=7_200_000_000)
    assert ">pocket · 7.2 GB · ababababab<" in render_model_note(big, Texts())
    assert render_model_note(None, Texts()) == ""


def test_a_models_image_stands_beside_what_is_known_of_it() -> None:
    model = ModelInfo("lora", 'glow & "more"', "pocket", Path("glow"), 1, "ab" * 32, ("<b>",))
    note = render_model_note(model, Texts(), with_image=True)
    assert 'src="/api/v1/models/previews/lora/glow%20%26%20%22more%22"' in note
    assert "&lt;b&gt;" in note
    assert "<img" not in render_model_note(model, Texts())
