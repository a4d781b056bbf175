"""The jobs that are rendered at once, with everything they are made of."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from PIL import Image

from studio.engine.diffusion.callbacks import RenderCallbacks
from studio.engine.diffusion.passes import Size
from studio.engine.loading.resolve import ResolvedModels
from studio.imaging.compositing import overlay_doodle
from studio.imaging.masks import job_mask, put_back
from studio.imaging.resize import resize_to
from studio.recipes.base_image import BaseImage, ZoneImages
from studio.recipes.generation.job import RenderJob
from studio.recipes.generation.recipe import ControlUnit, Recipe


@dataclass(frozen=True)
class JobBatch:
    """One job, or several that `planning.group_into_batches` puts together.

    The first one's recipe stands for all but prompts, seeds, guidance scales and ControlNet weights.
    """

    jobs: Sequence[RenderJob]
    models: ResolvedModels
    base_images: Sequence[Image.Image]
    """One for each job."""
    doodles: Sequence[Image.Image | None]
    """One for each job."""
    units: Sequence[ControlUnit]
    """The ControlNet units of the recipe that `models` were found by."""
    callbacks: RenderCallbacks

    @property
    def recipe(self) -> Recipe:
        return self.jobs[0].recipe

    @property
    def size(self) -> Size:
        return self.recipe.width, self.recipe.height

    def init_images(self) -> list[Image.Image]:
        """Each job's doodle over its base image, at the recipe's size; a mask keeps the doodle, too, off
        what does not change."""
        composites: dict[tuple[int, int], Image.Image] = {}
        pairs = list(zip(self.base_images, self.doodles, strict=True))
        for base_image, doodle in pairs:
            key = id(base_image), id(doodle)
            if key not in composites:
                composite = overlay_doodle(base_image, doodle)
                composites[key] = resize_to(composite, self.size, "Just Resize")
        images = [composites[id(base_image), id(doodle)] for base_image, doodle in pairs]
        masks = self.masks(self.size)
        if not masks:
            return images
        return [
            put_back(image, base_image, mask, match_edges=False)
            for image, base_image, mask in zip(images, self.base_images, masks, strict=True)
        ]

    def masks(self, size: Size) -> list[Image.Image]:
        """What each job may change, at `size`; empty where the recipe has no mask.

        Raises as `job_mask`.
        """
        if self.recipe.mask.area == "off":
            return []
        masks: dict[tuple[int, BaseImage, ZoneImages], Image.Image] = {}
        keys = []
        for job, doodle in zip(self.jobs, self.doodles, strict=True):
            keys.append(key := (id(doodle), job.base_image, job.zone_images))
            if key not in masks:
                masks[key] = job_mask(job, doodle, size)
        return [masks[key] for key in keys]

    def part(self, part: slice) -> "JobBatch":
        """Some of the jobs, as a batch of their own."""
        return replace(
            self,
            jobs=self.jobs[part],
            base_images=self.base_images[part],
            doodles=self.doodles[part],
            callbacks=replace(self.callbacks, listeners=self.callbacks.listeners[part]),
        )

    def unit_of(self, index: int, unit: ControlUnit) -> ControlUnit:
        """The unit of the job at `index` that stands where `unit` stands in `units`."""
        position = next(place for place, other in enumerate(self.units) if other is unit)
        return self.jobs[index].recipe.control_units[position]
