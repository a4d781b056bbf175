"""Hyperparameter tuning of a recipe: search space, study, and the score of a trial. Pure functions."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, field_validator, model_validator

from studio.errors import InvalidInputError
from studio.message_fields import invalid
from studio.recipes.base import FrozenModel, StoredModel, format_validation_error
from studio.recipes.base_image import Slug
from studio.recipes.evaluation.reports import QualityMetrics
from studio.recipes.generation.axes import MAX_AXIS_VALUES, AxisValue, is_text_field, split_values
from studio.recipes.generation.recipe import Recipe
from studio.recipes.generation.recipe_fields import find_field
from studio.recipes.generation.sweep import set_by_path
from studio.recipes.old_formats import upgrade_field_path
from studio.recipes.themes.deployment import VersionNumber
from studio.recipes.themes.preset import Slot

Objective = Literal["metrics", "ratings", "both"]
"""Whether a trial's score comes from the quality metrics, from ratings, or from both."""
Rating = Annotated[int, Field(ge=1, le=5)]
"""Stars that an operator gives a trial."""

COLOR_ERROR_SCALE = 30.0
"""Color error (CIEDE2000) from which the score for color is 0."""
DIVERSITY_SCALE = 30.0
"""Distance from the other recipes' images (CIEDE2000) from which the score for diversity is 1."""


class SearchSpace(FrozenModel):
    """The values that one field may take: a range from `low` to `high`, or one of `choices`."""

    field: Annotated[str, Field(pattern=r"^[a-z_]+(\.[a-z_0-9]+)*$")]
    low: float | None = None
    high: float | None = None
    choices: Annotated[tuple[AxisValue, ...], Field(max_length=MAX_AXIS_VALUES)] = ()

    @field_validator("field")
    @classmethod
    def _upgrade_field(cls, path: str) -> str:
        return upgrade_field_path(path)

    @model_validator(mode="after")
    def _validate_range_or_choices(self) -> Self:
        is_range = self.low is not None and self.high is not None
        if is_range == bool(self.choices):
            raise invalid("tuning.range_empty", field=self.field)
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise invalid("tuning.range_reversed", field=self.field)
        return self

    @property
    def is_integer(self) -> bool:
        """Whether it is a range of integers, as for `steps`."""
        if self.low is None or self.high is None:
            return False
        field = find_field(self.field)
        has_integer_ends = self.low.is_integer() and self.high.is_integer()
        return has_integer_ends and field is not None and field.kind == "integer"

    @property
    def integer_step(self) -> int:
        """What the integers of a range are apart: 8 for a width, mostly 1."""
        field = find_field(self.field)
        return 1 if field is None else int(field.multiple_of or 1)

    @classmethod
    def parse(cls, text: str) -> "SearchSpace":
        """Parses `field=0.4..0.8` or `field=Euler,UniPC`.

        Raises:
            InvalidInputError: the text is malformed, or the range or the choices are invalid.
        """
        field, equals, values = text.partition("=")
        field = field.strip()
        low, dots, high = values.partition("..")
        try:
            if dots and not is_text_field(field):
                return cls(field=field, low=float(low), high=float(high))
            items = split_values(values)
            choices = tuple(items if is_text_field(field) else map(_parse_value, items))
            if not equals or not choices:
                raise ValueError
            return cls(field=field, choices=choices)
        except ValidationError as error:
            raise InvalidInputError(
                "tuning.range_invalid", span=text, reason=format_validation_error(error)
            ) from None
        except ValueError:
            raise InvalidInputError("tuning.range_unreadable", span=text) from None


class TuningStudy(StoredModel):
    """A search for better values of one recipe's fields; each field has one search space."""

    slug: Slug
    version: VersionNumber
    slot: Slot
    search_space: Annotated[tuple[SearchSpace, ...], Field(min_length=1, max_length=8)]
    objective: Objective = "metrics"

    @model_validator(mode="after")
    def _validate_unique_fields(self) -> Self:
        if len({space.field for space in self.search_space}) != len(self.search_space):
            raise invalid("tuning.field_twice")
        return self


def apply_trial(recipe: Recipe, values: dict[str, AxisValue]) -> Recipe:
    """The recipe with a trial's values, which are keyed by field path.

    Raises:
        InvalidInputError: a field does not exist, or its value is invalid.
    """
    document: Any = recipe.model_dump()
    for path, value in values.items():
        set_by_path(document, path, value)
    try:
        return Recipe.model_validate(document)
    except ValidationError as error:
        raise InvalidInputError(
            "tuning.recipe_invalid", reason=format_validation_error(error)
        ) from None


def quality_score(metrics: QualityMetrics) -> float:
    """Mean of color fidelity and diversity, 0 to 1; without a color error that half is 0.5."""
    color = 0.5
    if metrics.color_error is not None:
        color = max(0.0, 1 - metrics.color_error / COLOR_ERROR_SCALE)
    return (color + min(1.0, metrics.diversity / DIVERSITY_SCALE)) / 2


def trial_score(
    objective: Objective, metrics: QualityMetrics, rating: Rating | None
) -> float | None:
    """A trial's score, 0 to 1; None while the objective needs a rating that is missing.

    Args:
        rating: 1 to 5 stars.
    """
    if objective == "metrics":
        return quality_score(metrics)
    if rating is None:
        return None
    rating_score = (rating - 1) / 4
    return rating_score if objective == "ratings" else (rating_score + quality_score(metrics)) / 2


def _parse_value(text: str) -> AxisValue:
    """A number, as an integer where it is one, or `text` itself."""
    try:
        number = float(text)
    except ValueError:
        return text
    return int(number) if number.is_integer() else number
