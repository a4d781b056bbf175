"""Tuning help: which fields of a recipe may vary, and what a trial of them is worth. Pure."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from studio.errors import InputError
from studio.message_fields import invalid
from studio.recipes.base import Frozen, explain
from studio.recipes.canvas import Slug
from studio.recipes.deployment import Number
from studio.recipes.preset import Letter
from studio.recipes.recipe import Recipe
from studio.recipes.reports import Looks
from studio.recipes.sweep import MOST_VALUES, Value, is_text, set_field, split_values

Objective = Literal["looks", "votes", "both"]
Stars = Annotated[int, Field(ge=1, le=5)]

FAR = 30.0
"""CIEDE2000 from the doodle at which likeness is worth nothing."""
WIDE = 30.0
"""CIEDE2000 from the other recipes' pictures at which a recipe is as unlike them as need be."""


class Span(Frozen):
    """What one field may be: from `low` to `high`, or one of `choices`."""

    field: Annotated[str, Field(pattern=r"^[a-z_]+(\.[a-z_0-9]+)*$")]
    low: float | None = None
    high: float | None = None
    choices: Annotated[tuple[Value, ...], Field(max_length=MOST_VALUES)] = ()

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        ranged = self.low is not None and self.high is not None
        if ranged == bool(self.choices):
            raise invalid("tuning.span_empty", field=self.field)
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise invalid("tuning.range_reversed", field=self.field)
        return self

    @property
    def whole(self) -> bool:
        """Whether a range is one of whole numbers, as for steps."""
        return all(end is not None and float(end).is_integer() for end in (self.low, self.high)) and self.field.rpartition(".")[2] in WHOLE  # fmt: skip

    @classmethod
    def read(cls, text: str) -> "Span":
        """From `field=0.4..0.8` or `field=Euler,UniPC`. Raises InputError."""
        field, equals, said = text.partition("=")
        field = field.strip()
        low, dots, high = said.partition("..")
        try:
            if dots and not is_text(field):
                return cls(field=field, low=float(low), high=float(high))
            listed = split_values(said)
            choices = tuple(listed if is_text(field) else map(_value, listed))
            if not equals or not choices:
                raise ValueError
            return cls(field=field, choices=choices)
        except ValidationError as error:
            raise InputError("tuning.span_invalid", span=text, reason=explain(error)) from None
        except ValueError:
            raise InputError("tuning.span_unreadable", span=text) from None


WHOLE = frozenset({"steps", "clip_skip", "deep_cache", "width", "height"})


class Study(Frozen):
    """A search over one recipe of a version. `objective` says whose taste counts."""

    slug: Slug
    number: Number
    letter: Letter
    spans: Annotated[tuple[Span, ...], Field(min_length=1, max_length=8)]
    objective: Objective = "looks"

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if len({span.field for span in self.spans}) != len(self.spans):
            raise invalid("tuning.field_twice")
        return self


def tried(recipe: Recipe, values: dict[str, Value]) -> Recipe:
    """The recipe with a trial's values in their fields. Raises InputError where they do not hold."""
    document: Any = recipe.model_dump()
    for field, value in values.items():
        set_field(document, field, value)
    try:
        return Recipe.model_validate(document)
    except ValidationError as error:
        raise InputError("tuning.recipe_invalid", reason=explain(error)) from None


def worth(looks: Looks) -> float:
    """0 to 1: half for being like the doodle, half for being unlike the other recipes' pictures."""
    like = 0.5 if looks.likeness is None else max(0.0, 1 - looks.likeness / FAR)
    return (like + min(1.0, looks.diversity / WIDE)) / 2


def score(objective: Objective, looks: Looks, stars: int | None) -> float | None:
    """What a trial is worth, 0 to 1; None while somebody has yet to give it stars."""
    if objective == "looks":
        return worth(looks)
    if stars is None:
        return None
    liked = (stars - 1) / 4
    return liked if objective == "votes" else (liked + worth(looks)) / 2


def _value(text: str) -> Value:
    try:
        number = float(text)
    except ValueError:
        return text
    return int(number) if number.is_integer() else number
