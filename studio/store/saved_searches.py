"""Saved searches of the history."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import func, select

from studio.errors import InvalidInputError, NotFoundError
from studio.messages import message
from studio.recipes.base import parse_stored_document
from studio.recipes.history import HistoryFilter, SavedSearch
from studio.store.database import Database, as_utc
from studio.store.tables import SavedSearchRow

MAX_SEARCHES = 200
"""Saved searches of an installation: a list shows them all."""


class SavedSearchStore:
    """Filters of the history by name, for the whole installation."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, name: str, filters: HistoryFilter, author: str) -> SavedSearch:
        """Saves a filter. Raises InvalidInputError where the name is taken, and for more than `MAX_SEARCHES`."""
        with self._database.write_session() as session:
            count = session.scalar(select(func.count()).select_from(SavedSearchRow)) or 0
            if count >= MAX_SEARCHES:
                raise InvalidInputError("history.too_many_searches", most=MAX_SEARCHES)
            if session.scalar(select(SavedSearchRow.id).where(SavedSearchRow.name == name)):
                raise InvalidInputError("history.search_name_taken", name=name)
            row = SavedSearchRow(
                name=name,
                document=filters.model_dump_json(exclude_defaults=True),
                author=author,
                created_at=datetime.now(UTC),
            )
            session.add(row)
            session.flush()
            return _search(row)

    def list_all(self) -> Sequence[SavedSearch]:
        """All saved searches, by name."""
        with self._database.read_session() as session:
            rows = session.scalars(select(SavedSearchRow).order_by(SavedSearchRow.name))
            return [_search(row) for row in rows]

    def remove(self, search_id: int) -> None:
        """Deletes a saved search. Raises NotFoundError."""
        with self._database.write_session() as session:
            row = session.get(SavedSearchRow, search_id)
            if row is None:
                raise NotFoundError("history.search_not_found")
            session.delete(row)


def _search(row: SavedSearchRow) -> SavedSearch:
    what = message("storage.saved_search", name=row.name)
    return SavedSearch(
        id=row.id,
        name=row.name,
        filters=parse_stored_document(HistoryFilter, row.document, what),
        author=row.author,
        created_at=as_utc(row.created_at),
    )
