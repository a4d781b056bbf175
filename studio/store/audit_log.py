"""The record of what was blocked, masked, flagged and withheld."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, delete, exists, select
from sqlalchemy.orm import Session

from studio.errors import NotFoundError
from studio.messages import message
from studio.recipes.base import parse_stored_document
from studio.recipes.moderation import AuditFilter, ModerationDecision, Review, StoredDecision
from studio.store.database import Database
from studio.store.tables import ModerationDecisionRow


class AuditLog:
    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, judged: ModerationDecision) -> None:
        with self._database.write_session() as session:
            session.add(
                ModerationDecisionRow(
                    created_at=judged.created_at, client=judged.client, request_id=judged.request_id,
                    stage=judged.stage, verdict=judged.verdict, theme=judged.theme,
                    document=judged.model_dump_json(),
                )
            )  # fmt: skip

    def query(
        self, wanted: AuditFilter, before: int | None = None, most: int = 50
    ) -> Sequence[StoredDecision]:
        """The newest that fit, of numbers under `before`."""
        query = select(ModerationDecisionRow).where(*_conditions(wanted))
        if before is not None:
            query = query.where(ModerationDecisionRow.id < before)
        with self._database.read_session() as session:
            rows = session.scalars(query.order_by(ModerationDecisionRow.id.desc()).limit(most))
            return [_kept(row) for row in rows]

    def iter_all(self, wanted: AuditFilter) -> Iterator[StoredDecision]:
        """All that fit, the newest first, read a page at a time."""
        before = None
        while page := self.query(wanted, before):
            yield from page
            before = page[-1].id

    def get(self, number: int) -> StoredDecision:
        """Raises NotFound."""
        with self._database.read_session() as session:
            return _kept(_row(session, number))

    def set_review(self, number: int, review: Review) -> None:
        """What a reviewer makes of a decision; a later review takes an earlier one's place.

        Raises NotFound.
        """
        with self._database.write_session() as session:
            row = _row(session, number)
            row.review = review.model_dump_json()

    def purge(self, older_than: datetime | None = None, client: str | None = None) -> int:
        """Deletes what is older, or about one client, or both; tells how much."""
        conditions: list[ColumnElement[bool]] = []
        if older_than is not None:
            conditions.append(ModerationDecisionRow.created_at < older_than)
        if client is not None:
            conditions.append(ModerationDecisionRow.client == client)
        with self._database.read_session() as session:
            if not session.scalar(
                select(exists(select(ModerationDecisionRow.id).where(*conditions)))
            ):
                return 0
        with self._database.write_session() as session:
            found = session.scalars(select(ModerationDecisionRow.id).where(*conditions)).all()
            session.execute(delete(ModerationDecisionRow).where(*conditions))
        return len(found)


def _row(session: Session, number: int) -> ModerationDecisionRow:
    row = session.get(ModerationDecisionRow, number)
    if row is None:
        raise NotFoundError("moderation.decision_not_found", number=number)
    return row


def _kept(row: ModerationDecisionRow) -> StoredDecision:
    what = message("storage.decision", number=row.id)
    return StoredDecision(
        id=row.id,
        decision=parse_stored_document(ModerationDecision, row.document, what),
        review=None if row.review is None else parse_stored_document(Review, row.review, what),
    )


def _conditions(wanted: AuditFilter) -> list[ColumnElement[bool]]:
    conditions = []
    for column, value in (
        (ModerationDecisionRow.stage, wanted.stage), (ModerationDecisionRow.verdict, wanted.verdict),
        (ModerationDecisionRow.theme, wanted.theme), (ModerationDecisionRow.client, wanted.client),
    ):  # fmt: skip
        if value is not None:
            conditions.append(column == value)
    if wanted.text is not None:
        conditions.append(ModerationDecisionRow.document.contains(wanted.text, autoescape=True))
    return conditions
