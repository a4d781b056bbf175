"""The database: SQLite with a write-ahead log, or PostgreSQL; Alembic upgrades its schema."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DatabaseError,
    DataError,
    IntegrityError,
    InterfaceError,
    NoSuchModuleError,
    OperationalError,
    ProgrammingError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from studio.errors import (
    SchemaTooNewError,
    StorageUnavailableError,
    UnstorableValueError,
    first_line,
)
from studio.store.sqlite_backup import copy_sqlite

_MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_TIMEOUT_SECONDS = 10
"""Seconds that a writer waits for the lock of another writer."""
LIBPQ_OPTIONS = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
"""How soon libpq notices that a server is gone without closing the connection.

Seconds; `tcp_user_timeout` in milliseconds.
"""
WRITER_ADVISORY_LOCK_ID = 0x646F6F646C65
"""Id of the advisory lock for which PostgreSQL's writers queue ("doodle" in ASCII)."""


class Database:
    """A database with today's schema. Threads may share it; sessions are short."""

    def __init__(self, url: str) -> None:
        """Opens the database at a URL and upgrades its schema.

        Args:
            url: `sqlite:///path` or `postgresql://user@host/name`. A missing SQLite file is
                created.

        Raises:
            StorageUnavailableError: the URL is invalid or the database does not answer.
            SchemaTooNewError: a newer version of the studio has upgraded it.
        """
        self.url = database_url(url)
        options = {} if self.url.get_backend_name() == "sqlite" else LIBPQ_OPTIONS
        self._engine = create_engine(self.url, pool_pre_ping=True, connect_args=dict(options))
        if self._engine.dialect.name == "sqlite":
            _make_private(self.url)
            event.listen(self._engine, "connect", _set_up_sqlite)
            event.listen(self._engine, "begin", _begin_sqlite)
        else:
            event.listen(self._engine, "begin", _begin_postgresql)
        with _map_db_errors(self.url):
            _migrate(self._engine, self.url)

    @contextmanager
    def read_session(self) -> Iterator[Session]:
        """A session that sees a snapshot of the database, whatever others write meanwhile."""
        with _map_db_errors(self.url), Session(self._engine) as session, session.begin():
            yield session

    @contextmanager
    def write_session(self) -> Iterator[Session]:
        """A session that commits at its end, or rolls back when anything is raised.

        There is one writer at a time, from the session's start on: what it reads is still true when
        it writes (compare-and-set).
        """
        writer = self._engine.execution_options(writes=True)
        with _map_db_errors(self.url), Session(writer) as session, session.begin():
            yield session

    def close(self) -> None:
        """Closes the connections of the pool."""
        self._engine.dispose()


def _make_private(url: URL) -> None:
    """Makes a database file private; SQLite gives its -wal and -shm files the same mode."""
    if not url.database or url.database == ":memory:":
        return
    with suppress(OSError):  # Opening the database then raises the error that names the cause.
        os.close(os.open(url.database, os.O_RDWR | os.O_CREAT, 0o600))
        mode = Path(url.database).stat().st_mode
        if mode & 0o007:
            Path(url.database).chmod(0o600)


def _set_up_sqlite(connection: object, _: object) -> None:
    connection.isolation_level = None  # type: ignore[attr-defined]  # _begin_sqlite begins.
    # SQLite's own lower() changes A to Z alone: "весна" would not find "Весна".
    connection.create_function("lower", 1, _lower, deterministic=True)  # type: ignore[attr-defined]
    cursor = connection.cursor()  # type: ignore[attr-defined]
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_SECONDS * 1000}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _lower(text: object) -> str | None:
    return None if text is None else str(text).lower()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _begin_postgresql(connection: Connection) -> None:
    """Readers get a snapshot.

    Writers first wait for the advisory lock, then see the latest state.
    """
    if connection.get_execution_options().get("writes", False):
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{BUSY_TIMEOUT_SECONDS}s'")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITER_ADVISORY_LOCK_ID})")
    else:
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")


def as_utc(stored: datetime) -> datetime:
    """A stored time with its time zone. SQLite drops time zones; all stored times are UTC."""
    return stored if stored.tzinfo else stored.replace(tzinfo=UTC)


def database_url(url: str) -> URL:
    """Parses a database URL; PostgreSQL gets psycopg as its driver.

    Raises StorageUnavailableError.
    """
    try:
        parsed = make_url(url)
        if parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        parsed.get_dialect()
    except (ArgumentError, NoSuchModuleError):
        parsed = None
    if parsed is None or parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise StorageUnavailableError("storage.database_address_invalid")
    return parsed


def _migrate(engine: Engine, url: URL) -> None:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    scripts = ScriptDirectory.from_config(config)
    with engine.connect().execution_options(writes=True) as connection:
        current = MigrationContext.configure(connection).get_current_revision()
        if current == scripts.get_current_head():
            return
        if current is not None and current not in {s.revision for s in scripts.walk_revisions()}:
            raise SchemaTooNewError(
                "storage.database_too_new", database=_display_name(url), schema=current
            )
        if current is not None and url.get_backend_name() == "sqlite" and url.database:
            # A newer schema cannot be read by an older studio: this copy is the way back.
            copy_sqlite(Path(url.database), Path(f"{url.database}.{current}.bak"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()


@contextmanager
def _map_db_errors(url: URL) -> Iterator[None]:
    """Translates the errors of SQLAlchemy and its drivers; nothing else catches them.

    Raises StorageUnavailableError where a retry may succeed, and UnstorableValueError for values
    that no retry can write. Statements and their values stay out of the messages.
    """
    try:
        yield
    except (DataError, IntegrityError) as error:
        raise UnstorableValueError(
            "storage.value_refused", reason=first_line(error.orig or error)
        ) from error
    except (OverflowError, UnicodeEncodeError) as error:
        # SQLite's driver raises these for integers beyond 64 bits and for lone surrogates.
        raise UnstorableValueError("storage.value_refused", reason=first_line(error)) from error
    except ProgrammingError:
        raise  # A wrong statement is a bug.
    except (OperationalError, InterfaceError) as error:
        raise StorageUnavailableError(
            "storage.database_unavailable", database=_display_name(url), reason=str(error.orig)
        ) from error
    except PoolTimeout as error:
        raise StorageUnavailableError(
            "storage.database_busy", database=_display_name(url)
        ) from error
    except DatabaseError as error:
        if error.orig is not None and "not a database" in str(error.orig):
            raise StorageUnavailableError(
                "storage.not_a_database", file=_display_name(url), reason=str(error.orig)
            ) from error
        raise


def _display_name(url: URL) -> str:
    """The database as an operator knows it, without a password."""
    return url.database or "" if url.get_backend_name() == "sqlite" else str(url)
