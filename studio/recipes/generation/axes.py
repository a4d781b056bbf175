"""The axes of a sweep: a field of the recipe and its values, read from text. Pure functions."""

import csv
import math
from collections.abc import Iterator
from itertools import islice
from typing import Annotated

from pydantic import Field, ValidationError

from studio.errors import InvalidInputError
from studio.recipes.base import FrozenModel, format_validation_error
from studio.recipes.generation.recipe_fields import field_label, find_field
from studio.recipes.text_fields import TEXT, to_line

MAX_AXIS_VALUES = 100
"""Values of one axis."""
MAX_RANGE_COUNT = 10**6
"""A range's count is clamped to this while it is parsed: more than `MAX_AXIS_VALUES` is refused anyway."""
MAX_ERROR_CHARS = 80
"""Characters of the user's input that an error message repeats."""
PROMPT_AXIS = "prompt"
SEED_AXIS = "seed"
THEME_AXIS = "preset"
_TEXT_KINDS = frozenset({"text", "model", "image"})
"""Kinds of a recipe's fields with texts as values."""
AxisValue = str | int | float
_Value = (
    Annotated[str, Field(max_length=2_000), TEXT]
    | Annotated[int, Field(ge=-(2**53), le=2**53)]
    | float
)
"""An axis value as a request may send it."""


class Axis(FrozenModel):
    """One axis of a sweep: a field of the recipe by its path, and its values.

    Paths are written with dots: `denoising_strength`, `control_units.0.weight`, `base_model.name`. Three
    fields are special: `prompt` searches the prompts for its first value and replaces it by each
    value (prompt S/R); `seed` is the request's seed; `preset` takes recipe and theme prompt of
    other themes.
    """

    field: Annotated[str, Field(pattern=r"^[a-z_]+(\.[a-z_0-9]+)*$")]
    values: Annotated[tuple[_Value, ...], Field(min_length=1, max_length=MAX_AXIS_VALUES)]

    @classmethod
    def parse(cls, text: str) -> "Axis":
        """Parses `field=value,value`; `0.4..0.8/5` is a range of five numbers.

        A value that contains a comma is written in double quotes, as in A1111's X/Y/Z plot. Ranges are
        expanded lazily, so that a huge count costs neither time nor memory.

        Raises:
            InvalidInputError: the axis is malformed or has too many values.
        """
        field, equals, list_text = text.partition("=")
        field = field.strip()
        if not equals:
            raise InvalidInputError("sweep.axis_unreadable", axis=_shorten(text))
        as_text = is_text_field(field)
        expanded = (v for item in split_values(list_text) for v in _expand_values(item, as_text))
        values = tuple(islice(expanded, MAX_AXIS_VALUES + 1))
        if len(values) > MAX_AXIS_VALUES:
            raise InvalidInputError(
                "sweep.too_many_values", axis=_shorten(text), most=MAX_AXIS_VALUES
            )
        try:
            return cls(field=field, values=values)
        except ValidationError as error:
            raise InvalidInputError(
                "sweep.axis_invalid", axis=_shorten(text), reason=format_validation_error(error)
            ) from None

    @property
    def label(self) -> str:
        """The field's A1111 name, or its path where it has none."""
        return str(field_label(self.field) or self.field)

    def value_text(self, index: int) -> str:
        """A value in one line; an empty one as two quotes."""
        return to_line(str(self.values[index])) or '""'


def is_text_field(path: str) -> bool:
    """Whether the values of the field at `path` are always texts, even if they look like numbers or ranges: a
    model may be named 1.5."""
    field = find_field(path)
    return path in (PROMPT_AXIS, THEME_AXIS) or (field is not None and field.kind in _TEXT_KINDS)


def split_values(text: str) -> list[str]:
    """Splits at commas and line ends; a value in double quotes may contain commas.

    Raises:
        InvalidInputError: `text` is not valid CSV.
    """
    try:
        rows = list(csv.reader(text.splitlines(), skipinitialspace=True))
    except csv.Error as error:
        raise InvalidInputError(
            "sweep.values_unreadable", values=_shorten(text), reason=str(error)[:200]
        ) from None
    return [value.strip() for row in rows for value in row if value.strip()]


def _expand_values(text: str, as_text: bool) -> Iterator[AxisValue]:
    """One item of an axis: a text, a number, or a range `low..high/count`."""
    first, dots, after_dots = text.partition("..")
    if as_text:
        yield text
    elif not dots:
        yield _parse_number(text)
    else:
        last, slash, count_text = after_dots.partition("/")
        low, high = _parse_number(first), _parse_number(last)
        count = _parse_count(count_text)
        if not slash or count < 2 or isinstance(low, str) or isinstance(high, str):
            raise InvalidInputError("sweep.range_unreadable", range=_shorten(text))
        yield from _interpolate(float(low), float(high), count - 1)


def _parse_count(text: str) -> int:
    """A range's count, at most `MAX_RANGE_COUNT`; 0 where `text` is not a number."""
    if not (text.isascii() and text.isdecimal()):
        return 0
    digits = text.lstrip("0") or "0"
    return int(digits) if len(digits) <= 6 else MAX_RANGE_COUNT


def _interpolate(low: float, high: float, steps: int) -> Iterator[AxisValue]:
    for index in range(steps + 1):
        # Not low + (high - low) * t: the difference of two finite numbers may overflow.
        yield _format_number(low * (1 - index / steps) + high * (index / steps))


def _parse_number(text: str) -> AxisValue:
    """A number, or `text` itself where it is none."""
    try:
        number = float(text)
    except ValueError:
        return text
    if not math.isfinite(number):
        raise InvalidInputError("sweep.number_not_finite", value=_shorten(text))
    return _format_number(number)


def _format_number(number: float) -> float:
    """Rounded to six decimals, as an integer where it is one."""
    rounded = round(number, 6)
    return int(rounded) if rounded == int(rounded) else rounded


def _shorten(text: str) -> str:
    """User input in one line of at most `MAX_ERROR_CHARS` characters."""
    line = " ".join(text.split())
    return line if len(line) <= MAX_ERROR_CHARS else f"{line[: MAX_ERROR_CHARS - 1]}…"
