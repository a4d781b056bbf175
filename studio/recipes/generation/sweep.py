"""Sweeps over a recipe's fields (A1111's X/Y/Z plot): which pictures, in which order. Pure."""

import csv
import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, product
from typing import Annotated, Any

from pydantic import Field, ValidationError

from studio.errors import InvalidInputError
from studio.recipes.base import FrozenModel, format_validation_error
from studio.recipes.generation.diff import FIELD_LABELS
from studio.recipes.generation.recipe import Recipe

MAX_CELLS = 500
"""Pictures one sweep may ask for."""
MAX_AXIS_VALUES = 100
"""Values one axis may take."""
TEXT_FIELDS = frozenset({"name", "prompt", "preset", "prompt_template", "negative_prompt"})
"""Fields whose values are texts, also where they look like numbers or ranges."""
PROMPT_AXIS = "prompt"
SEED_AXIS = "seed"
THEME_AXIS = "preset"

AxisValue = str | int | float


class Axis(FrozenModel):
    """One direction of a sweep: a field of the recipe by its path, and the values it takes.

    Paths are written with dots: `strength`, `control_units.0.weight`, `base_model.name`. The
    field `prompt` searches the template, theme and words for its first value and puts each in
    its place; `seed` is the request's; `preset` takes the recipe and the theme of others.
    """

    field: Annotated[str, Field(pattern=r"^[a-z_]+(\.[a-z_0-9]+)*$")]
    values: Annotated[tuple[AxisValue, ...], Field(min_length=1, max_length=MAX_AXIS_VALUES)]

    @classmethod
    def parse(cls, text: str) -> "Axis":
        """From `field=value,value`; numbers may be a range, `0.4..0.8/5` being five of them.

        A value that holds a comma stands in double quotes, as in A1111's X/Y/Z plot. Nothing longer
        than an axis may be is built. Raises InputError.
        """
        field, equals, listed = text.partition("=")
        field = field.strip()
        if not equals:
            raise InvalidInputError("sweep.axis_unreadable", axis=_short(text))
        found = (
            value for part in split_values(listed) for value in _values(part, is_text_field(field))
        )
        values = tuple(islice(found, MAX_AXIS_VALUES + 1))
        if len(values) > MAX_AXIS_VALUES:
            raise InvalidInputError(
                "sweep.too_many_values", axis=_short(text), most=MAX_AXIS_VALUES
            )
        try:
            return cls(field=field, values=values)
        except ValidationError as error:
            raise InvalidInputError(
                "sweep.axis_invalid", axis=_short(text), reason=format_validation_error(error)
            ) from None

    @property
    def label(self) -> str:
        last = self.field.rpartition(".")[2]
        return str(FIELD_LABELS.get(last, self.field))


class SweepCell(FrozenModel):
    """One picture of a sweep: where it stands on each axis, and what it is drawn with."""

    coordinates: tuple[int, ...]
    recipe: Recipe
    seed: int
    prompt_replacement: tuple[str, str] | None = None
    """What is searched for in the theme and the words, and what stands in its place."""
    preset: str | None = None
    """The preset whose recipe and theme it is, where that is an axis."""


def expand_grid(
    recipe: Recipe, seed: int, axes: Sequence[Axis], presets: Mapping[str, Recipe] | None = None
) -> tuple[SweepCell, ...]:
    """Every combination, in an order that changes base models and LoRAs least often.

    `presets` are the recipes that an axis over presets chooses from, by slug. Raises InputError for a field that is not there, a value it cannot take, or too many pictures.
    """
    count = 1
    for axis in axes:
        count *= len(axis.values)
    if count > MAX_CELLS:
        raise InvalidInputError("sweep.too_many_images", count=count, most=MAX_CELLS)
    places = product(*(range(len(axis.values)) for axis in axes))
    found = [_cell(recipe, seed, axes, at, presets or {}) for at in places]
    models = list(dict.fromkeys(_models(cell) for cell in found))
    return tuple(sorted(found, key=lambda cell: models.index(_models(cell))))


def _models(cell: SweepCell) -> tuple[object, ...]:
    recipe = cell.recipe
    return recipe.base_model, recipe.vae, recipe.loras


