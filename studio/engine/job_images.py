"""What a job is rendered on, made of its base image and doodle: ahead of its turn, or when it comes."""

from dataclasses import dataclass

from PIL import Image

from studio.engine.diffusion.pass_plan import Size
from studio.engine.memory.byte_lru_cache import ByteLRUCache
from studio.imaging.compositing import overlay_doodle
from studio.imaging.masks import job_mask, put_back
from studio.imaging.resize import resize_to
from studio.recipes.generation.job import RenderJob

CACHE_BYTES = 128 * 2**20
"""Of pixels: those of a batch that is rendered and one that is prepared."""


@dataclass(frozen=True)
class JobImages:
    """The images of one job, which jobs on the same images share: nobody may change them."""

    init_image: Image.Image
    """RGB, at the recipe's size: the doodle over the base image."""

    mask: Image.Image | None
    """What may change, at the output size; None: everything."""

    base_image: Image.Image
    doodle: Image.Image | None
    """As they were given."""

    @property
    def nbytes(self) -> int:
        images = (self.init_image, self.mask, self.base_image, self.doodle)
        return sum(i.width * i.height * len(i.getbands()) for i in images if i is not None)


class JobImageCache:
    """Makes the images of jobs, once for the jobs that share them. Thread-safe."""

    def __init__(self, limit: int = CACHE_BYTES) -> None:
        """`limit` in bytes."""
        self._images: ByteLRUCache[JobImages] = ByteLRUCache(limit, lambda images: images.nbytes)

    def get(
        self, job: RenderJob, base: Image.Image, doodle: Image.Image | None, output_size: Size
    ) -> JobImages:
        """The images of a job, whose base image and doodle are given as they were decoded.

        Raises InvalidInputError as `job_mask` does.
        """
        recipe = job.recipe
        # The values hold the images: as long as one is cached, no other has its id.
        sources = (id(base), id(doodle), job.base_image, job.zone_images)
        key = (sources, recipe.width, recipe.height, output_size, recipe.mask)
        return self._images.get_or_create(key, lambda: _make(job, base, doodle, output_size))

    def clear(self) -> None:
        """Drops all images."""
        self._images.clear()


def _make(
    job: RenderJob, base: Image.Image, doodle: Image.Image | None, output_size: Size
) -> JobImages:
    size = (job.recipe.width, job.recipe.height)
    init_image = resize_to(overlay_doodle(base, doodle), size, "Just Resize")
    if job.recipe.mask.area == "off":
        return JobImages(init_image, None, base, doodle)
    mask = job_mask(job, doodle, size)
    # A mask keeps the doodle, too, off what does not change.
    init_image = put_back(init_image, base, mask, match_edges=False)
    at_output = mask if size == output_size else job_mask(job, doodle, output_size)
    return JobImages(init_image, at_output, base, doodle)
