"""The renderer, built when the first job needs it, and called with the images of jobs."""

from collections.abc import Callable, Sequence
from functools import partial

from PIL import Image

from studio.engine.results import RenderListener, RenderResult
from studio.engine.stats import EngineStats
from studio.recipes.generation.job import RenderJob
from studio.services.rendering.finisher import Finisher
from studio.services.rendering.input_images import InputImages
from studio.services.rendering.job_listener import PreviewPublisher, make_listener
from studio.services.rendering.preparer import Preparer
from studio.services.rendering.render_queue import QueuedJob, RenderQueue
from studio.services.rendering.renderer import Renderer
from studio.services.store_retry import StoreRetry


class LazyRenderer:
    """For the render thread, but for `status`, `max_batch_size` and `prefetch`."""

    def __init__(
        self,
        build: Callable[[], Renderer],
        inputs: InputImages,
        queue: RenderQueue,
        finisher: Finisher,
        retry: StoreRetry,
    ) -> None:
        """Args:
        build: makes the renderer; may raise.
        inputs: base images and doodles.
        queue: is told of progress; the renderer's preparer looks ahead in it.
        finisher: encodes previews.
        retry: waits for a store that is away.
        """
        self._build, self._inputs, self._queue = build, inputs, queue
        self._finisher, self._retry = finisher, retry
        self._renderer: Renderer | None = None

    def get(self) -> Renderer:
        """The renderer. Raises what building it raises."""
        if self._renderer is None:
            self._renderer = self._build()
            Preparer(self._queue, self._renderer, self._inputs).start()
        return self._renderer

    @property
    def status(self) -> EngineStats | None:
        """What the engine's caches hold; None before the first job."""
        return None if self._renderer is None else self._renderer.status()

    @property
    def max_batch_size(self) -> int:
        """How many jobs the renderer takes at once; 1 before the first job."""
        return 1 if self._renderer is None else self._renderer.max_batch_size

    def prefetch(self, job: RenderJob) -> None:
        """Reads a job's models into RAM, where there is a renderer. Raises StudioError."""
        if self._renderer is not None:
            self._renderer.prefetch(job)

    def render(self, jobs: Sequence[QueuedJob]) -> tuple[RenderResult, ...]:
        """Renders jobs at once. Clients' jobs wait as long as the store is away.

        Raises what rendering raises.
        """
        images = [self._load_images(one.job, one.run.tracker.is_stored) for one in jobs]
        bases, doodles = [base for base, _ in images], [doodle for _, doodle in images]
        listeners = [
            make_listener(
                queued.run,
                queued.job.slot,
                self._queue.touch,
                PreviewPublisher(queued.run, queued.job.slot, self._finisher),
            )
            for queued in jobs
        ]
        rendered = [queued.job for queued in jobs]
        return self.get().render_batch(rendered, bases, doodles, listeners)

    def render_one(self, job: RenderJob) -> RenderResult:
        """Renders one job outside any run. Raises what rendering raises."""
        base, doodle = self._load_images(job, forever=False)
        listener = RenderListener(on_step=lambda _, __: self._queue.touch())
        return self.get().render_batch([job], base, doodle, [listener])[0]

    def _load_images(self, job: RenderJob, forever: bool) -> tuple[Image.Image, Image.Image | None]:
        """The base image and the doodle; `forever`: waits as long as the store is away."""
        read = partial(self._inputs.read, job)
        return self._retry("read", read, forever, self._queue.touch)
