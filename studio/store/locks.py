"""One process at a time: a lock on the database for the server that renders clients' jobs by itself."""

import time
from pathlib import Path

from filelock import FileLock, Timeout
from sqlalchemy import URL, Connection, create_engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from studio.errors import StorageUnavailableError, StoreInUseError
from studio.store.database import NETWORK

SERVER = 0x73657276
"""The number of PostgreSQL's advisory lock: one of our own ("serv")."""
PAUSE = 0.2
"""Seconds between tries."""


class ServerLock:
    """Held from `acquire` until the process ends or `release`: a file beside SQLite's, a session's
    advisory lock in PostgreSQL, so that a process that dies leaves nothing behind."""

    def __init__(self, url: URL) -> None:
        self._url = url
        self._is_wanted = False
        self._connection: Connection | None = None
        self._file: FileLock | None = None
        if url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:"):
            self._file = FileLock(Path(f"{url.database}.serve.lock"), thread_local=False)

    def acquire(self, seconds: float) -> None:
        """Waits at most so long, as for a server that is just being replaced.

        Raises StoreInUseError when another process holds it all that time, StoreUnavailable when the
        database does not answer.
        """
        until = time.monotonic() + seconds
        self._is_wanted = True
        while not self._try():
            if time.monotonic() >= until:
                raise StoreInUseError("storage.another_server")
            time.sleep(PAUSE)

    def check(self) -> None:
        """After `acquire`: takes the lock anew where the database was started again meanwhile.

        Raises StoreInUseError when another process was quicker, StoreUnavailable as `acquire` does.
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
            raise StorageUnavailableError("storage.database_silent", reason=str(error)) from error

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
            self._url, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args=dict(NETWORK)
        )
        connection = engine.connect()
        got = connection.scalar(text("SELECT pg_try_advisory_lock(:number)"), {"number": SERVER})
        if not got:
            connection.close()
            return False
        self._connection = connection
        return True
