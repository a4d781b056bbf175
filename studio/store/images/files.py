"""Image files named by their SHA-256 (content-addressed), in a directory."""

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Protocol

from studio.errors import NotFoundError, StorageUnavailableError


class ImageStore(Protocol):
    """Content-addressed storage of images: files of this machine, or a bucket."""

    def write(self, png: bytes) -> str:
        """Stores the bytes and returns their SHA-256. Raises StorageUnavailableError."""
        ...

    def get(self, sha256: str) -> bytes:
        """The bytes with this SHA-256. Raises NotFoundError."""
        ...

    def remove(self, sha256: str) -> None:
        """Deletes an image; a missing one is not an error. Raises StorageUnavailableError."""
        ...


class FileImageStore:
    """`directory`/ab/abcdef….png.

    Names are hashes computed here: no outside text becomes a path.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def write(self, png: bytes) -> str:
        """Stores the bytes atomically and returns their SHA-256; equal bytes are stored once."""
        sha256 = hashlib.sha256(png).hexdigest()
        path = self._path(sha256)
        if path.exists():
            return sha256
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as partial:
                try:
                    partial.write(png)
                    partial.flush()
                    os.fsync(partial.fileno())
                    os.replace(partial.name, path)
                except OSError:
                    Path(partial.name).unlink(missing_ok=True)
                    raise
        except OSError as error:
            raise StorageUnavailableError(
                "storage.image_not_stored", folder=str(self._directory), reason=str(error.strerror)
            ) from error
        return sha256

    def get(self, sha256: str) -> bytes:
        try:
            return self._path(sha256).read_bytes()
        except OSError as error:
            raise NotFoundError(
                "storage.image_file_missing",
                image=sha256[:10],
                folder=str(self._directory),
                reason=str(error.strerror),
            ) from None

    def remove(self, sha256: str) -> None:
        """Deletes an image; a missing one is not an error. Raises StorageUnavailableError."""
        try:
            self._path(sha256).unlink(missing_ok=True)
        except OSError as error:
            raise StorageUnavailableError(
                "storage.image_not_deleted",
                image=sha256[:10],
                folder=str(self._directory),
                reason=str(error.strerror),
            ) from None

    def _path(self, sha256: str) -> Path:
        return self._directory / sha256[:2] / f"{sha256}.png"
