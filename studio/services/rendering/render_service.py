"""The render service: requests as runs of four jobs through the render queue, and one-off
renders."""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from copy import copy
from functools import partial
from typing import TypeVar

from PIL import Image

from studio.engine.results import RenderResult
from studio.engine.stats import EngineStats
from studio.errors import StorageUnavailableError, WorkerHungError
from studio.imaging.png_io import encode_png
from studio.recipes.generation.job import GenerationRequest, RenderJob
from studio.recipes.generation.planning import plan_jobs
from studio.recipes.moderation import ImageModerationResult
from studio.recipes.themes.preset import SLOTS, Slot
from studio.services.metrics import Metrics
from studio.services.rendering.cancellation_poll import CancellationPoll
from studio.services.rendering.finisher import Finisher, finisher_threads
from studio.services.rendering.input_images import InputImages
from studio.services.rendering.job_completion import JobCompleter, OutputModerator
from studio.services.rendering.lazy_renderer import LazyRenderer
from studio.services.rendering.preparer import available_cores
from studio.services.rendering.render_queue import Priority, QueuedJob, RenderQueue
from studio.services.rendering.render_worker import RenderWorker
from studio.services.rendering.renderer import Renderer
from studio.services.rendering.run import Run
from studio.services.rendering.run_registry import RunRegistry
from studio.services.rendering.tracker import JobTracker
from studio.services.store_retry import StoreRetry
from studio.store.base_images import BaseImageStore
from studio.store.variants import VariantStore

T = TypeVar("T")
log = logging.getLogger(__name__)


def allow_all(_: GenerationRequest, __: Slot, ___: Image.Image) -> ImageModerationResult:
    """Output moderation that withholds nothing."""
    return ImageModerationResult()


