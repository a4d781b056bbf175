"""The description of a recipe's fields: complete, in both languages, and with the ranges of the model."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from studio.locales import DEFAULT, LANGUAGES, templates
from studio.recipes.generation.field_presentation import (
    ABSENT,
    PRESENTATION,
    SECTIONS,
    STEP_FIELDS,
)
from studio.recipes.generation.recipe import Recipe
from studio.recipes.generation.recipe_fields import (
    field_label,
    find_field,
    recipe_fields,
    recipe_lists,
    schema_paths,
)
from studio.server.recipe_schemas import RecipeFieldsResponse
from tests import examples


def test_every_field_of_a_recipe_is_shown_or_left_out_on_purpose() -> None:
    assert sorted(schema_paths()) == sorted([*PRESENTATION, *ABSENT])


def test_fields_of_a_section_stand_together() -> None:
    sections = [field.show.section for field in recipe_fields()]
    assert list(dict.fromkeys(sections)) == list(SECTIONS)
    assert sections == sorted(sections, key=list(SECTIONS).index)


def test_a_field_has_the_range_and_default_of_the_model() -> None:
    by_path = {field.path: field for field in recipe_fields()}
    steps, width, units = by_path["steps"], by_path["width"], by_path["control_units.*.weight"]
    assert (steps.kind, steps.minimum, steps.maximum, steps.default) == ("integer", 1, 150, 20)
    assert (width.minimum, width.maximum, width.multiple_of) == (64, 2048, 8)
    assert (units.kind, units.maximum, units.default) == ("number", 2, 1.0)
    assert by_path["sampler"].values[0] == "Euler"
    assert (by_path["vae"].kind, by_path["vae"].optional) == ("model", True)
    assert not by_path["base_model"].optional


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("steps", "Sampling steps"),
        ("strength", "Denoising strength"),
        ("base_model.name", "Base model"),
        ("loras.1.model.name", "LoRA 2"),
        ("control_units.0.weight", "Control unit 1, Weight"),
        ("references.0.weight", "Reference 1, Weight"),
        ("references.1.model.name", "Reference 2"),
        ("references.1.image_encoder.name", "Reference 2, Image encoder"),
        ("upscale.denoising_strength", "Hires. fix, Denoising strength"),
        ("upscale.enabled", "Hires. fix"),
        ("control_units.weight", None),
        ("nothing.name", None),
    ],
)
def test_a_field_is_found_by_its_path_in_a_recipe(path: str, label: str | None) -> None:
    found = field_label(path)
    assert (None if found is None else str(found)) == label
    assert (find_field(path) is None) == (label is None)


def test_a_slider_has_a_step_and_an_end_within_the_range() -> None:
    for field in recipe_fields():
        if field.show.step is not None:
            assert field.minimum is not None, field.path
            assert (
                field.minimum
                < (field.show.slider_maximum or field.maximum or 0)
                <= (field.maximum or 0)
            )


def test_what_hides_a_field_is_a_field_with_such_values() -> None:
    by_path = {field.path: field for field in recipe_fields()}
    for field in recipe_fields():
        for condition in field.show.hidden_when:
            trigger = by_path[condition.path]
            assert not trigger.values or set(condition.values) <= set(trigger.values)
    for steps, strength in STEP_FIELDS.values():
        assert {*steps, strength} <= by_path.keys()


def test_choices_name_values_of_the_field() -> None:
    for field in recipe_fields():
        assert set(field.show.choices) <= set(field.values), field.path


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_are_in_the_readers_language(language: str) -> None:
    answer = RecipeFieldsResponse.in_language(language)
    assert answer.fields[6].label == templates(language)["recipe.steps"]
    for field in answer.fields:
        assert field.help
        assert field.help not in templates(DEFAULT), field.path


def test_a_new_item_of_a_list_makes_a_valid_recipe() -> None:
    loras, units, references = recipe_lists()
    assert (loras.maximum, units.maximum, references.maximum) == (8, 8, 4)
    document = examples.recipe().model_dump() | {
        "loras": [{**loras.item, "model": {"name": "glow"}}],
        "control_units": [{**units.item, "model": {"name": "scribble"}}],
    }
    assert Recipe.model_validate(document).control_units[0].weight == 1.0
    # A reference is added before its image: only that is missing.
    document["references"] = [{**references.item, "model": {"name": "plus"}}]
    with pytest.raises(ValidationError, match="a reference has no image") as refused:
        Recipe.model_validate(document)
    assert [error["loc"] for error in refused.value.errors()] == [("references", 0, "image_sha256")]
    document["references"][0]["image_sha256"] = "0" * 64
    assert Recipe.model_validate(document).references[0].purpose == "style"


def test_tests_of_the_browser_have_the_present_description() -> None:
    """Where it fails, write `RecipeFieldsResponse.in_language("en").model_dump_json()` to the file."""
    file = Path(__file__).parents[2] / "web" / "recipe-fields.json"
    answer = RecipeFieldsResponse.in_language("en").model_dump(mode="json")
    assert json.loads(file.read_text("utf-8")) == answer
