"""Opens the database, SQLite with WAL or PostgreSQL, brought to the newest schema by Alembic."""

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

from studio.errors import SchemaTooNewError, StorageUnavailableError, UnstorableValueError
from studio.store.sqlite_backup import copy_sqlite

_MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_TIMEOUT_SECONDS = 10
"""How long a writer waits for another process's lock."""
NETWORK = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
"""What libpq does about a server that is gone without a word: seconds, but the last in milliseconds."""
WRITER_ADVISORY_LOCK_ID = 0x646F6F646C65
"""The advisory lock for which PostgreSQL's writers queue: a number of our own ("doodle")."""


class Database:
    """One database, migrated and ready. Share it between threads; sessions are short."""

    def __init__(self, url: str) -> None:
        """Raises StoreUnavailable for an address that cannot be used, NewerStore for a database
        that a newer studio wrote."""
        self.url = database_url(url)
        own = {} if self.url.get_backend_name() == "sqlite" else NETWORK
        self._engine = create_engine(self.url, pool_pre_ping=True, connect_args=dict(own))
        if self._engine.dialect.name == "sqlite":
            _keep_private(self.url)
            event.listen(self._engine, "connect", _set_up_sqlite)
            event.listen(self._engine, "begin", _begin_sqlite)
        else:
            event.listen(self._engine, "begin", _begin_postgresql)
        with _map_db_errors(self.url):
            _migrate(self._engine, self.url)

    @contextmanager
    def read_session(self) -> Iterator[Session]:
        """A session that sees one state of the database, whatever others write meanwhile."""
        with _map_db_errors(self.url), Session(self._engine) as session, session.begin():
            yield session

    @contextmanager
    def write_session(self) -> Iterator[Session]:
        """A session that commits at the end, or rolls back when anything is raised.

        Writers wait for one another from the start: what one reads before it writes is still
        so when it writes.
        """
        writer = self._engine.execution_options(writes=True)
        with _map_db_errors(self.url), Session(writer) as session, session.begin():
            yield session

    def close(self) -> None:
        self._engine.dispose()


def _keep_private(url: URL) -> None:
    """Has a database file be its owner's alone; SQLite gives its -wal and -shm the same mode."""
    if not url.database or url.database == ":memory:":
        return
    with suppress(OSError):  # Opening it tells what is wrong.
        os.close(os.open(url.database, os.O_RDWR | os.O_CREAT, 0o600))
        mode = Path(url.database).stat().st_mode
        if mode & 0o007:
            Path(url.database).chmod(0o600)


def _set_up_sqlite(connection: object, _: object) -> None:
    connection.isolation_level = None  # type: ignore[attr-defined]  # _begin_sqlite begins.
    # SQLite's own knows the letters A to Z alone: "Весна" was not found by "весна".
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
    """Readers see one state throughout. Writers wait in line first, then see what is newest."""
    if connection.get_execution_options().get("writes", False):
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{BUSY_TIMEOUT_SECONDS}s'")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITER_ADVISORY_LOCK_ID})")
    else:
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")


def as_utc(stored: datetime) -> datetime:
    """A moment as it was stored: SQLite forgets time zones, and all of ours are UTC."""
    return stored if stored.tzinfo else stored.replace(tzinfo=UTC)


def database_url(url: str) -> URL:
    """Where the database is. Raises StoreUnavailable for what is no address of one we can use."""
    try:
        made = make_url(url)
        if made.drivername == "postgresql":
            made = made.set(drivername="postgresql+psycopg")
        made.get_dialect()
    except (ArgumentError, NoSuchModuleError):
        made = None
    if made is None or made.get_backend_name() not in ("sqlite", "postgresql"):
        raise StorageUnavailableError("storage.database_address_invalid")
    return made


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
            # There is no way back from an upgrade but this copy.
            copy_sqlite(Path(url.database), Path(f"{url.database}.{current}.bak"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()


@contextmanager
def _map_db_errors(url: URL) -> Iterator[None]:
    """The one boundary where the database's errors become ours.

    Raises StoreUnavailable for what may pass, UnstorableValueError for values that no later attempt can write.
    Statements and their values stay out of the messages.
    """
    try:
        yield
    except (DataError, IntegrityError) as error:
        raise UnstorableValueError("storage.value_refused", reason=_reason(error.orig)) from error
    except (OverflowError, UnicodeEncodeError) as error:
        # SQLite's driver has no error of its own for numbers beyond 64 bits and lone surrogates.
        raise UnstorableValueError("storage.value_refused", reason=_reason(error)) from error
    except ProgrammingError:
        raise  # A wrong statement is a fault of ours.
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


def _reason(cause: BaseException | None) -> str:
    return str(cause).strip().partition("\n")[0]


def _display_name(url: URL) -> str:
    """As an operator knows it, without a password."""
    return url.database or "" if url.get_backend_name() == "sqlite" else str(url)
