"""Reads and writes files an operator names, with errors that name them."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from studio.errors import InvalidInputError
from studio.messages import Message


def read_file(path: Path, what: str | Message) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidInputError(
            "cli.file_not_readable", what=what, path=str(path), reason=str(error.strerror)
        ) from None


def write_atomic(path: Path, data: bytes) -> None:
    """Writes `path` whole or not at all, making its folder."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, partial = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
            Path(partial).chmod(0o644)
            os.replace(partial, path)
        except OSError:
            Path(partial).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise InvalidInputError(
            "cli.file_not_writable", path=str(path), reason=str(error.strerror)
        ) from None


def ensure_writable_dir(folder: Path) -> None:
    """Makes `folder` and sees that files can be written there, before long work is begun."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise InvalidInputError(
            "cli.folder_not_writable", folder=str(folder), reason=str(error.strerror)
        ) from None


def private_folder(folder: Path) -> None:
    """Makes `folder` for its owner alone, and takes it from everybody else where it was open to them.

    One that was opened to a group on purpose, and to nobody else, stays so. Raises OSError.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    mode = folder.stat().st_mode
    if mode & 0o007 and folder.stat().st_uid == os.geteuid():
        with suppress(OSError):  # Some file systems have no modes.
            folder.chmod(0o700)
