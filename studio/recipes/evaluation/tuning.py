"""Tuning help: which fields of a recipe may vary, and what a trial of them is worth. Pure."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from studio.errors import InvalidInputError
from studio.message_fields import invalid
from studio.recipes.base import FrozenModel, StoredModel, format_validation_error
from studio.recipes.base_image import Slug
from studio.recipes.evaluation.reports import QualityMetrics
from studio.recipes.generation.recipe import Recipe
from studio.recipes.generation.sweep import (
    MAX_AXIS_VALUES,
    AxisValue,
    is_text_field,
    set_by_path,
    split_values,
)
from studio.recipes.themes.deployment import VersionNumber
from studio.recipes.themes.preset import Slot

Objective = Literal["looks", "votes", "both"]
Rating = Annotated[int, Field(ge=1, le=5)]

COLOR_ERROR_SCALE = 30.0
"""CIEDE2000 from the doodle at which likeness is worth nothing."""
DIVERSITY_SCALE = 30.0
"""CIEDE2000 from the other recipes' pictures at which a recipe is as unlike them as need be."""


class SearchSpace(FrozenModel):
    """What one field may be: from `low` to `high`, or one of `choices`."""

    field: Annotated[str, Field(pattern=r"^[a-z_]+(\.[a-z_0-9]+)*$")]
    low: float | None = None
    high: float | None = None
    choices: Annotated[tuple[AxisValue, ...], Field(max_length=MAX_AXIS_VALUES)] = ()

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        ranged = self.low is not None and self.high is not None
        if ranged == bool(self.choices):
            raise invalid("tuning.span_empty", field=self.field)
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise invalid("tuning.range_reversed", field=self.field)
        return self

    @property
    def is_integer(self) -> bool:
        """Whether a range is one of whole numbers, as for steps."""
        return all(end is not None and float(end).is_integer() for end in (self.low, self.high)) and self.field.rpartition(".")[2] in INTEGER_FIELDS  # fmt: skip

    @classmethod
    def parse(cls, text: str) -> "SearchSpace":
        """From `field=0.4..0.8` or `field=Euler,UniPC`. Raises InputError."""
        field, equals, said = text.partition("=")
        field = field.strip()
        low, dots, high = said.partition("..")
        try:
            if dots and not is_text_field(field):
                return cls(field=field, low=float(low), high=float(high))
            listed = split_values(said)
            choices = tuple(listed if is_text_field(field) else map(_value, listed))
            if not equals or not choices:
                raise ValueError
            return cls(field=field, choices=choices)
        except ValidationError as error:
            raise InvalidInputError(
                "tuning.span_invalid", span=text, reason=format_validation_error(error)
            ) from None
        except ValueError:
            raise InvalidInputError("tuning.span_unreadable", span=text) from None


INTEGER_FIELDS = frozenset({"steps", "clip_skip", "deepcache_interval", "width", "height"})


class TuningStudy(StoredModel):
    """A search over one recipe of a version. `objective` says whose taste counts."""

    slug: Slug
    version: VersionNumber
    slot: Slot
    search_space: Annotated[tuple[SearchSpace, ...], Field(min_length=1, max_length=8)]
    objective: Objective = "looks"

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if len({span.field for span in self.search_space}) != len(self.search_space):
            raise invalid("tuning.field_twice")
        return self


def apply_trial(recipe: Recipe, values: dict[str, AxisValue]) -> Recipe:
    """The recipe with a trial's values in their fields. Raises InputError where they do not hold."""
    document: Any = recipe.model_dump()
    for field, value in values.items():
        set_by_path(document, field, value)
    try:
        return Recipe.model_validate(document)
    except ValidationError as error:
        raise InvalidInputError(
            "tuning.recipe_invalid", reason=format_validation_error(error)
        ) from None


def quality_score(looks: QualityMetrics) -> float:
    """0 to 1: half for being like the doodle, half for being unlike the other recipes' pictures."""
    like = 0.5 if looks.color_error is None else max(0.0, 1 - looks.color_error / COLOR_ERROR_SCALE)
    return (like + min(1.0, looks.diversity / DIVERSITY_SCALE)) / 2


def trial_score(objective: Objective, looks: QualityMetrics, stars: int | None) -> float | None:
    """What a trial is worth, 0 to 1; None while somebody has yet to give it stars."""
    if objective == "looks":
        return quality_score(looks)
    if stars is None:
        return None
    liked = (stars - 1) / 4
    return liked if objective == "votes" else (liked + quality_score(looks)) / 2


def _value(text: str) -> AxisValue:
    try:
        number = float(text)
    except ValueError:
        return text
    return int(number) if number.is_integer() else number
