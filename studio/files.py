"""Reads and writes files that an operator names; errors name the file."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from studio.errors import InvalidInputError
from studio.messages import Message


def read_file(path: Path, what: str | Message) -> bytes:
    """The bytes of a file. `what` names its purpose in the error. Raises InvalidInputError."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidInputError(
            "cli.file_not_readable", what=what, path=str(path), reason=str(error.strerror)
        ) from None


def write_atomic(path: Path, data: bytes) -> None:
    """Writes a file atomically (temporary file, then rename), with its directories.

    Raises InvalidInputError.
    """
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


def ensure_writable_dir(directory: Path) -> None:
    """Creates a directory and checks that files can be written there, before long work starts.

    Raises InvalidInputError.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory):
            pass
    except OSError as error:
        raise InvalidInputError(
            "cli.folder_not_writable", folder=str(directory), reason=str(error.strerror)
        ) from None


def ensure_private_dir(directory: Path) -> None:
    """Creates a directory that only its owner can read (mode 0700).

    An existing one that everybody can read is changed to that mode; one that an operator opened to
    a group only stays as it is. Raises OSError.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    mode = directory.stat().st_mode
    if mode & 0o007 and directory.stat().st_uid == os.geteuid():
        with suppress(OSError):  # Some file systems have no modes.
            directory.chmod(0o700)
