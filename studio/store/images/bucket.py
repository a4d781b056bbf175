"""Pictures in a bucket that many machines share: S3 and what speaks like it, by fsspec."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import fsspec

from studio.errors import NotFoundError, StorageError, StorageUnavailableError
from studio.messages import Message, message


class BucketImageStore:
    """`address`/ab/abcdef….png, such as s3://bucket/pictures. Keys and endpoint are botocore's
    (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_ENDPOINT_URL): none of them passes through here."""

    def __init__(self, address: str) -> None:
        """Raises StoreUnavailable for an address of a kind that cannot be used here."""
        try:
            self._files, self._root = fsspec.core.url_to_fs(address)
        except (ImportError, ValueError) as error:
            raise StorageUnavailableError(
                "storage.bucket_unusable", reason=str(error)[:200]
            ) from None

    def write(self, png: bytes) -> str:
        """Keeps the bytes and returns their SHA-256; the same bytes are written once, as a whole."""
        sha256 = hashlib.sha256(png).hexdigest()
        with self._map_storage_errors(message("storage.keep_image", image=sha256[:10])):
            if not self._files.exists(self._key(sha256)):
                self._files.pipe_file(self._key(sha256), png)
        return sha256

    def get(self, sha256: str) -> bytes:
        with self._map_storage_errors(message("storage.read_image", image=sha256[:10])):
            try:
                found: bytes = self._files.cat_file(self._key(sha256))
            except FileNotFoundError:
                raise NotFoundError(
                    "storage.image_gone", image=sha256[:10], place=self._root
                ) from None
        return found

    def remove(self, sha256: str) -> None:
        """Deletes a picture; one that is gone already is no error."""
        with self._map_storage_errors(message("storage.delete_image", image=sha256[:10])):
            if self._files.exists(self._key(sha256)):
                self._files.rm_file(self._key(sha256))

    def _key(self, sha256: str) -> str:
        return f"{self._root}/{sha256[:2]}/{sha256}.png"

    @contextmanager
    def _map_storage_errors(self, what: Message) -> Iterator[None]:
        """Whatever a file system of many kinds may raise, as one error of ours."""
        try:
            yield
        except (StorageError, NotFoundError):
            raise
        except Exception as error:
            raise StorageUnavailableError(
                "storage.bucket_failed", what=what, place=self._root, reason=str(error)[:200]
            ) from error
