"""The server lock: without a broker one process alone may render the jobs of a database."""

import time
from pathlib import Path

from filelock import FileLock, Timeout
from sqlalchemy import URL, Connection, create_engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from studio.errors import StorageUnavailableError, StoreInUseError
from studio.store.database import LIBPQ_OPTIONS

SERVER_ADVISORY_LOCK_ID = 0x73657276
"""Id of PostgreSQL's advisory lock ("serv" in ASCII)."""
RETRY_INTERVAL_SECONDS = 0.2
"""Seconds between two attempts to take the lock."""


class ServerLock:
    """Held from `acquire` to `release` or the end of the process.

    For SQLite a locked file beside the database, for PostgreSQL an advisory lock of a session: the
    system releases both when the process dies.
    """

    def __init__(self, url: URL) -> None:
        self._url = url
        self._is_wanted = False
        self._connection: Connection | None = None
        self._file: FileLock | None = None
        if url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:"):
            self._file = FileLock(Path(f"{url.database}.serve.lock"), thread_local=False)

    def acquire(self, seconds: float) -> None:
        """Takes the lock; waits up to `seconds`, for a server that is just being replaced.

        Raises:
            StoreInUseError: another process has held it all that time.
            StorageUnavailableError: the database does not answer.
        """
        deadline = time.monotonic() + seconds
        self._is_wanted = True
        while not self._try():
            if time.monotonic() >= deadline:
                raise StoreInUseError("storage.locked_by_other_server")
            time.sleep(RETRY_INTERVAL_SECONDS)

    def check(self) -> None:
        """After `acquire`: takes the lock again when the database was restarted, which releases it.

        Raises StoreInUseError when another process has taken it first, and StorageUnavailableError.
        """
        if not self._is_wanted or self._url.get_backend_name() == "sqlite":
            return
        try:
            if self._connection is not None:
                self._connection.execute(text("SELECT 1"))
                return
        except SQLAlchemyError:
            self.release()
        self.acquire(0)

    def release(self) -> None:
        """Releases the lock; without one nothing happens."""
        self._is_wanted = False
        if self._file is not None:
            self._file.release()
        if self._connection is not None:
            connection, self._connection = self._connection, None
            connection.invalidate()
            connection.close()

    def _try(self) -> bool:
        if self._url.get_backend_name() == "sqlite":
            return self._try_file()
        try:
            return self._try_session()
        except SQLAlchemyError as error:
            raise StorageUnavailableError("storage.database_timeout", reason=str(error)) from error

    def _try_file(self) -> bool:
        try:
            if self._file is not None:
                self._file.acquire(timeout=0)
        except Timeout:
            return False
        except OSError as error:
            raise StorageUnavailableError(
                "storage.database_not_lockable", reason=str(error.strerror)
            ) from error
        return True

    def _try_session(self) -> bool:
        engine = create_engine(
            self._url,
            poolclass=NullPool,
            isolation_level="AUTOCOMMIT",
            connect_args=dict(LIBPQ_OPTIONS),
        )
        connection = engine.connect()
        is_locked = connection.scalar(
            text("SELECT pg_try_advisory_lock(:number)"), {"number": SERVER_ADVISORY_LOCK_ID}
        )
        if not is_locked:
            connection.close()
            return False
        self._connection = connection
        return True
