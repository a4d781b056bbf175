"""Blind tests and their votes. Both are append-only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Select, func, select

from studio.errors import NotFoundError, VersionConflictError
from studio.messages import message
from studio.recipes.base import parse_stored_document
from studio.recipes.evaluation.blind_test import BlindTest, Vote
from studio.store.database import Database, as_utc
from studio.store.tables import BlindTestRow, VoteRow


@dataclass(frozen=True)
class StoredBlindTest:
    """A blind test with its id, who set it up and when."""

    id: int
    blind_test: BlindTest
    author: str
    created_at: datetime


class BlindTestStore:
    """Blind tests between recipes or theme versions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, blind_test: BlindTest, author: str = "") -> StoredBlindTest:
        """Adds a blind test; `author` is the operator who set it up."""
        row = BlindTestRow(
            document=blind_test.model_dump_json(), author=author, created_at=datetime.now(UTC)
        )
        with self._database.write_session() as session:
            session.add(row)
            session.flush()
            return _stored_blind_test(row)

    def get(self, blind_test_id: int) -> StoredBlindTest:
        """One blind test. Raises NotFoundError."""
        with self._database.read_session() as session:
            row = session.get(BlindTestRow, blind_test_id)
            if row is None:
                raise NotFoundError("blind_test.not_found", number=blind_test_id)
            return _stored_blind_test(row)

    def list_latest(
        self, limit: int | None = None, before_id: int | None = None
    ) -> Sequence[StoredBlindTest]:
        """The blind tests, newest first: at most `limit` of those that are older than number `before_id`."""
        query = select(BlindTestRow).order_by(BlindTestRow.id.desc()).limit(limit)
        if before_id is not None:
            query = query.where(BlindTestRow.id < before_id)
        with self._database.read_session() as session:
            return [_stored_blind_test(row) for row in session.scalars(query)]

    def add_vote(self, blind_test_id: int, vote: Vote, index: int) -> None:
        """Adds a vote.

        Args:
            blind_test_id: id of the blind test.
            vote: what was voted, and by whom.
            index: how many votes the voter had cast before, from 0 (optimistic concurrency).

        Raises VersionConflictError when the voter has cast a vote with this index already, as from
        a second browser tab.
        """
        row = VoteRow(
            blind_test_id=blind_test_id,
            voter=vote.voter,
            document=vote.model_dump_json(),
            created_at=datetime.now(UTC),
        )
        with self._database.write_session() as session:
            if session.scalar(_vote_count(blind_test_id, vote.voter)) != index:
                raise VersionConflictError("blind_test.vote_exists")
            session.add(row)

    def votes(self, blind_test_id: int) -> Sequence[Vote]:
        """The votes in the order in which they were cast."""
        return self._read_votes(VoteRow.blind_test_id == blind_test_id)

    def votes_by(self, blind_test_id: int, voter: str) -> Sequence[Vote]:
        """One voter's votes, in the order in which they were cast."""
        return self._read_votes(VoteRow.blind_test_id == blind_test_id, VoteRow.voter == voter)

    def count_votes(self) -> Mapping[int, int]:
        """How many votes were cast in each blind test that has any, by its id."""
        query = select(VoteRow.blind_test_id, func.count()).group_by(VoteRow.blind_test_id)
        with self._database.read_session() as session:
            return dict(session.execute(query).tuples().all())

    def _read_votes(self, *conditions: ColumnElement[bool]) -> Sequence[Vote]:
        query = select(VoteRow).where(*conditions).order_by(VoteRow.id)
        with self._database.read_session() as session:
            return [
                parse_stored_document(Vote, row.document, message("storage.vote", number=row.id))
                for row in session.scalars(query)
            ]


def _vote_count(blind_test_id: int, voter: str) -> Select[int]:
    return select(func.count()).where(
        VoteRow.blind_test_id == blind_test_id, VoteRow.voter == voter
    )


def _stored_blind_test(row: BlindTestRow) -> StoredBlindTest:
    blind_test = parse_stored_document(
        BlindTest, row.document, message("storage.blind_test", number=row.id)
    )
    return StoredBlindTest(row.id, blind_test, row.author, as_utc(row.created_at))
