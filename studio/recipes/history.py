"""The history of finished variants: its filter, its labels, and one page of its result."""

from datetime import UTC, date, datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from studio.recipes.base import FrozenModel
from studio.recipes.base_image import Slug
from studio.recipes.generation.job import RequestId, Variant
from studio.recipes.text_fields import Author, Name, Search
from studio.recipes.themes.preset import Slot

RowId = Annotated[int, Field(ge=1, le=2**31 - 1)]
"""Primary key of a row in the database."""
Day = Annotated[date, Field(le=date(9998, 12, 31))]
"""A day that another one follows, so that "the day after" can be computed."""
Timestamp = Annotated[
    AwareDatetime,
    Field(ge=datetime(1970, 1, 1, tzinfo=UTC), le=datetime(9998, 12, 31, tzinfo=UTC)),
]
Bound = Annotated[Timestamp | Day, Field(union_mode="left_to_right")]
"""A timestamp with its offset from UTC, or a day in UTC."""
LabelKind = Literal["star", "tag", "collection"]
"""What a variant can be marked with, for the whole installation. A star has no name."""


class HistoryFilter(FrozenModel):
    """Conditions that a variant must meet; None is no condition.

    `created_after` is inclusive; `created_before` is a day that is included, or a timestamp that is not: a page
    sends the bounds of its reader's days as timestamps. `model` is the name of any model used. `text` is
    searched for in the prompt, case-insensitively. `selected` are those that
    somebody chose among the four of their run. `client` is who sent the request: an API client, or
    `studio`. `starred` and `selected` False are no conditions either.
    """

    theme: Slug | None = None
    slot: Slot | None = None
    model: Search | None = None
    sampler: Search | None = None
    text: Search | None = None
    client: Search | None = None
    starred: bool = False
    selected: bool = False
    tag: Name | None = None
    collection: Name | None = None
    created_after: Bound | None = None
    created_before: Bound | None = None


class VariantLabels(FrozenModel):
    """What people have marked a variant with."""

    starred: bool = False
    tags: tuple[str, ...] = ()
    collections: tuple[str, ...] = ()


class StoredVariant(FrozenModel):
    """A variant with its row id; later variants have higher ids.

    `doodle_sha256` is the hash of its doodle where that is stored. `selected`: it was chosen among those of
    its run.
    """

    id: int
    variant: Variant
    labels: VariantLabels = VariantLabels()
    doodle_sha256: str | None = None
    selected: bool = False


class VariantPage(FrozenModel):
    """One page of variants, newest first.

    `next_cursor` is the id before which the next page starts; None on the last page.
    """

    rows: tuple[StoredVariant, ...]
    next_cursor: int | None


class HistoryRun(FrozenModel):
    """The variants of one request, by slot. `client` is who sent it."""

    request_id: RequestId
    client: str
    variants: Annotated[tuple[StoredVariant, ...], Field(min_length=1)]


class RunPage(FrozenModel):
    """One page of runs, newest first; `next_cursor` as in `VariantPage`."""

    runs: tuple[HistoryRun, ...]
    next_cursor: int | None


class SavedSearch(FrozenModel):
    """A filter of the history under a name."""

    id: int
    name: Name
    filters: HistoryFilter
    author: Author = ""
    created_at: datetime


class VariantSelection(FrozenModel):
    """Variants selected by their row ids."""

    ids: Annotated[tuple[RowId, ...], Field(min_length=1, max_length=1000)]
