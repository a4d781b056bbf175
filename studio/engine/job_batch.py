"""The jobs that are rendered at once, with everything they are made of."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from PIL import Image

from studio.engine.diffusion.callbacks import RenderCallbacks
from studio.engine.diffusion.passes import Size
from studio.engine.loading.resolve import ResolvedModels
from studio.imaging.compositing import overlay_doodle
from studio.imaging.resize import resize_to
from studio.recipes.generation.job import RenderJob
from studio.recipes.generation.recipe import Recipe


@dataclass(frozen=True)
class JobBatch:
    """One job, or several that differ only in prompts and seed: the first stands for all else."""

    jobs: Sequence[RenderJob]
    models: ResolvedModels
    base_image: Image.Image
    doodle: Image.Image | None
    callbacks: RenderCallbacks

    @property
    def recipe(self) -> Recipe:
        return self.jobs[0].recipe

    @property
    def size(self) -> Size:
        return self.recipe.width, self.recipe.height

    def init_image(self) -> Image.Image:
        """The doodle over the base image, at the recipe's size."""
        return resize_to(overlay_doodle(self.base_image, self.doodle), self.size, "Just Resize")

    def part(self, jobs: slice) -> "JobBatch":
        """Some of the jobs, with their listeners."""
        callbacks = replace(self.callbacks, listeners=self.callbacks.listeners[jobs])
        return replace(self, jobs=self.jobs[jobs], callbacks=callbacks)
