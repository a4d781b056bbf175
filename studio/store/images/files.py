"""Pictures, each named by the hash of its bytes and written whole or not at all; here on disk."""

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Protocol

from studio.errors import NotFoundError, StorageUnavailableError


class ImageStore(Protocol):
    """Keeps pictures for whoever asks by their hash: files of this machine, or a bucket."""

    def write(self, png: bytes) -> str:
        """Keeps the bytes and returns their SHA-256. Raises StoreUnavailable."""
        ...

    def get(self, sha256: str) -> bytes:
        """Raises NotFound for what is gone."""
        ...

    def remove(self, sha256: str) -> None:
        """Deletes a picture; one that is gone already is no error."""
        ...


class FileImageStore:
    """`folder`/ab/abcdef….png. Names are hashes we made: no outside text reaches a path."""

    def __init__(self, folder: Path) -> None:
        self._directory = folder

    def write(self, png: bytes) -> str:
        """Keeps the bytes and returns their SHA-256; the same bytes are kept once."""
        sha256 = hashlib.sha256(png).hexdigest()
        place = self._path(sha256)
        if place.exists():
            return sha256
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=place.parent, delete=False) as partial:
                try:
                    partial.write(png)
                    partial.flush()
                    os.fsync(partial.fileno())
                    os.replace(partial.name, place)
                except OSError:
                    Path(partial.name).unlink(missing_ok=True)
                    raise
        except OSError as error:
            raise StorageUnavailableError(
                "storage.image_not_kept", folder=str(self._directory), reason=str(error.strerror)
            ) from error
        return sha256

    def get(self, sha256: str) -> bytes:
        try:
            return self._path(sha256).read_bytes()
        except OSError as error:
            raise NotFoundError(
                "storage.image_file_gone",
                image=sha256[:10],
                folder=str(self._directory),
                reason=str(error.strerror),
            ) from None

    def remove(self, sha256: str) -> None:
        """Deletes a picture; one that is gone already is no error."""
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
