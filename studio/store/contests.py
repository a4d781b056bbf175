"""Contests and the votes cast in them: both only ever added to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import func, select

from studio.errors import NotFound, Outdated
from studio.messages import message
from studio.recipes.base import read_kept
from studio.recipes.voting import Contest, Vote
from studio.store.database import Database, utc
from studio.store.tables import ContestRow, VoteRow


@dataclass(frozen=True)
class KeptContest:
    id: int
    contest: Contest
    author: str
    created: datetime


class ContestStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, contest: Contest, author: str = "") -> KeptContest:
        row = ContestRow(
            document=contest.model_dump_json(), author=author, created=datetime.now(UTC)
        )
        with self._database.writing() as session:
            session.add(row)
            session.flush()
            return _kept(row)

    def get(self, contest_id: int) -> KeptContest:
        """Raises NotFound."""
        with self._database.reading() as session:
            row = session.get(ContestRow, contest_id)
            if row is None:
                raise NotFound("blind_test.not_found", number=contest_id)
            return _kept(row)

    def all(self) -> Sequence[KeptContest]:
        """The newest first."""
        with self._database.reading() as session:
            return [_kept(row) for row in session.scalars(select(ContestRow).order_by(ContestRow.id.desc()))]  # fmt: skip

    def cast(self, contest_id: int, vote: Vote, number: int) -> None:
        """A voter's vote of this number, from 0. Raises Outdated when that was cast already."""
        with self._database.writing() as session:
            cast = select(func.count()).where(
                VoteRow.contest_id == contest_id, VoteRow.voter == vote.voter
            )
            if session.scalar(cast) != number:
                raise Outdated("blind_test.vote_cast_already")
            session.add(
                VoteRow(
                    contest_id=contest_id, voter=vote.voter, document=vote.model_dump_json(),
                    created=datetime.now(UTC),
                )
            )  # fmt: skip

    def votes(self, contest_id: int) -> Sequence[Vote]:
        """In the order in which they were cast."""
        query = select(VoteRow).where(VoteRow.contest_id == contest_id).order_by(VoteRow.id)
        with self._database.reading() as session:
            return [
                read_kept(Vote, row.document, message("storage.vote", number=row.id))
                for row in session.scalars(query)
            ]

    def cast_by(self, contest_id: int, voter: str) -> int:
        """How many votes somebody has cast in a contest."""
        query = select(func.count()).where(VoteRow.contest_id == contest_id, VoteRow.voter == voter)
        with self._database.reading() as session:
            return session.scalar(query) or 0


def _kept(row: ContestRow) -> KeptContest:
    contest = read_kept(Contest, row.document, message("storage.contest", number=row.id))
    return KeptContest(row.id, contest, row.author, utc(row.created))
