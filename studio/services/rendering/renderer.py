"""The renderer interface: what the services need of an engine."""

from collections.abc import Sequence
from typing import Protocol

from PIL import Image

from studio.engine.results import RenderListener, RenderResult
from studio.engine.stats import EngineStats
from studio.recipes.generation.job import RenderJob


class Renderer(Protocol):
    """Turns jobs into images; `studio.engine.engine.Engine` is the real one.

    `render_batch` is called in the render thread alone; `prepare` and `prefetch` in another while it
    runs.
    """

    @property
    def device_type(self) -> str:
        """Where it renders: `cpu` or `cuda`."""
        ...

    @property
    def max_batch_size(self) -> int:
        """How many jobs `render_batch` is to be given at once; 1 where batches bring nothing."""
        ...

    def render_batch(
        self,
        jobs: Sequence[RenderJob],
        base: Image.Image | Sequence[Image.Image],
        doodle: Image.Image | Sequence[Image.Image | None] | None,
        listeners: Sequence[RenderListener],
        /,
    ) -> tuple[RenderResult, ...]:
        """Renders one job, or several of one `batch_key` at once; a listener and a result for each.

        `base` is RGB and `doodle` RGBA, both of the base image's size and one for all jobs or one
        for each; None is an empty doodle.
        """
        ...

    def prepare(self, job: RenderJob, base: Image.Image, doodle: Image.Image | None, /) -> None:
        """Works ahead for the job that is rendered next: its images, its models, its prompts.

        Raises StudioError for what rendering will raise, too.
        """

    def prefetch(self, job: RenderJob, /) -> None:
        """Reads the models of a job that is rendered soon into RAM. Raises as `prepare` does."""

    def status(self) -> EngineStats:
        """What the engine's caches hold."""
        ...
