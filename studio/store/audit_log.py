"""The audit log of moderation: what was blocked, masked, flagged, withheld or released, and why."""

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
    """Moderation decisions, with the reviews that operators gave them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, decision: ModerationDecision) -> None:
        """Appends a decision."""
        row = ModerationDecisionRow(
            created_at=decision.created_at,
            client=decision.client,
            request_id=decision.request_id,
            stage=decision.stage,
            verdict=decision.verdict,
            theme=decision.theme,
            document=decision.model_dump_json(),
        )
        with self._database.write_session() as session:
            session.add(row)

    def query(
        self, filter_: AuditFilter, before_id: int | None = None, limit: int = 50
    ) -> Sequence[StoredDecision]:
        """One page of the matching decisions, newest first.

        Args:
            filter_: what to look for.
            before_id: only decisions with a smaller id, for the next page.
            limit: length of the page.
        """
        query = select(ModerationDecisionRow).where(*_conditions(filter_))
        if before_id is not None:
            query = query.where(ModerationDecisionRow.id < before_id)
        with self._database.read_session() as session:
            rows = session.scalars(query.order_by(ModerationDecisionRow.id.desc()).limit(limit))
            return [_stored_decision(row) for row in rows]

    def iter_all(self, filter_: AuditFilter) -> Iterator[StoredDecision]:
        """All matching decisions, newest first; read page by page, so that the log may be long."""
        before_id = None
        while page := self.query(filter_, before_id):
            yield from page
            before_id = page[-1].id

    def get(self, decision_id: int) -> StoredDecision:
        """One decision. Raises NotFoundError."""
        with self._database.read_session() as session:
            return _stored_decision(_get_row(session, decision_id))

    def set_review(self, decision_id: int, review: Review) -> None:
        """Stores an operator's review of a decision; it replaces an earlier one.

        Raises NotFoundError.
        """
        with self._database.write_session() as session:
            _get_row(session, decision_id).review = review.model_dump_json()

    def purge(self, older_than: datetime | None = None, client: str | None = None) -> int:
        """Deletes decisions by age, by client, or by both; returns how many (retention)."""
        conditions: list[ColumnElement[bool]] = []
        if older_than is not None:
            conditions.append(ModerationDecisionRow.created_at < older_than)
        if client is not None:
            conditions.append(ModerationDecisionRow.client == client)
        # Writers wait for one another: without anything to delete none has to.
        with self._database.read_session() as session:
            matches = exists(select(ModerationDecisionRow.id).where(*conditions))
            if not session.scalar(select(matches)):
                return 0
        with self._database.write_session() as session:
            ids = session.scalars(select(ModerationDecisionRow.id).where(*conditions)).all()
            session.execute(delete(ModerationDecisionRow).where(*conditions))
        return len(ids)


def _get_row(session: Session, decision_id: int) -> ModerationDecisionRow:
    row = session.get(ModerationDecisionRow, decision_id)
    if row is None:
        raise NotFoundError("moderation.decision_not_found", number=decision_id)
    return row


def _stored_decision(row: ModerationDecisionRow) -> StoredDecision:
    what = message("storage.decision", number=row.id)
    return StoredDecision(
        id=row.id,
        decision=parse_stored_document(ModerationDecision, row.document, what),
        review=None if row.review is None else parse_stored_document(Review, row.review, what),
    )


def _conditions(filter_: AuditFilter) -> list[ColumnElement[bool]]:
    columns = {
        ModerationDecisionRow.stage: filter_.stage,
        ModerationDecisionRow.verdict: filter_.verdict,
        ModerationDecisionRow.theme: filter_.theme,
        ModerationDecisionRow.client: filter_.client,
    }
    conditions = [column == value for column, value in columns.items() if value is not None]
    if filter_.text is not None:
        conditions.append(ModerationDecisionRow.document.contains(filter_.text, autoescape=True))
    return conditions
