"""The decoded base images and doodles of jobs, read once for the jobs that share them."""

import io

from PIL import Image

from studio.engine.memory.byte_lru_cache import ByteLRUCache
from studio.recipes.generation.job import RenderJob
from studio.store.base_images import BaseImageStore

CACHE_BYTES = 64 * 2**20
"""Of decoded pixels: some four base images at the largest size, each with a doodle."""


class InputImages:
    """Reads and decodes what a job is rendered on. Thread-safe.

    The images are shared between jobs: nobody may change them.
    """

    def __init__(self, base_images: BaseImageStore) -> None:
        self._base_images = base_images
        self._images: ByteLRUCache[Image.Image] = ByteLRUCache(CACHE_BYTES, _pixel_bytes)

    def read(self, job: RenderJob) -> tuple[Image.Image, Image.Image | None]:
        """The job's base image and its doodle, None where there is none.

        Raises StorageUnavailableError, and NotFoundError for a base image that is gone.
        """
        base = self._images.get_or_create(
            job.base_image.sha256, lambda: _decode(self._base_images.read_png(job.base_image))
        )
        doodle = job.doodle
        if doodle is None:
            return base, None
        return base, self._images.get_or_create(doodle.sha256, lambda: _decode(doodle.png_bytes))


def _decode(png: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(png), formats=["PNG"])
    image.load()
    return image


def _pixel_bytes(image: Image.Image) -> int:
    return image.width * image.height * len(image.getbands())
