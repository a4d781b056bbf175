"""Which variant of a run an operator picked on the studio page."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from sqlalchemy import delete, func, select

from studio.errors import NotFoundError
from studio.recipes.base_image import Slug
from studio.recipes.themes.preset import SLOTS, Slot
from studio.store.database import Database
from studio.store.tables import SelectionRow, VariantRow


class SelectionStore:
    """At most one picked variant for each run. Picks of API clients' users are in their requests."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def select(self, request_id: str, slot: Slot, author: str) -> None:
        """Picks the variant of `slot` in place of the one before. Raises NotFoundError without it."""
        same = VariantRow.request_id == request_id, VariantRow.slot == slot
        with self._database.write_session() as session:
            variant = session.scalar(select(VariantRow).where(*same))
            if variant is None:
                raise NotFoundError("history.variant_missing")
            session.execute(delete(SelectionRow).where(SelectionRow.request_id == request_id))
            session.add(
                SelectionRow(
                    request_id=request_id,
                    slot=slot,
                    theme_slug=variant.theme_slug,
                    theme_version=variant.theme_version,
                    author=author,
                    created_at=datetime.now(UTC),
                )
            )

    def unpick(self, request_id: str) -> None:
        """Picks none of the run's variants any more."""
        with self._database.write_session() as session:
            session.execute(delete(SelectionRow).where(SelectionRow.request_id == request_id))

    def list_slots(self, request_ids: Sequence[str]) -> Mapping[str, Slot]:
        """The slot that was picked of each run that has one."""
        query = select(SelectionRow.request_id, SelectionRow.slot).where(
            SelectionRow.request_id.in_(request_ids)
        )
        with self._database.read_session() as session:
            rows = session.execute(query).all()
        return {id_: slot for id_, stored in rows for slot in SLOTS if slot == stored}

    def counts(self, theme: Slug) -> Mapping[int, Mapping[Slot, int]]:
        """How often each slot's variant was picked, by saved version of a theme."""
        query = (
            select(SelectionRow.theme_version, SelectionRow.slot, func.count())
            .where(SelectionRow.theme_slug == theme, SelectionRow.theme_version.is_not(None))
            .group_by(SelectionRow.theme_version, SelectionRow.slot)
        )
        counts: dict[int, dict[Slot, int]] = {}
        with self._database.read_session() as session:
            for version, stored, count in session.execute(query):
                of_version = counts.setdefault(version or 0, dict.fromkeys(SLOTS, 0))
                of_version.update({slot: count for slot in SLOTS if slot == stored})
        return counts


def add_counts(
    one: Mapping[int, Mapping[Slot, int]], other: Mapping[int, Mapping[Slot, int]]
) -> Mapping[int, Mapping[Slot, int]]:
    """Two results of `counts` together."""
    none: Mapping[Slot, int] = dict.fromkeys(SLOTS, 0)
    return {
        version: {
            slot: one.get(version, none)[slot] + other.get(version, none)[slot] for slot in SLOTS
        }
        for version in one.keys() | other.keys()
    }
