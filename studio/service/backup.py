"""Backups of a studio whose database is SQLite: the database first, then the pictures it names.

Pictures are written before their rows and never changed, so whatever the copied database names is
there when the pictures are copied afterwards.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import make_url

from studio.errors import InputError, StoreUnavailable
from studio.messages import message
from studio.recipes.base import Frozen, read_document
from studio.settings import Settings
from studio.store.copying import copy_sqlite

DATABASE, PICTURES, MODELS, REPORT = "studio.db", "pictures", "models", "backup.json"
BESIDE = ("words", "session-secret")
"""What else in the data directory is nowhere else: the operator's word lists, what signs sessions."""


class Backup(Frozen):
    """What a backup holds; written last, so that a broken one has none."""

    made: datetime
    pictures: int
    models: int


def back_up(settings: Settings, folder: Path, with_models: bool = True) -> Backup:
    """Copies all that cannot be had again into `folder`, which must be new or empty, while the studio
    goes on.

    Raises InputError where the database is not SQLite or the folder is in use, StoreUnavailable where
    something cannot be read or written.
    """
    source = _sqlite_file(settings)
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise InputError("storage.backup_folder_not_empty", folder=str(folder))
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        copy_sqlite(source, folder / DATABASE)
        pictures = (
            0 if settings.picture_store else _copy(settings.pictures, folder / PICTURES, ".png")
        )
        models = _copy(settings.models_home, folder / MODELS) if with_models else 0
        for name in BESIDE:
            _copy(settings.home / name, folder / name)
        report = Backup(made=datetime.now(UTC), pictures=pictures, models=models)
        (folder / REPORT).write_text(report.model_dump_json(indent=2))
    except OSError as error:
        raise StoreUnavailable(
            "storage.backup_broken_off", folder=str(folder), reason=str(error)
        ) from error
    return report


def restore(settings: Settings, folder: Path) -> Backup:
    """Copies a backup into an empty data directory. Raises InputError where the folder holds no whole
    backup or the data directory is in use, StoreUnavailable where something cannot be copied."""
    target = _sqlite_file(settings)
    report = _report(folder)
    for used in (target, settings.pictures):
        if used.exists():
            raise InputError("storage.restore_target_exists", path=str(used))
    try:
        settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name in (PICTURES, MODELS, *BESIDE):
            _copy(folder / name, settings.home / name)
        target.parent.mkdir(parents=True, exist_ok=True)
        copy_sqlite(folder / DATABASE, target)
    except OSError as error:
        raise StoreUnavailable(
            "storage.cannot_restore", folder=str(folder), reason=str(error)
        ) from error
    return report


def _report(folder: Path) -> Backup:
    try:
        written = (folder / REPORT).read_bytes()
    except OSError as error:
        raise InputError(
            "storage.backup_incomplete", folder=str(folder), file=REPORT, reason=str(error.strerror)
        ) from None
    return read_document(Backup, written, message("storage.backup", folder=str(folder)))


def _sqlite_file(settings: Settings) -> Path:
    address = make_url(settings.database_url)
    if address.get_backend_name() != "sqlite" or not address.database:
        raise InputError("storage.backup_not_sqlite")
    return Path(address.database)


def _copy(source: Path, target: Path, suffix: str = "") -> int:
    """Copies a file, or the files of a folder whose names end on `suffix`, and tells how many; what is
    deleted meanwhile is left out."""
    count = 0
    for file in _files(source):
        if file.name.endswith(suffix):
            to = target / file.relative_to(source)
            to.parent.mkdir(parents=True, exist_ok=True)
            with suppress(FileNotFoundError):
                shutil.copy2(file, to)
                count += 1
    return count


def _files(source: Path) -> Iterator[Path]:
    """The file itself, or all in the folder but unfinished downloads and what is no file."""
    if source.is_file():
        yield source
    for folder, inside, names in os.walk(source):
        inside[:] = [name for name in inside if name != ".partial"]
        yield from filter(Path.is_file, (Path(folder) / name for name in names))
