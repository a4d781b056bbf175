"""The fields that a grid can vary: those of the one table of a recipe's fields."""

import pytest

from studio.recipes.generation.axes import Axis
from studio.recipes.generation.grid_fields import (
    LISTED_ITEMS,
    GridField,
    axis_label,
    grid_fields,
)
from studio.recipes.generation.recipe import ControlUnit, LoraSettings, ModelRef
from studio.recipes.generation.recipe_fields import find_field, recipe_fields
from studio.recipes.generation.sweep import expand_grid
from tests import examples

OF_RECIPE = [field for field in grid_fields() if field.is_recipe_field]


def test_numbers_choices_and_models_of_the_table_are_listed() -> None:
    listed = {found.path for field in OF_RECIPE if (found := find_field(field.path))}
    expected = {
        field.path
        for field in recipe_fields()
        if field.kind in ("model", "choice") or field.show.step is not None
    }
    assert listed == expected


@pytest.mark.parametrize("field", OF_RECIPE, ids=lambda field: field.path)
def test_a_listed_field_can_be_an_axis_from_end_to_end(field: GridField) -> None:
    unit = ControlUnit(
        model=ModelRef(name="scribble"), preprocessor="scribble", image_sha256="0" * 64
    )
    recipe = examples.recipe(
        vae=ModelRef(name="soft"),
        loras=(LoraSettings(model=ModelRef(name="glow")),) * LISTED_ITEMS,
        control_units=(unit,) * LISTED_ITEMS,
        references=(examples.reference(image_encoder=ModelRef(name="vit-h")),) * LISTED_ITEMS,
    )
    values: list[str | float] = [*field.choices]
    if field.minimum is not None and field.maximum is not None and field.step is not None:
        values = [field.minimum, field.minimum + field.step, field.maximum]
    axis = Axis(field=field.path, values=tuple(values or ["other"]))
    assert len(expand_grid(recipe, 1, [axis])) == len(axis.values)


def test_a_field_without_a_label_is_named_by_its_path() -> None:
    assert str(axis_label("seed")) == "Seed"
    assert str(axis_label("control_units.7.end")) == "Control unit 8, Ending control step"
    assert axis_label("surprise.0.x") == "surprise.0.x"
