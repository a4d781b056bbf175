"""The database's errors are ours once they leave the store: what may pass, and what never can."""

from datetime import UTC, datetime

import pytest
from sqlalchemy.exc import ProgrammingError

from studio.errors import StorageUnavailableError, UnstorableValueError
from studio.store.database import Database
from studio.store.tables import BlindTestRow, VoteRow
from tests.servers.postgresql import Cluster


@pytest.fixture
def database(url: str) -> Database:
    return Database(url)


def vote(contest_id: int, voter: str = "bo") -> VoteRow:
    now = datetime.now(UTC)
    return VoteRow(blind_test_id=contest_id, voter=voter, document="{}", created_at=now)


def contest(title: str = "{}") -> BlindTestRow:
    return BlindTestRow(document=title, author="", created_at=datetime.now(UTC))


# Issue 18, 9.
@pytest.mark.parametrize("number", [2**31, 2**63, 10**23])
def test_a_number_that_no_column_holds_can_never_be_kept(database: Database, number: int) -> None:
    refused = pytest.raises(UnstorableValueError, match="the database takes no such value")
    with refused as caught, database.write_session() as session:
        session.add(vote(number))
    assert "INSERT" not in str(caught.value)
    assert "\n" not in str(caught.value)


# Issue 18, 9.
def test_half_a_sign_can_never_be_kept(database: Database) -> None:
    with pytest.raises(UnstorableValueError), database.write_session() as session:
        session.add(contest("\ud800"))


# Issue 18, 9.
def test_postgresql_can_never_keep_a_zero_byte(postgresql: Cluster) -> None:
    with (
        pytest.raises(UnstorableValueError),
        Database(postgresql.new_database()).write_session() as session,
    ):
        session.add(contest("a\x00b"))


# Issue 18, 9.
def test_what_breaks_a_rule_of_the_tables_can_never_be_kept(database: Database) -> None:
    with pytest.raises(UnstorableValueError), database.write_session() as session:
        session.add(vote(7))  # There is no such contest.


def test_after_what_was_refused_the_next_is_kept(database: Database) -> None:
    with pytest.raises(UnstorableValueError), database.write_session() as session:
        session.add(vote(7))
    with database.write_session() as session:
        session.add(contest())


def test_a_wrong_statement_of_ours_is_not_hidden(postgresql: Cluster) -> None:
    database = Database(postgresql.new_database())
    with pytest.raises(ProgrammingError), database.read_session() as session:
        session.connection().exec_driver_sql("SELECT nothing FROM nowhere")


# Issue 18, 9: forty threads that ask at once are told, not broken.
def test_a_pool_that_is_used_up_may_pass(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = database._engine.pool
    monkeypatch.setattr(pool, "_timeout", 0.01)
    held = [pool.connect() for _ in range(15)]
    with pytest.raises(StorageUnavailableError, match="in use"), database.read_session() as session:
        session.connection()
    for connection in held:
        connection.close()
    with database.read_session() as session:
        session.connection()
