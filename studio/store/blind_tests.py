"""Contests and the votes cast in them: both only ever added to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import func, select

from studio.errors import NotFoundError, VersionConflictError
from studio.messages import message
from studio.recipes.base import parse_stored_document
from studio.recipes.evaluation.blind_test import BlindTest, Vote
from studio.store.database import Database, as_utc
from studio.store.tables import BlindTestRow, VoteRow


@dataclass(frozen=True)
class StoredBlindTest:
    id: int
    contest: BlindTest
    author: str
    created_at: datetime


class BlindTestStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, contest: BlindTest, author: str = "") -> StoredBlindTest:
        row = BlindTestRow(
            document=contest.model_dump_json(), author=author, created_at=datetime.now(UTC)
        )
        with self._database.write_session() as session:
            session.add(row)
            session.flush()
            return _kept(row)

    def get(self, contest_id: int) -> StoredBlindTest:
        """Raises NotFound."""
        with self._database.read_session() as session:
            row = session.get(BlindTestRow, contest_id)
            if row is None:
                raise NotFoundError("blind_test.not_found", number=contest_id)
            return _kept(row)

    def all(self) -> Sequence[StoredBlindTest]:
        """The newest first."""
        with self._database.read_session() as session:
            return [_kept(row) for row in session.scalars(select(BlindTestRow).order_by(BlindTestRow.id.desc()))]  # fmt: skip

    def add_vote(self, contest_id: int, vote: Vote, number: int) -> None:
        """A voter's vote of this number, from 0. Raises Outdated when that was cast already."""
        with self._database.write_session() as session:
            cast = select(func.count()).where(
                VoteRow.blind_test_id == contest_id, VoteRow.voter == vote.voter
            )
            if session.scalar(cast) != number:
                raise VersionConflictError("blind_test.vote_cast_already")
            session.add(
                VoteRow(
                    blind_test_id=contest_id, voter=vote.voter, document=vote.model_dump_json(),
                    created_at=datetime.now(UTC),
                )
            )  # fmt: skip

    def votes(self, contest_id: int) -> Sequence[Vote]:
        """In the order in which they were cast."""
        query = select(VoteRow).where(VoteRow.blind_test_id == contest_id).order_by(VoteRow.id)
        with self._database.read_session() as session:
            return [
                parse_stored_document(Vote, row.document, message("storage.vote", number=row.id))
                for row in session.scalars(query)
            ]

    def count_votes_by(self, contest_id: int, voter: str) -> int:
        """How many votes somebody has cast in a contest."""
        query = select(func.count()).where(
            VoteRow.blind_test_id == contest_id, VoteRow.voter == voter
        )
        with self._database.read_session() as session:
            return session.scalar(query) or 0


def _kept(row: BlindTestRow) -> StoredBlindTest:
    contest = parse_stored_document(
        BlindTest, row.document, message("storage.contest", number=row.id)
    )
    return StoredBlindTest(row.id, contest, row.author, as_utc(row.created_at))
