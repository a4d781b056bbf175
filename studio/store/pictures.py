"""Pictures, each named by the hash of its bytes and written whole or not at all; here on disk."""

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Protocol

from studio.errors import NotFound, StoreUnavailable


class Pictures(Protocol):
    """Keeps pictures for whoever asks by their hash: files of this machine, or a bucket."""

    def put(self, png: bytes) -> str:
        """Keeps the bytes and returns their SHA-256. Raises StoreUnavailable."""
        ...

    def get(self, sha256: str) -> bytes:
        """Raises NotFound for what is gone."""
        ...

    def remove(self, sha256: str) -> None:
        """Deletes a picture; one that is gone already is no error."""
        ...


class PictureFiles:
    """`folder`/ab/abcdef….png. Names are hashes we made: no outside text reaches a path."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, png: bytes) -> str:
        """Keeps the bytes and returns their SHA-256; the same bytes are kept once."""
        sha256 = hashlib.sha256(png).hexdigest()
        place = self._place(sha256)
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
            raise StoreUnavailable(
                "storage.image_not_kept", folder=str(self._folder), reason=str(error.strerror)
            ) from error
        return sha256

    def get(self, sha256: str) -> bytes:
        try:
            return self._place(sha256).read_bytes()
        except OSError as error:
            raise NotFound(
                "storage.image_file_gone",
                image=sha256[:10],
                folder=str(self._folder),
                reason=str(error.strerror),
            ) from None

    def remove(self, sha256: str) -> None:
        """Deletes a picture; one that is gone already is no error."""
        try:
            self._place(sha256).unlink(missing_ok=True)
        except OSError as error:
            raise StoreUnavailable(
                "storage.image_not_deleted",
                image=sha256[:10],
                folder=str(self._folder),
                reason=str(error.strerror),
            ) from None

    def _place(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / f"{sha256}.png"
