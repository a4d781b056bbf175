"""Finished variants: their records in the database, their pictures on disk."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from studio.errors import NotFoundError
from studio.messages import message
from studio.recipes.base import parse_stored_document
from studio.recipes.generation.job import Variant
from studio.recipes.history import HistoryFilter, StoredVariant, VariantPage
from studio.store.database import Database
from studio.store.images.files import ImageStore
from studio.store.tables import BaseImageRow, ThemeVersionRow, VariantRow


class VariantStore:
    def __init__(self, database: Database, images: ImageStore) -> None:
        self._database = database
        self._images = images

    def add(self, variant: Variant, png: bytes) -> None:
        """Keeps a variant: the picture first, so that no row is without one. A job that was drawn
        twice, since its first drawer was lost, keeps its first."""
        self._images.write(png)
        with self._database.write_session() as session:
            made = VariantRow.request_id == variant.request_id, VariantRow.slot == variant.slot
            if session.scalar(select(exists().where(*made))):
                return
            session.add(
                VariantRow(
                    request_id=variant.request_id,
                    slot=variant.slot,
                    theme_slug=variant.theme_slug,
                    theme_version=variant.theme_version,
                    image_sha256=variant.image_sha256,
                    document=variant.model_dump_json(),
                    created_at=variant.created_at,
                    prompt=variant.prompt.lower(),
                    models="".join(f"\n{used.name}\n" for used in variant.models),
                )
            )

    def list_for_request(self, request_id: str) -> Sequence[Variant]:
        """The request's variants by letter."""
        query = (
            select(VariantRow).where(VariantRow.request_id == request_id).order_by(VariantRow.slot)
        )
        with self._database.read_session() as session:
            return [_variant(row) for row in session.scalars(query)]

    def list_for_version(self, slug: str, number: int, most: int = 100) -> Sequence[Variant]:
        """The newest variants that a preset version made."""
        query = (
            select(VariantRow)
            .where(VariantRow.theme_slug == slug, VariantRow.theme_version == number)
            .order_by(VariantRow.id.desc())
            .limit(most)
        )
        with self._database.read_session() as session:
            return [_variant(row) for row in session.scalars(query)]

    def list_latest(self, most: int) -> Sequence[Variant]:
        query = select(VariantRow).order_by(VariantRow.id.desc()).limit(most)
        with self._database.read_session() as session:
            return [_variant(row) for row in session.scalars(query)]

    def query(
        self, wanted: HistoryFilter, before: int | None = None, most: int = 60
    ) -> VariantPage:
        """The newest variants that fit, of numbers under `before`; at most `most`."""
        query = select(VariantRow).where(*_conditions(wanted))
        if before is not None:
            query = query.where(VariantRow.id < before)
        with self._database.read_session() as session:
            rows = session.scalars(query.order_by(VariantRow.id.desc()).limit(most + 1)).all()
            kept = tuple(StoredVariant(id=row.id, variant=_variant(row)) for row in rows[:most])
        return VariantPage(rows=kept, next_cursor=kept[-1].id if len(rows) > most else None)

    def get_many(self, ids: Sequence[int]) -> Sequence[StoredVariant]:
        """The variants of these numbers, oldest first; numbers of none are passed over."""
        query = select(VariantRow).where(VariantRow.id.in_(ids)).order_by(VariantRow.id)
        with self._database.read_session() as session:
            return [
                StoredVariant(id=row.id, variant=_variant(row)) for row in session.scalars(query)
            ]

    def delete(self, ids: Sequence[int]) -> int:
        """Deletes variants, then their pictures where nothing else shows them; tells how many."""
        return self._delete(VariantRow.id.in_(ids))

    def delete_for_request(self, request_id: str) -> int:
        """Deletes a request's variants, as `delete` does."""
        return self._delete(VariantRow.request_id == request_id)

    def _delete(self, condition: ColumnElement[bool]) -> int:
        with self._database.write_session() as session:
            rows = session.scalars(select(VariantRow).where(condition)).all()
            images = {row.image_sha256 for row in rows}
            for row in rows:
                session.delete(row)
        for sha256 in images:
            self.delete_image_if_unreferenced(sha256)
        return len(rows)

    def delete_image_if_unreferenced(self, sha256: str) -> None:
        """Deletes a picture that no variant, base image or recipe shows any more."""
        with self._database.read_session() as session:
            if _is_used(session, sha256):
                return
        self._images.remove(sha256)

    def png(self, variant: Variant) -> bytes:
        return self._images.get(variant.image_sha256)

    def read_image(self, sha256: str) -> bytes:
        """A variant's picture by its hash. Raises NotFound when no variant has it."""
        query = select(VariantRow.id).where(VariantRow.image_sha256 == sha256).limit(1)
        with self._database.read_session() as session:
            if session.scalar(query) is None:
                raise NotFoundError("history.image_not_found", image=sha256[:10])
        return self._images.get(sha256)


def _variant(row: VariantRow) -> Variant:
    return parse_stored_document(Variant, row.document, message("storage.variant", number=row.id))


def _conditions(wanted: HistoryFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.theme is not None:
        conditions.append(VariantRow.theme_slug == wanted.theme)
    if wanted.slot is not None:
        conditions.append(VariantRow.slot == wanted.slot)
    if wanted.model is not None:
        conditions.append(VariantRow.models.contains(f"\n{wanted.model}\n", autoescape=True))
    if wanted.text is not None:
        conditions.append(VariantRow.prompt.contains(wanted.text.lower(), autoescape=True))
    if wanted.created_after is not None:
        conditions.append(VariantRow.created_at >= _midnight(wanted.created_after))
    if wanted.created_before is not None:
        conditions.append(
            VariantRow.created_at < _midnight(wanted.created_before) + timedelta(days=1)
        )
    return conditions


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _is_used(session: Session, sha256: str) -> bool:
    """Whether a variant, a base image or a recipe still shows the picture."""
    return any(
        session.scalar(select(exists().where(condition)))
        for condition in (
            VariantRow.image_sha256 == sha256,
            BaseImageRow.sha256 == sha256,
            ThemeVersionRow.document.contains(sha256),
        )
    )
