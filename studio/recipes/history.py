"""What to look for among the variants that were made."""

from datetime import date
from typing import Annotated

from pydantic import Field

from studio.recipes.base import Frozen
from studio.recipes.canvas import Slug
from studio.recipes.preset import Letter
from studio.recipes.request import Variant
from studio.recipes.text import Search

RowId = Annotated[int, Field(ge=1, le=2**31 - 1)]
"""The number of a row in the store."""
Day = Annotated[date, Field(le=date(9998, 12, 31))]
"""A day that has another after it."""


class HistoryFilter(Frozen):
    """Every field that is given must fit; `text` is looked for in the prompt, in any case.

    `since` and `until` are days in UTC, both included; `model` is the name of any model used.
    """

    preset: Slug | None = None
    letter: Letter | None = None
    model: Search | None = None
    text: Search | None = None
    since: Day | None = None
    until: Day | None = None


class KeptVariant(Frozen):
    """A variant with its number in the store; later ones have higher numbers."""

    id: int
    variant: Variant


class HistoryPage(Frozen):
    """Some variants, newest first; `next` is the number to go on before, None at the end."""

    rows: tuple[KeptVariant, ...]
    next: int | None


class Chosen(Frozen):
    """Variants by their numbers in the store."""

    ids: Annotated[tuple[RowId, ...], Field(min_length=1, max_length=1000)]
