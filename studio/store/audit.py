"""The record of what was blocked, masked, flagged and withheld."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, delete, exists, select
from sqlalchemy.orm import Session

from studio.errors import NotFound
from studio.messages import message
from studio.recipes.base import read_kept
from studio.recipes.safety import AuditFilter, Judged, KeptJudgement, Review
from studio.store.database import Database
from studio.store.tables import JudgementRow


class AuditStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, judged: Judged) -> None:
        with self._database.writing() as session:
            session.add(
                JudgementRow(
                    created=judged.created, client=judged.client, request_id=judged.request_id,
                    stage=judged.stage, verdict=judged.verdict, theme=judged.theme,
                    document=judged.model_dump_json(),
                )
            )  # fmt: skip

    def page(
        self, wanted: AuditFilter, before: int | None = None, most: int = 50
    ) -> Sequence[KeptJudgement]:
        """The newest that fit, of numbers under `before`."""
        query = select(JudgementRow).where(*_conditions(wanted))
        if before is not None:
            query = query.where(JudgementRow.id < before)
        with self._database.reading() as session:
            rows = session.scalars(query.order_by(JudgementRow.id.desc()).limit(most))
            return [_kept(row) for row in rows]

    def every(self, wanted: AuditFilter) -> Iterator[KeptJudgement]:
        """All that fit, the newest first, read a page at a time."""
        before = None
        while page := self.page(wanted, before):
            yield from page
            before = page[-1].id

    def get(self, number: int) -> KeptJudgement:
        """Raises NotFound."""
        with self._database.reading() as session:
            return _kept(_row(session, number))

    def review(self, number: int, review: Review) -> None:
        """What a reviewer makes of a decision; a later review takes an earlier one's place.

        Raises NotFound.
        """
        with self._database.writing() as session:
            row = _row(session, number)
            row.review = review.model_dump_json()

    def forget(self, older_than: datetime | None = None, client: str | None = None) -> int:
        """Deletes what is older, or about one client, or both; tells how much."""
        conditions: list[ColumnElement[bool]] = []
        if older_than is not None:
            conditions.append(JudgementRow.created < older_than)
        if client is not None:
            conditions.append(JudgementRow.client == client)
        with self._database.reading() as session:
            if not session.scalar(select(exists(select(JudgementRow.id).where(*conditions)))):
                return 0
        with self._database.writing() as session:
            found = session.scalars(select(JudgementRow.id).where(*conditions)).all()
            session.execute(delete(JudgementRow).where(*conditions))
        return len(found)


def _row(session: Session, number: int) -> JudgementRow:
    row = session.get(JudgementRow, number)
    if row is None:
        raise NotFound("moderation.decision_not_found", number=number)
    return row


def _kept(row: JudgementRow) -> KeptJudgement:
    what = message("storage.decision", number=row.id)
    return KeptJudgement(
        id=row.id,
        judged=read_kept(Judged, row.document, what),
        review=None if row.review is None else read_kept(Review, row.review, what),
    )


def _conditions(wanted: AuditFilter) -> list[ColumnElement[bool]]:
    conditions = []
    for column, value in (
        (JudgementRow.stage, wanted.stage), (JudgementRow.verdict, wanted.verdict),
        (JudgementRow.theme, wanted.theme), (JudgementRow.client, wanted.client),
    ):  # fmt: skip
        if value is not None:
            conditions.append(column == value)
    if wanted.text is not None:
        conditions.append(JudgementRow.document.contains(wanted.text, autoescape=True))
    return conditions
