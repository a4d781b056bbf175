"""Grids (X/Y/Z plots): their documents, and how far they came. Their images are in the render cache."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from pydantic import TypeAdapter
from sqlalchemy import select, update
from sqlalchemy.orm import defer

from studio.errors import NotFoundError
from studio.messages import message
from studio.recipes.base import parse_stored_document
from studio.recipes.base_image import Slug
from studio.recipes.evaluation.grid import Grid
from studio.recipes.generation.axes import Axis
from studio.recipes.themes.preset import SLOTS, Slot
from studio.store.database import Database, as_utc
from studio.store.tables import GridRow

CACHED_GRIDS = 4
"""Parsed documents in the LRU cache; each may have images of some MB."""
_AXES = TypeAdapter(tuple[Axis, ...])


@dataclass(frozen=True)
class GridSummary:
    """A grid as lists show it; `version` is None for a preset that was not saved.

    `state` is "running", "done", "failed" or "stopped": that of the last time it ran. A process that
    ended meanwhile leaves "running" behind.
    """

    id: int
    slug: Slug
    theme_name: str
    version: int | None
    slot: Slot
    axes: Sequence[Axis]
    images: int
    done: int
    state: str
    author: str
    created_at: datetime


class GridStore:
    """Grids; a document never changes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        # A page asks for each image of a grid, and a document has the doodle in it.
        self._get_cached = lru_cache(maxsize=CACHED_GRIDS)(self._read)

    def add(self, grid: Grid, author: str = "") -> GridSummary:
        """Adds a grid that has not run; `author` is the operator who set it up."""
        preset = grid.request.preset
        row = GridRow(
            slug=preset.slug,
            theme_name=preset.name,
            version=grid.request.theme_version,
            slot=grid.slot,
            axes=_AXES.dump_json(grid.axes).decode(),
            images=math.prod(len(axis.values) for axis in grid.axes),
            done=0,
            state="stopped",
            document=grid.model_dump_json(),
            author=author,
            created_at=datetime.now(UTC),
        )
        with self._database.write_session() as session:
            session.add(row)
            session.flush()
            return _summary(row)

    def get(self, grid_id: int) -> Grid:
        """The document of a grid. Raises NotFoundError."""
        return self._get_cached(grid_id)

    def _read(self, grid_id: int) -> Grid:
        with self._database.read_session() as session:
            document = session.scalar(select(GridRow.document).where(GridRow.id == grid_id))
        if document is None:
            raise NotFoundError("grid.not_found", number=grid_id)
        return parse_stored_document(Grid, document, message("grid.named", number=grid_id))

    def summary(self, grid_id: int) -> GridSummary:
        """One grid without its document. Raises NotFoundError."""
        query = select(GridRow).where(GridRow.id == grid_id).options(defer(GridRow.document))
        with self._database.read_session() as session:
            row = session.scalar(query)
            if row is None:
                raise NotFoundError("grid.not_found", number=grid_id)
            return _summary(row)

    def list_latest(self, limit: int, slug: Slug | None = None) -> Sequence[GridSummary]:
        """The latest grids, newest first; of one theme where `slug` names it."""
        query = select(GridRow).order_by(GridRow.id.desc()).limit(limit)
        if slug is not None:
            query = query.where(GridRow.slug == slug)
        with self._database.read_session() as session:
            return [
                _summary(row) for row in session.scalars(query.options(defer(GridRow.document)))
            ]

    def set_state(self, grid_id: int, state: str, done: int) -> None:
        """Stores how a run began or ended, and with how many images."""
        change = update(GridRow).where(GridRow.id == grid_id).values(state=state, done=done)
        with self._database.write_session() as session:
            session.execute(change)


def _summary(row: GridRow) -> GridSummary:
    return GridSummary(
        id=row.id,
        slug=row.slug,
        theme_name=row.theme_name,
        version=row.version,
        slot=next(slot for slot in SLOTS if slot == row.slot),
        axes=_AXES.validate_json(row.axes),
        images=row.images,
        done=row.done,
        state=row.state,
        author=row.author,
        created_at=as_utc(row.created_at),
    )
