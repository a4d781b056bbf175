"""Consistent copies of an SQLite database that is in use."""

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from studio.errors import StorageUnavailableError


def copy_sqlite(source: Path, target: Path) -> None:
    """Copies a database by SQLite's backup API, including what is still in the write-ahead log.

    The copy is a single file, checked for integrity and put in place atomically.

    Args:
        source: the database file; others may read and write it meanwhile.
        target: where the copy goes; an older file there is replaced.

    Raises StorageUnavailableError.
    """
    partial = target.with_name(f"{target.name}.partial")
    try:
        if not source.is_file():
            raise StorageUnavailableError("storage.database_missing", database=str(source))
        partial.unlink(missing_ok=True)
        with (
            closing(sqlite3.connect(source)) as original,
            closing(sqlite3.connect(partial)) as copy,
        ):
            original.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")  # Leaves no -wal file beside it.
            [(problem,)] = copy.execute("PRAGMA integrity_check(1)").fetchall()
        if problem != "ok":
            raise StorageUnavailableError(
                "storage.database_damaged", database=str(source), reason=str(problem)
            )
        partial.chmod(0o600)
        os.replace(partial, target)
    except (OSError, sqlite3.Error) as error:
        with suppress(OSError):
            partial.unlink()
        raise StorageUnavailableError(
            "storage.database_copy_failed",
            database=str(source),
            target=str(target),
            reason=str(error),
        ) from error
