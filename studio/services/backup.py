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

from studio.errors import InvalidInputError, StorageUnavailableError
from studio.messages import message
from studio.recipes.base import FrozenModel, parse_document
from studio.settings import Settings
from studio.store.sqlite_backup import copy_sqlite

DATABASE, IMAGES, MODELS, REPORT = "studio.db", "pictures", "models", "backup.json"
BESIDE = ("words", "session-secret")
"""What else in the data directory is nowhere else: the operator's word lists, what signs sessions."""


class Backup(FrozenModel):
    """What a backup holds; written last, so that a broken one has none."""

    created_at: datetime
    images: int
    models: int


def back_up(settings: Settings, folder: Path, with_models: bool = True) -> Backup:
    """Copies all that cannot be had again into `folder`, which must be new or empty, while the studio
    goes on.

    Raises InputError where the database is not SQLite or the folder is in use, StoreUnavailable where
    something cannot be read or written.
    """
    source = _sqlite_file(settings)
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise InvalidInputError("storage.backup_folder_not_empty", folder=str(folder))
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        copy_sqlite(source, folder / DATABASE)
        images = (
            0 if settings.image_store_url else _copy(settings.images_dir, folder / IMAGES, ".png")
        )
        models = _copy(settings.user_models_dir, folder / MODELS) if with_models else 0
        for name in BESIDE:
            _copy(settings.data_dir / name, folder / name)
        report = Backup(created_at=datetime.now(UTC), images=images, models=models)
        (folder / REPORT).write_text(report.model_dump_json(indent=2))
    except OSError as error:
        raise StorageUnavailableError(
            "storage.backup_broken_off", folder=str(folder), reason=str(error)
        ) from error
    return report


def restore(settings: Settings, folder: Path) -> Backup:
    """Copies a backup into an empty data directory. Raises InputError where the folder holds no whole
    backup or the data directory is in use, StoreUnavailable where something cannot be copied."""
    target = _sqlite_file(settings)
    report = _report(folder)
    for used in (target, settings.images_dir):
        if used.exists():
            raise InvalidInputError("storage.restore_target_exists", path=str(used))
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name in (IMAGES, MODELS, *BESIDE):
            _copy(folder / name, settings.data_dir / name)
        target.parent.mkdir(parents=True, exist_ok=True)
        copy_sqlite(folder / DATABASE, target)
    except OSError as error:
        raise StorageUnavailableError(
            "storage.cannot_restore", folder=str(folder), reason=str(error)
        ) from error
    return report


def _report(folder: Path) -> Backup:
    try:
        written = (folder / REPORT).read_bytes()
    except OSError as error:
        raise InvalidInputError(
            "storage.backup_incomplete", folder=str(folder), file=REPORT, reason=str(error.strerror)
        ) from None
    return parse_document(Backup, written, message("storage.backup", folder=str(folder)))


def _sqlite_file(settings: Settings) -> Path:
    address = make_url(settings.sqlalchemy_url)
    if address.get_backend_name() != "sqlite" or not address.database:
        raise InvalidInputError("storage.backup_not_sqlite")
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
