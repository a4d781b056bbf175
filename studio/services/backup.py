"""Backup and restore of a studio whose database is SQLite.

The database is copied first, then the images that its rows name. Images are written before their
rows and never changed, so all images of the copied database exist when they are copied.
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

DATABASE, IMAGES, MODELS, MANIFEST = "studio.db", "pictures", "models", "backup.json"
OTHER_FILES = ("words", "session-secret")
"""What else in the data directory cannot be recreated: the operator's word lists, the key of
sessions."""


class Backup(FrozenModel):
    """The manifest of a backup; written last, so that an incomplete backup has none."""

    created_at: datetime
    images: int
    models: int


def back_up(settings: Settings, directory: Path, with_models: bool = True) -> Backup:
    """Copies all that cannot be recreated into a new or empty directory, while the studio runs.

    Raises:
        InvalidInputError: the database is not SQLite, or the directory is not empty.
        StorageUnavailableError: something cannot be read or written.
    """
    source = _sqlite_file(settings)
    if directory.is_file() or (directory.is_dir() and any(directory.iterdir())):
        raise InvalidInputError("storage.backup_folder_not_empty", folder=str(directory))
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        copy_sqlite(source, directory / DATABASE)
        # Images in a bucket have a backup of their own.
        has_bucket = bool(settings.image_store_url)
        images = 0 if has_bucket else _copy(settings.images_dir, directory / IMAGES, ".png")
        models = _copy(settings.user_models_dir, directory / MODELS) if with_models else 0
        for name in OTHER_FILES:
            _copy(settings.data_dir / name, directory / name)
        backup = Backup(created_at=datetime.now(UTC), images=images, models=models)
        (directory / MANIFEST).write_text(backup.model_dump_json(indent=2))
    except OSError as error:
        raise StorageUnavailableError(
            "storage.backup_interrupted", folder=str(directory), reason=str(error)
        ) from error
    return backup


def restore(settings: Settings, directory: Path) -> Backup:
    """Copies a backup into an empty data directory.

    Raises:
        InvalidInputError: the backup is incomplete, or the data directory is in use.
        StorageUnavailableError: something cannot be copied.
    """
    database = _sqlite_file(settings)
    backup = _read_manifest(directory)
    for target in (database, settings.images_dir):
        if target.exists():
            raise InvalidInputError("storage.restore_target_exists", path=str(target))
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name in (IMAGES, MODELS, *OTHER_FILES):
            _copy(directory / name, settings.data_dir / name)
        database.parent.mkdir(parents=True, exist_ok=True)
        copy_sqlite(directory / DATABASE, database)
    except OSError as error:
        raise StorageUnavailableError(
            "storage.cannot_restore", folder=str(directory), reason=str(error)
        ) from error
    return backup


def _read_manifest(directory: Path) -> Backup:
    try:
        document = (directory / MANIFEST).read_bytes()
    except OSError as error:
        raise InvalidInputError(
            "storage.backup_incomplete",
            folder=str(directory),
            file=MANIFEST,
            reason=str(error.strerror),
        ) from None
    return parse_document(Backup, document, message("storage.backup", folder=str(directory)))


def _sqlite_file(settings: Settings) -> Path:
    url = make_url(settings.sqlalchemy_url)
    if url.get_backend_name() != "sqlite" or not url.database:
        raise InvalidInputError("storage.backup_not_sqlite")
    return Path(url.database)


def _copy(source: Path, target: Path, suffix: str = "") -> int:
    """Copies a file, or the files with the suffix in a directory tree, and returns how many.

    Files that are deleted meanwhile are left out.
    """
    count = 0
    for file in _list_files(source):
        if file.name.endswith(suffix):
            copy = target / file.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            with suppress(FileNotFoundError):
                shutil.copy2(file, copy)
                count += 1
    return count


def _list_files(source: Path) -> Iterator[Path]:
    """The file itself, or the regular files of a directory tree without unfinished downloads."""
    if source.is_file():
        yield source
    for directory, subdirectories, names in os.walk(source):
        subdirectories[:] = [name for name in subdirectories if name != ".partial"]
        yield from filter(Path.is_file, (Path(directory) / name for name in names))
