"""Opens the database: SQLite with WAL, brought to the newest schema by Alembic."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from studio.errors import NewerStore, StoreUnavailable

_MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_SECONDS = 10
"""How long a writer waits for another process's lock."""


class Database:
    """One database, migrated and ready. Share it between threads; sessions are short."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._engine = create_engine(url)
        if self._engine.dialect.name == "sqlite":
            event.listen(self._engine, "connect", _set_up_sqlite)
            event.listen(self._engine, "begin", _begin_sqlite)
        with _translated(url):
            _migrate(self._engine, url)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that sees one state of the database, whatever others write meanwhile."""
        with _translated(self.url), Session(self._engine) as session, session.begin():
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session that commits at the end, or rolls back when anything is raised.

        Writers wait for one another from the start: what one reads before it writes is still
        so when it writes.
        """
        writer = self._engine.execution_options(writes=True)
        with _translated(self.url), Session(writer) as session, session.begin():
            yield session

    def close(self) -> None:
        self._engine.dispose()


def _set_up_sqlite(connection: object, _: object) -> None:
    connection.isolation_level = None  # type: ignore[attr-defined]  # _begin_sqlite begins.
    cursor = connection.cursor()  # type: ignore[attr-defined]
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _migrate(engine: Engine, url: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    scripts = ScriptDirectory.from_config(config)
    with engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
        if current == scripts.get_current_head():
            return
        if current is not None and current not in {s.revision for s in scripts.walk_revisions()}:
            raise NewerStore(
                f"the database {_place(url)} was written by a newer version of the studio"
                f" (schema {current}): update the studio, or point STUDIO_HOME at another folder"
            )
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()


@contextmanager
def _translated(url: str) -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        raise StoreUnavailable(
            f"cannot use the database {_place(url)} ({error.orig}): see that its folder can be"
            " written and has room, or point STUDIO_HOME at another"
        ) from error
    except DBAPIError as error:
        if error.orig is not None and "not a database" in str(error.orig):
            raise StoreUnavailable(
                f"{_place(url)} is not a database ({error.orig}): move it away"
            ) from error
        raise


def _place(url: str) -> str:
    return url.removeprefix("sqlite:///")
