"""The jobs that are rendered at once, with everything they are made of."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from PIL import Image

from studio.engine.diffusion.callbacks import RenderCallbacks
from studio.engine.diffusion.pass_plan import Size
from studio.engine.job_images import JobImageCache, JobImages
from studio.engine.loading.resolve import ResolvedModels
from studio.recipes.generation.job import RenderJob
from studio.recipes.generation.recipe import ControlUnit, Recipe


@dataclass(frozen=True)
class JobBatch:
    """One job, or several that `planning.group_into_batches` puts together.

    The first one's recipe stands for all but what `planning.batch_key` leaves out.
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

    def images(self, cache: JobImageCache, output_size: Size) -> list[JobImages]:
        """Each job's images. Raises as `JobImageCache.get` does."""
        return [
            cache.get(job, base_image, doodle, output_size)
            for job, base_image, doodle in zip(
                self.jobs, self.base_images, self.doodles, strict=True
            )
        ]

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