def _cell(
    recipe: Recipe,
    seed: int,
    axes: Sequence[Axis],
    at: tuple[int, ...],
    presets: Mapping[str, Recipe],
) -> SweepCell:
    chosen = [(axis, axis.values[index]) for axis, index in zip(axes, at, strict=True)]
    preset = next((str(value) for axis, value in chosen if axis.field == THEME_AXIS), None)
    if preset is not None and preset not in presets:
        raise InvalidInputError("sweep.theme_not_found", name=preset, axis=THEME_AXIS)
    document = (recipe if preset is None else presets[preset]).model_dump()
    replaced = None
    for axis, value in chosen:
        if axis.field == THEME_AXIS:
            continue
        if axis.field == SEED_AXIS:
            seed = _require_int(axis, value)
        elif axis.field == PROMPT_AXIS:
            replaced = (str(axis.values[0]), str(value))
            for name in ("prompt_template", "negative_prompt"):
                document[name] = document[name].replace(*replaced)
        else:
            set_by_path(document, axis.field, value)
    try:
        varied = Recipe.model_validate(document)
        return SweepCell(
            coordinates=at, recipe=varied, seed=seed, prompt_replacement=replaced, preset=preset
        )
    except ValidationError as error:
        raise InvalidInputError(
            "sweep.recipe_invalid", reason=format_validation_error(error)
        ) from None


def set_by_path(document: Any, field: str, value: AxisValue) -> None:
    """Puts `value` into a recipe's document at the path `field`, such as control_units.0.weight.

    Raises InputError for a field that is not there.
    """
    *path, last = field.split(".")
    try:
        for part in path:
            document = (
                document[int(part)] if isinstance(document, (list, tuple)) else document[part]
            )
        document[last]  # A field that is not there is told, not made.
    except (KeyError, IndexError, ValueError, TypeError):
        raise InvalidInputError("recipe.field_not_found", field=field) from None
    document[last] = value
    if last == "name":
        document["sha256"] = None  # Another model than the one it was tuned with.


def is_text_field(field: str) -> bool:
    """Whether the values of a field, given by its path, are texts: a model may be named 1.5."""
    return field.rpartition(".")[2] in TEXT_FIELDS


def split_values(listed: str) -> list[str]:
    """The values between commas or on lines; one in double quotes may hold commas.

    Raises InputError.
    """
    try:
        rows = list(csv.reader(listed.splitlines(), skipinitialspace=True))
    except csv.Error as error:
        raise InvalidInputError(
            "sweep.values_unreadable", values=_short(listed), reason=str(error)[:200]
        ) from None
    return [value.strip() for row in rows for value in row if value.strip()]


def _require_int(axis: Axis, value: AxisValue) -> int:
    if isinstance(value, str) or value != int(value):
        raise InvalidInputError("sweep.seed_not_whole", value=repr(value), axis=axis.field)
    if not 0 <= value < 2**32:
        raise InvalidInputError("sweep.seed_out_of_range", seed=f"{value!r:.30}", most=2**32 - 1)
    return int(value)


def _values(part: str, text: bool) -> Iterator[AxisValue]:
    """A word, a number, or a range of numbers."""
    first, dots, rest = part.partition("..")
    if text:
        yield part
    elif not dots:
        yield _number(part)
    else:
        last, slash, count = rest.partition("/")
        ends = (_number(first), _number(last))
        if not slash or _count(count) < 2 or any(isinstance(end, str) for end in ends):
            raise InvalidInputError("sweep.range_unreadable", range=_short(part))
        yield from _range(float(ends[0]), float(ends[1]), _count(count) - 1)


def _count(text: str) -> int:
    """How many numbers a range asks for, 0 where that is no number; from a million on, a million."""
    if not (text.isascii() and text.isdecimal()):
        return 0
    digits = text.lstrip("0") or "0"
    return int(digits) if len(digits) <= 6 else 10**6


def _range(low: float, high: float, steps: int) -> Iterator[AxisValue]:
    for index in range(steps + 1):
        # Not low + (high - low) * share: the difference of two finite numbers may be infinite.
        yield _format_number(low * (1 - index / steps) + high * (index / steps))


def _number(text: str) -> AxisValue:
    try:
        number = float(text)
    except ValueError:
        return text
    if not math.isfinite(number):
        raise InvalidInputError("sweep.number_not_finite", value=_short(text))
    return _format_number(number)


def _format_number(number: float) -> float:
    rounded = round(number, 6)
    return int(rounded) if rounded == int(rounded) else rounded


def _short(text: str) -> str:
    """What was written, on one line, no more of it than that has room for."""
    line = " ".join(text.split())
    return line if len(line) <= 80 else f"{line[:79]}…"
