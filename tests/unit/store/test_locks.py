"""The server lock: one server at a time on a database without a broker. Issue 18, 12."""

import pytest
from sqlalchemy import create_engine, text

from studio.errors import StorageUnavailableError, StoreInUseError
from studio.store.database import database_url
from studio.store.locks import ServerLock
from tests.waiting import LONG, until


def test_second_server_is_refused_until_the_first_releases(url: str) -> None:
    first, second = ServerLock(database_url(url)), ServerLock(database_url(url))
    first.acquire(0)
    first.check()
    with pytest.raises(StoreInUseError, match="Another `studio api`"):
        second.acquire(0.3)
    first.release()
    second.acquire(LONG)  # PostgreSQL notices a moment later that the first session has ended.
    with pytest.raises(StoreInUseError):
        first.acquire(0)
    second.release()


def test_lock_is_taken_again_after_a_database_restart(url: str) -> None:
    """PostgreSQL releases the locks of a session that it ends; a file lock stays."""
    if url.startswith("sqlite"):
        return
    mine, other = ServerLock(database_url(url)), ServerLock(database_url(url))
    mine.acquire(0)
    end_sessions(url)
    mine.check()
    with pytest.raises(StoreInUseError):
        other.acquire(0)
    end_sessions(url)
    other.acquire(0)
    with pytest.raises(StoreInUseError):
        mine.check()
    other.release()


def test_lock_is_taken_at_the_next_check_after_an_outage(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if url.startswith("sqlite"):
        return
    mine, other = ServerLock(database_url(url)), ServerLock(database_url(url))
    mine.acquire(0)
    end_sessions(url)

    def unavailable() -> bool:
        raise StorageUnavailableError("Database does not respond")

    with monkeypatch.context() as patch:
        patch.setattr(mine, "_try", unavailable)
        for _ in range(2):
            with pytest.raises(StorageUnavailableError):
                mine.check()
    mine.check()
    with pytest.raises(StoreInUseError):
        other.acquire(0)
    mine.release()


def end_sessions(url: str) -> None:
    """Ends the sessions of all others, and waits until the server lists none."""
    admin = create_engine(database_url(url), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        others = "datname = current_database() AND pid <> pg_backend_pid()"
        connection.execute(
            text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")
        )
        until(
            lambda: connection.scalar(
                text(f"SELECT count(*) FROM pg_stat_activity WHERE {others}")
            ),
            lambda count: count == 0,
        )
    admin.dispose()


def test_unreachable_database_is_unavailable_not_in_use() -> None:
    lock = ServerLock(database_url("postgresql://studio@127.0.0.1:1/none"))
    with pytest.raises(StorageUnavailableError, match="does not respond"):
        lock.acquire(0)
