"""Stars, tags and collections of variants, for the whole installation."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from studio.recipes.history import LabelKind, VariantLabels
from studio.store.database import Database
from studio.store.tables import VariantLabelRow, VariantRow

MAX_NAMES = 1000
"""Tags, or collections, that a list shows; a search finds every one."""


class VariantLabelStore:
    """What people have marked variants with. A tag or collection exists while a variant has it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def set(self, ids: Sequence[int], kind: LabelKind, name: str, author: str) -> int:
        """Marks variants; those that have the label keep it as it is, unknown ids are skipped.

        Args:
            ids: the variants' row ids.
            kind: star, tag or collection.
            name: empty for a star.
            author: who marks them; empty where it is unknown.

        Returns:
            How many variants were marked.
        """
        labels = select(VariantLabelRow.variant_id).where(*_is_label(kind, name))
        query = select(VariantRow.id).where(VariantRow.id.in_(ids), VariantRow.id.not_in(labels))
        now = datetime.now(UTC)
        with self._database.write_session() as session:
            unmarked = session.scalars(query).all()
            session.add_all(
                VariantLabelRow(variant_id=id_, kind=kind, name=name, author=author, created_at=now)
                for id_ in unmarked
            )
        return len(unmarked)

    def remove(self, ids: Sequence[int], kind: LabelKind, name: str) -> int:
        """Takes a label from variants; returns from how many."""
        labels = (*_is_label(kind, name), VariantLabelRow.variant_id.in_(ids))
        with self._database.write_session() as session:
            marked = session.scalars(select(VariantLabelRow.variant_id).where(*labels)).all()
            session.execute(delete(VariantLabelRow).where(*labels))
        return len(marked)

    def names(self, kind: LabelKind) -> Sequence[str]:
        """The first `MAX_NAMES` of the names in use, sorted."""
        query = select(VariantLabelRow.name).where(VariantLabelRow.kind == kind).distinct()
        with self._database.read_session() as session:
            return sorted(session.scalars(query.order_by(VariantLabelRow.name).limit(MAX_NAMES)))


def load_labels(session: Session, ids: Sequence[int]) -> Mapping[int, VariantLabels]:
    """The labels of variants by row id; those without any are left out."""
    query = (
        select(VariantLabelRow.variant_id, VariantLabelRow.kind, VariantLabelRow.name)
        .where(VariantLabelRow.variant_id.in_(ids))
        .order_by(VariantLabelRow.name)
    )
    found: dict[int, list[tuple[str, str]]] = {}
    for id_, kind, name in session.execute(query):
        found.setdefault(id_, []).append((kind, name))
    return {
        id_: VariantLabels(
            starred=any(kind == "star" for kind, _ in labels),
            tags=tuple(name for kind, name in labels if kind == "tag"),
            collections=tuple(name for kind, name in labels if kind == "collection"),
        )
        for id_, labels in found.items()
    }


def _is_label(kind: LabelKind, name: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return VariantLabelRow.kind == kind, VariantLabelRow.name == name
