"""Translation of database errors: unavailable (a retry may succeed) or unstorable."""

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


def vote(blind_test_id: int, voter: str = "bo") -> VoteRow:
    now = datetime.now(UTC)
    return VoteRow(blind_test_id=blind_test_id, voter=voter, document="{}", created_at=now)


def blind_test(document: str = "{}") -> BlindTestRow:
    return BlindTestRow(document=document, author="", created_at=datetime.now(UTC))


# Issue 18, 9.
@pytest.mark.parametrize("number", [2**31, 2**63, 10**23])
def test_integer_out_of_range_is_unstorable(database: Database, number: int) -> None:
    unstorable = pytest.raises(UnstorableValueError)
    with unstorable as caught, database.write_session() as session:
        session.add(vote(number))
    assert "INSERT" not in str(caught.value)
    assert "\n" not in str(caught.value)


# Issue 18, 9.
def test_lone_surrogate_is_unstorable(database: Database) -> None:
    with pytest.raises(UnstorableValueError), database.write_session() as session:
        session.add(blind_test("\ud800"))


# Issue 18, 9.
def test_nul_is_unstorable_in_postgresql(postgresql: Cluster) -> None:
    with (
        pytest.raises(UnstorableValueError),
        Database(postgresql.new_database()).write_session() as session,
    ):
        session.add(blind_test("a\x00b"))


# Issue 18, 9.
def test_constraint_violation_is_unstorable(database: Database) -> None:
    with pytest.raises(UnstorableValueError), database.write_session() as session:
        session.add(vote(7))  # A foreign key to a blind test that does not exist.


def test_next_session_works_after_an_unstorable_value(database: Database) -> None:
    with pytest.raises(UnstorableValueError), database.write_session() as session:
        session.add(vote(7))
    with database.write_session() as session:
        session.add(blind_test())


def test_invalid_sql_is_not_translated(postgresql: Cluster) -> None:
    database = Database(postgresql.new_database())
    with pytest.raises(ProgrammingError), database.read_session() as session:
        session.connection().exec_driver_sql("SELECT nothing FROM nowhere")


# Issue 18, 9: forty concurrent threads get an error that a retry mends.
def test_exhausted_connection_pool_is_unavailable(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = database._engine.pool
    monkeypatch.setattr(pool, "_timeout", 0.01)
    connections = [pool.connect() for _ in range(15)]
    with pytest.raises(StorageUnavailableError, match="in use"), database.read_session() as session:
        session.connection()
    for connection in connections:
        connection.close()
    with database.read_session() as session:
        session.connection()
