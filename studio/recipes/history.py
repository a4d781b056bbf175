"""What to look for among the variants that were made."""

from datetime import date
from typing import Annotated

from pydantic import Field

from studio.recipes.base import FrozenModel
from studio.recipes.base_image import Slug
from studio.recipes.generation.job import Variant
from studio.recipes.text_fields import Search
from studio.recipes.themes.preset import Slot

RowId = Annotated[int, Field(ge=1, le=2**31 - 1)]
"""The number of a row in the store."""
Day = Annotated[date, Field(le=date(9998, 12, 31))]
"""A day that has another after it."""


class HistoryFilter(FrozenModel):
    """Every field that is given must fit; `text` is looked for in the prompt, in any case.

    `since` and `until` are days in UTC, both included; `model` is the name of any model used.
    """

    theme: Slug | None = None
    slot: Slot | None = None
    model: Search | None = None
    text: Search | None = None
    created_after: Day | None = None
    created_before: Day | None = None


class StoredVariant(FrozenModel):
    """A variant with its number in the store; later ones have higher numbers."""

    id: int
    variant: Variant


class VariantPage(FrozenModel):
    """Some variants, newest first; `next` is the number to go on before, None at the end."""

    rows: tuple[StoredVariant, ...]
    next_cursor: int | None


class VariantSelection(FrozenModel):
    """Variants by their numbers in the store."""

    ids: Annotated[tuple[RowId, ...], Field(min_length=1, max_length=1000)]
