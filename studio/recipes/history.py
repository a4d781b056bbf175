"""The filter for the history of finished variants, and one page of its result."""

from datetime import date
from typing import Annotated

from pydantic import Field

from studio.recipes.base import FrozenModel
from studio.recipes.base_image import Slug
from studio.recipes.generation.job import Variant
from studio.recipes.text_fields import Search
from studio.recipes.themes.preset import Slot

RowId = Annotated[int, Field(ge=1, le=2**31 - 1)]
"""Primary key of a row in the database."""
Day = Annotated[date, Field(le=date(9998, 12, 31))]
"""A day that another one follows, so that "the day after" can be computed."""


class HistoryFilter(FrozenModel):
    """Conditions that a variant must meet; None is no condition.

    `created_after` and `created_before` are days in UTC, both inclusive. `model` is the name of any
    model used. `text` is searched for in the prompt, case-insensitively.
    """

    theme: Slug | None = None
    slot: Slot | None = None
    model: Search | None = None
    text: Search | None = None
    created_after: Day | None = None
    created_before: Day | None = None


class StoredVariant(FrozenModel):
    """A variant with its row id; later variants have higher ids."""

    id: int
    variant: Variant


class VariantPage(FrozenModel):
    """One page of variants, newest first.

    `next_cursor` is the id before which the next page starts; None on the last page.
    """

    rows: tuple[StoredVariant, ...]
    next_cursor: int | None


class VariantSelection(FrozenModel):
    """Variants selected by their row ids."""

    ids: Annotated[tuple[RowId, ...], Field(min_length=1, max_length=1000)]
