"""Copies of an SQLite database: one state of it, while others read and write."""

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from studio.errors import StorageUnavailableError


def copy_sqlite(source: Path, target: Path) -> None:
    """Copies by SQLite's backup interface: one state, what is still in the write-ahead log included.

    The copy is one file, there whole or not at all, and is checked. Raises StoreUnavailable.
    """
    partial = target.with_name(f"{target.name}.partial")
    try:
        if not source.is_file():
            raise StorageUnavailableError("storage.database_missing", database=str(source))
        partial.unlink(missing_ok=True)
        with closing(sqlite3.connect(source)) as reading, closing(sqlite3.connect(partial)) as made:
            reading.backup(made)
            made.execute("PRAGMA journal_mode = DELETE")  # No second file beside it.
            [(found,)] = made.execute("PRAGMA integrity_check(1)").fetchall()
        if found != "ok":
            raise StorageUnavailableError(
                "storage.database_damaged", database=str(source), reason=str(found)
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
