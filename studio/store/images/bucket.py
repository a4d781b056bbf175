"""Images in a bucket that several machines share: S3 and compatible services, by fsspec."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import fsspec

from studio.errors import NotFoundError, StorageError, StorageUnavailableError
from studio.messages import Message, message


class BucketImageStore:
    """Stores images as `url`/ab/abcdef….png.

    botocore reads credentials and endpoint from the environment (AWS_ACCESS_KEY_ID,
    AWS_SECRET_ACCESS_KEY, AWS_ENDPOINT_URL): they are not settings of the studio.
    """

    def __init__(self, url: str) -> None:
        """`url` is such as s3://bucket/pictures.

        Raises StorageUnavailableError for an unusable one.
        """
        try:
            self._files, self._root = fsspec.core.url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise StorageUnavailableError(
                "storage.bucket_unusable", reason=str(error)[:200]
            ) from None

    def write(self, png: bytes) -> str:
        """Stores the bytes and returns their SHA-256; equal bytes are written once."""
        sha256 = hashlib.sha256(png).hexdigest()
        with self._map_storage_errors(message("storage.store_image", image=sha256[:10])):
            if not self._files.exists(self._key(sha256)):
                self._files.pipe_file(self._key(sha256), png)
        return sha256

    def get(self, sha256: str) -> bytes:
        """The bytes with this SHA-256. Raises NotFoundError."""
        with self._map_storage_errors(message("storage.read_image", image=sha256[:10])):
            try:
                content: bytes = self._files.cat_file(self._key(sha256))
            except FileNotFoundError:
                raise NotFoundError(
                    "storage.image_missing", image=sha256[:10], place=self._root
                ) from None
        return content

    def remove(self, sha256: str) -> None:
        """Deletes an image; a missing one is not an error. Raises StorageUnavailableError."""
        with self._map_storage_errors(message("storage.delete_image", image=sha256[:10])):
            if self._files.exists(self._key(sha256)):
                self._files.rm_file(self._key(sha256))

    def _key(self, sha256: str) -> str:
        return f"{self._root}/{sha256[:2]}/{sha256}.png"

    @contextmanager
    def _map_storage_errors(self, what: Message) -> Iterator[None]:
        """Translates the errors of fsspec's many file systems into StorageUnavailableError."""
        try:
            yield
        except (StorageError, NotFoundError):
            raise
        except Exception as error:
            raise StorageUnavailableError(
                "storage.bucket_failed", what=what, place=self._root, reason=str(error)[:200]
            ) from error