class RenderService:
    """Runs requests through one render queue, whose thread does nothing but rendering.

    Other threads prepare the next job (`Preparer`), finish what is rendered (`Finisher`) and look
    for cancellations (`CancellationPoll`).
    """

    def __init__(
        self,
        base_images: BaseImageStore,
        variants: VariantStore,
        queue: RenderQueue,
        build_renderer: Callable[[], Renderer],
        metrics: Metrics | None = None,
        moderate: OutputModerator = allow_all,
        retry: StoreRetry | None = None,
        finisher: Finisher | None = None,
    ) -> None:
        """`build_renderer` is called when the first job is rendered.

        `retry` decides how long test runs wait for a store that is away; clients' jobs wait as long
        as it takes.
        """
        self._queue = queue
        self.metrics = metrics or Metrics()
        self._retry = retry or StoreRetry()
        self._finisher = finisher or Finisher(finisher_threads(available_cores()))
        self._completer = JobCompleter(
            variants, moderate, self.metrics, self._retry, self._finisher
        )
        self._renderer = LazyRenderer(
            build_renderer, InputImages(base_images), queue, self._finisher, self._retry
        )
        self._worker = RenderWorker(self._renderer, queue, self._completer, self._retry)
        self._runs = RunRegistry()
        self._cancellation_poll = CancellationPoll(self.active_runs)

    def start(
        self,
        request: GenerationRequest,
        priority: Priority = Priority.INTERACTIVE,
        tracker: JobTracker | None = None,
        slots: Sequence[Slot] = SLOTS,
        tier: int = 0,
        batch_size: int | None = None,
    ) -> Run:
        """Queues the request's jobs, all four or those of `slots`, and returns at once.

        Within a priority, lower fair-share tiers go first. `batch_size` is how many jobs, of this
        and other requests, are to be rendered at once, where that is known.
        """
        jobs = plan_jobs(request, slots)
        run = Run(request, jobs, tracker, self._on_run_finished)
        if run.tracker.is_stored:
            self._cancellation_poll.start()
        self._submit(run, [QueuedJob(run, job, priority, tier, batch_size) for job in run.jobs])
        return run

    def resume(self, run: Run, slots: Sequence[Slot], priority: Priority, tier: int) -> None:
        """Queues jobs of a run again; their events continue the run's."""
        jobs = plan_jobs(run.request, slots)
        for job in jobs:
            run.requeue(job.slot)
        self._submit(run, [QueuedJob(run, job, priority, tier) for job in jobs])

    def _submit(self, run: Run, jobs: Sequence[QueuedJob]) -> None:
        self._runs.add(run)
        self._queue.submit_jobs(jobs, self._worker.process)

    def run(self, request_id: str) -> Run:
        """The run of a request, while it lasts and for a while after.

        Raises NotFoundError when it is not known, or not any more.
        """
        return self._runs.get(request_id)

    def active_runs(self) -> tuple[Run, ...]:
        """The runs with jobs that have not ended, oldest first."""
        return self._runs.active

    def recent_runs(self) -> tuple[Run, ...]:
        """The runs that go on and the latest finished ones, oldest first."""
        return self._runs.recent

    @property
    def max_batch_size(self) -> int:
        """How many jobs are rendered at once; 1 before the first job."""
        return self._renderer.max_batch_size

    def engine_status(self) -> EngineStats | None:
        """What the engine's caches hold; None before the first job."""
        return self._renderer.status

    def render_preview(self, job: RenderJob, priority: Priority = Priority.INTERACTIVE) -> bytes:
        """One job's image as PNG, not stored; blocks until its turn in the queue.

        Raises what rendering raises.
        """
        answer: Future[RenderResult] = Future()
        render = partial(self._worker.render_one, job)
        self._queue.submit(partial(_resolve, answer, render), priority)
        return encode_png(answer.result().image)

    def build_renderer(self, is_unwanted: Callable[[], bool] = lambda: False) -> None:
        """Builds the renderer ahead of the first job, behind all that is queued; blocks until it is there.

        `is_unwanted` is asked when its turn comes. Raises what building raises.
        """
        answer: Future[None] = Future()

        def build() -> None:
            if not is_unwanted():
                self._renderer.get()

        self._queue.submit(partial(_resolve, answer, build), Priority.BACKGROUND)
        answer.result()

    def prefetch(self, job: RenderJob) -> None:
        """Reads the models of a job into RAM, in the thread of the caller; nothing before the renderer is
        there. Raises StudioError."""
        self._renderer.prefetch(job)

    def cancel(self, request_id: str) -> None:
        """Cancels a run; does nothing for one that has finished or is unknown."""
        if (run := self._runs.find(request_id)) is not None:
            run.cancel()

    def drop(self, request_id: str, slots: Sequence[Slot]) -> None:
        """Ends those of a run's queued jobs that have ended in its tracker, and no others."""
        if (run := self._runs.find(request_id)) is None:
            return
        for slot in filter(run.take, slots):
            self._completer.submit(run, slot, partial(self._completer.abandon, run, slot))

    def release_jobs(self) -> None:
        """At the end of this process: starts no more jobs of clients, and gives running ones back
        to the job table as if they had not started."""
        for run in self.active_runs():
            try:
                run.tracker.close()
            except StorageUnavailableError as error:
                log.warning("request %s is put back at the next start: %s", run.request.id, error)
            if run.tracker.is_stored:
                self._runs.remove(run)

    def check(self, stall_timeout_seconds: float) -> None:
        """Liveness: whether this process can still render.

        Raises:
            WorkerHungError: the render thread or one of the finisher's has died, which is not the
                end that `close` brings, or its task has made no progress for so long.
            DeviceLostError: the device fails every job.
        """
        for threads in (self._queue, self._finisher):
            if not threads.is_alive:
                raise WorkerHungError("engine.thread_dead")
            if threads.stalled_seconds > stall_timeout_seconds:
                raise WorkerHungError("engine.job_stalled", seconds=f"{stall_timeout_seconds:.0f}")
        if self._worker.device_lost:
            raise copy(self._worker.device_lost)

    def finish_images(self, timeout_seconds: float) -> bool:
        """Waits until every rendered image is finished; False when the timeout has passed first."""
        return self._finisher.is_idle_within(timeout_seconds)

    @property
    def store_error(self) -> StorageUnavailableError | None:
        """Why results cannot be stored for now; None while they can."""
        return self._retry.error

    def close(self) -> None:
        """Finishes what is queued, as far as the store answers, then ends all threads.

        What the finisher queues again is rendered, but not more than once.
        """
        self._retry.close()
        self._queue.shutdown(partial(self._finisher.wait_until_idle, lambda: None))
        self._finisher.shutdown()
        self._cancellation_poll.close()

    def _on_run_finished(self, finished: Run) -> None:
        self._runs.finish(finished)


def _resolve(answer: "Future[T]", work: Callable[[], T]) -> None:
    """Sets the result, or the error for whoever waits."""
    try:
        answer.set_result(work())
    except BaseException as error:
        answer.set_exception(error)
