"""Thumbnails: small WebP copies of stored images, made when they are first asked for and kept on disk."""

import hashlib
import io
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from studio.errors import InvalidInputError, NotFoundError, StorageUnavailableError
from studio.files import write_atomic
from studio.store.images.files import ImageStore

log = logging.getLogger(__name__)
SIZES = (96, 192, 384, 768)
"""Longest sides of the thumbnails that are kept, in pixels."""
WEBP_QUALITY = 80
_SHA256 = re.compile(r"[0-9a-f]{64}")


def thumbnail_webp(png: bytes, size: int) -> bytes:
    """An image as lossy WebP without metadata, reduced to `size` pixels on its longest side.

    A smaller image keeps its size; transparency stays. Besides PNG it may be WebP or JPEG. Pillow's errors, of all
    kinds, are raised for what is no such image.
    """
    with Image.open(io.BytesIO(png), formats=["PNG", "WEBP", "JPEG"]) as image:
        copy = image.convert("RGBA" if image.has_transparency_data else "RGB")
    copy.thumbnail((size, size), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    copy.save(buffer, "WEBP", quality=WEBP_QUALITY)
    return buffer.getvalue()


def kept_size(size: int) -> int:
    """The smallest of `SIZES` that is at least `size`, so that no caller can fill the disk with sizes."""
    return next((longest for longest in SIZES if longest >= size), SIZES[-1])


@dataclass(frozen=True)
class Thumbnail:
    """A small image: `tag` changes with its content."""

    tag: str
    webp: bytes


def tagged(webp: bytes) -> Thumbnail:
    """A thumbnail with its tag."""
    return Thumbnail(hashlib.sha256(webp).hexdigest()[:16], webp)


class ThumbnailCache:
    """`directory`/ab/abcdef…-192.webp: thumbnails by the SHA-256 of the whole image and their size.

    Names are made of hashes and numbers alone. What cannot be written is made again the next time.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def get(self, sha256: str, size: int, read_png: Callable[[], bytes]) -> bytes:
        """The thumbnail of an image.

        Args:
            sha256: of the whole image's PNG.
            size: longest side in pixels, raised to the next of `SIZES`.
            read_png: reads the whole image; called only where no thumbnail is kept.

        Raises NotFoundError for what is no SHA-256.
        """
        path = self._path(sha256, kept_size(size))
        try:
            return path.read_bytes()
        except OSError:
            webp = thumbnail_webp(read_png(), kept_size(size))
        try:
            write_atomic(path, webp)
        except InvalidInputError as error:
            log.warning("a thumbnail was not stored: %s", error)
        return webp

    def get_tagged(self, name: str, size: int, read_png: Callable[[], bytes]) -> Thumbnail:
        """The thumbnail of an image that has another name than its hash; arguments as those of `get`.

        `name` says everything that decides the pixels.
        """
        return tagged(self.get(hashlib.sha256(name.encode()).hexdigest(), size, read_png))

    def remove(self, sha256: str) -> None:
        """Deletes the thumbnails of an image. Raises StorageUnavailableError."""
        try:
            for size in SIZES:
                self._path(sha256, size).unlink(missing_ok=True)
        except OSError as error:
            raise StorageUnavailableError(
                "storage.image_not_deleted",
                image=sha256[:10],
                folder=str(self._directory),
                reason=str(error.strerror),
            ) from None

    def _path(self, sha256: str, size: int) -> Path:
        if not _SHA256.fullmatch(sha256):
            raise NotFoundError("theme.image_missing", image=sha256[:10])
        return self._directory / sha256[:2] / f"{sha256}-{size}.webp"


class ThumbnailedImageStore:
    """An image store that deletes an image's thumbnails with the image."""

    def __init__(self, images: ImageStore, thumbnails: ThumbnailCache) -> None:
        self._images = images
        self._thumbnails = thumbnails

    def write(self, png: bytes) -> str:
        return self._images.write(png)

    def get(self, sha256: str) -> bytes:
        return self._images.get(sha256)

    def remove(self, sha256: str) -> None:
        self._images.remove(sha256)
        self._thumbnails.remove(sha256)
