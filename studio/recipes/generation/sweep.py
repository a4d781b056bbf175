"""Sweeps over a recipe's fields (A1111's X/Y/Z plot): expands the axes to the grid's cells. Pure functions."""

import math
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

from pydantic import ValidationError

from studio.errors import InvalidInputError
from studio.recipes.base import FrozenModel, format_validation_error
from studio.recipes.generation.axes import PROMPT_AXIS, SEED_AXIS, THEME_AXIS, Axis, AxisValue
from studio.recipes.generation.recipe import Recipe
from studio.recipes.old_formats import upgrade_field_path

MAX_CELLS = 500
"""Images of one sweep."""


class SweepCell(FrozenModel):
    """One image of a sweep: its index on each axis, and what it is rendered with."""

    coordinates: tuple[int, ...]
    recipe: Recipe
    seed: int
    prompt_replacement: tuple[str, str] | None = None
    """Search and replacement text for the theme's and the user's prompt."""
    preset: str | None = None
    """Slug of the theme whose recipe and prompt are used, where that is an axis."""


def expand_grid(
    recipe: Recipe, seed: int, axes: Sequence[Axis], presets: Mapping[str, Recipe] | None = None
) -> tuple[SweepCell, ...]:
    """All combinations of the axes' values, ordered so that base models and LoRAs change least often.

    Args:
        recipe: base of every cell.
        seed: the request's seed, 0 to 2**32 - 1.
        axes: at most `MAX_CELLS` combinations in all.
        presets: recipes for an axis over themes, by slug.

    Raises:
        InvalidInputError: a field does not exist or does not accept a value, or there are too many cells.
    """
    count = math.prod(len(axis.values) for axis in axes)
    if count > MAX_CELLS:
        raise InvalidInputError("sweep.too_many_images", count=count, most=MAX_CELLS)
    grid = product(*(range(len(axis.values)) for axis in axes))
    cells = [make_cell(recipe, seed, axes, position, presets or {}) for position in grid]
    models = list(dict.fromkeys(_models(cell) for cell in cells))
    return tuple(sorted(cells, key=lambda cell: models.index(_models(cell))))


def _models(cell: SweepCell) -> tuple[object, ...]:
    recipe = cell.recipe
    return recipe.base_model, recipe.vae, recipe.loras


def cell_index(position: Sequence[int], axes: Sequence[Axis]) -> int:
    """The number of the cell at `position`, from 0: the first axis counts slowest."""
    index = 0
    for coordinate, axis in zip(position, axes, strict=True):
        index = index * len(axis.values) + coordinate
    return index


def cell_position(index: int, axes: Sequence[Axis]) -> tuple[int, ...] | None:
    """The position of cell number `index`; None where the grid has no such cell."""
    position = []
    for axis in reversed(axes):
        index, coordinate = divmod(index, len(axis.values))
        position.append(coordinate)
    return None if index else tuple(reversed(position))


def make_cell(
    recipe: Recipe,
    seed: int,
    axes: Sequence[Axis],
    position: tuple[int, ...],
    presets: Mapping[str, Recipe],
) -> SweepCell:
    """One cell of a grid; arguments and errors are those of `expand_grid`."""
    selected = [(axis, axis.values[index]) for axis, index in zip(axes, position, strict=True)]
    slug = next((str(value) for axis, value in selected if axis.field == THEME_AXIS), None)
    if slug is not None and slug not in presets:
        raise InvalidInputError("sweep.theme_not_found", name=slug, axis=THEME_AXIS)
    document = (recipe if slug is None else presets[slug]).model_dump()
    replacement = None
    for axis, value in selected:
        if axis.field == SEED_AXIS:
            seed = _require_seed(axis, value)
        elif axis.field == PROMPT_AXIS:
            replacement = (str(axis.values[0]), str(value))
            for name in ("prompt_template", "negative_prompt"):
                document[name] = document[name].replace(*replacement)
        elif axis.field != THEME_AXIS:
            set_by_path(document, axis.field, value)
    return SweepCell(
        coordinates=position,
        recipe=_validate_recipe(document),
        seed=seed,
        prompt_replacement=replacement,
        preset=slug,
    )


def _validate_recipe(document: object) -> Recipe:
    try:
        return Recipe.model_validate(document)
    except ValidationError as error:
        raise InvalidInputError(
            "sweep.recipe_invalid", reason=format_validation_error(error)
        ) from None


def set_by_path(document: Any, path: str, value: AxisValue) -> None:
    """Sets one value in a recipe's document, in place.

    Args:
        document: a recipe as nested dictionaries and lists.
        path: keys and indices joined by dots, such as `control_units.0.weight`. Field names of older
            versions are accepted: tuning studies have stored them.
        value: replaces the present value; validation is the caller's.

    Raises:
        InvalidInputError: there is no such field.
    """
    *parents, last = upgrade_field_path(path).split(".")
    try:
        for key in parents:
            document = document[int(key)] if isinstance(document, (list, tuple)) else document[key]
        document[last]  # Raises for a field that does not exist, so that none is added.
    except (KeyError, IndexError, ValueError, TypeError):
        raise InvalidInputError("recipe.field_not_found", field=path) from None
    document[last] = value
    if last == "name" and "sha256" in document:
        document["sha256"] = None  # The hash belongs to the model that was replaced.


def _require_seed(axis: Axis, value: AxisValue) -> int:
    if isinstance(value, str) or value != int(value):
        raise InvalidInputError("sweep.seed_not_whole", value=repr(value), axis=axis.field)
    if not 0 <= value < 2**32:
        raise InvalidInputError("sweep.seed_out_of_range", seed=f"{value!r:.30}", most=2**32 - 1)
    return int(value)
