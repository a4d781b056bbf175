"""Renders the jobs of runs in the thread of the render queue, the only thread that uses the
device."""

import logging
from collections.abc import Callable, Sequence
from copy import copy
from functools import partial
from itertools import zip_longest

from PIL import Image
from structlog.contextvars import bound_contextvars

from studio.engine.results import RenderListener, RenderResult
from studio.engine.stats import EngineStats
from studio.errors import (
    DeviceLostError,
    InsufficientMemoryError,
    JobCancelledError,
    StorageUnavailableError,
    StudioError,
)
from studio.messages import Message
from studio.recipes.generation.events import JobCancelled, JobFailed, JobStarted
from studio.recipes.generation.job import RenderJob
from studio.services.rendering.finisher import job_key
from studio.services.rendering.input_images import InputImages
from studio.services.rendering.job_completion import (
    JobCompleter,
    TerminalEvent,
    failed_event,
    unexpected_error_event,
)
from studio.services.rendering.job_listener import PreviewPublisher, make_listener
from studio.services.rendering.preparer import Preparer
from studio.services.rendering.render_queue import QueuedJob, RenderQueue
from studio.services.rendering.renderer import Renderer
from studio.services.store_retry import StoreRetry

log = logging.getLogger(__name__)
BATCH_WINDOW_SECONDS = 0.02
"""How long a job that has just been queued waits for others to share its batch."""


class RenderWorker:
    """Claims, renders and hands over jobs. The renderer is built when the first job needs it."""

    def __init__(
        self,
        inputs: InputImages,
        build_renderer: Callable[[], Renderer],
        queue: RenderQueue,
        completer: JobCompleter,
        retry: StoreRetry,
    ) -> None:
        self._inputs = inputs
        self._build_renderer = build_renderer
        self._queue = queue
        self._completer, self._finisher = completer, completer.finisher
        self._retry = retry
        self._renderer: Renderer | None = None
        self.device_lost: DeviceLostError | None = None
        """Set once the device fails every job; nothing more is rendered then."""

    def engine_stats(self) -> EngineStats | None:
        """What the engine's caches hold; None before the first job."""
        return None if self._renderer is None else self._renderer.status()

    @property
    def max_batch_size(self) -> int:
        """How many jobs the renderer takes at once; 1 before the first job."""
        return 1 if self._renderer is None else self._renderer.max_batch_size

    def build_renderer(self) -> None:
        """Builds the renderer where it is not there yet. For the render thread; raises what building raises."""
        self._get_renderer()

    def prefetch(self, job: RenderJob) -> None:
        """Reads a job's models into RAM, where there is a renderer. For any other thread; raises StudioError."""
        if self._renderer is not None:
            self._renderer.prefetch(job)

    def render_image(self, job: RenderJob) -> Image.Image:
        """One job's image, outside any run. Raises what rendering raises."""
        if self.device_lost:
            raise copy(self.device_lost)
        base, doodle = self._load_images(job, forever=False)
        listener = RenderListener(on_step=lambda _, __: self._queue.touch())
        return self._get_renderer().render_batch([job], base, doodle, [listener])[0].image

    def process(self, first: QueuedJob) -> None:
        """Renders a job of a run, with others from the queue where the renderer takes batches."""
        with self._completer.metrics.active_lanes.track_inprogress():
            self._process(first)

    def _process(self, first: QueuedJob) -> None:
        if self.device_lost:
            self._refuse(first)
            return
        jobs = [queued for queued in (first, *self._take_batch(first)) if self._start(queued)]
        retried = [queued for queued in jobs if queued.run.tracker.is_retry(queued.job.slot)]
        batch = [queued for queued in jobs if queued not in retried]
        results = self._try_batch(batch) if len(batch) > 1 else ()
        for queued, result in zip_longest(batch, results):
            self._process_job(queued, result)
        for queued in retried:
            # It may have taken a process down: nobody else's image is at stake this time.
            self._finisher.wait_until_idle(self._queue.touch)
            self._process_job(queued, None)

    def _take_batch(self, first: QueuedJob) -> list[QueuedJob]:
        """The queued jobs, of any run, that are rendered together with the first.

        They have its priority: nobody waits for a job that is less urgent.
        """
        try:
            limit = self._get_renderer().max_batch_size - 1
        except Exception:
            return []  # Rendering the job will report it.
        if limit < 1:
            return []

        def may_join(other: QueuedJob) -> bool:
            return other.priority == first.priority and other.batch_key == first.batch_key

        return self._queue.take_jobs(may_join, limit, BATCH_WINDOW_SECONDS)

    def _start(self, queued: QueuedJob) -> bool:
        """Takes and claims a job; False where it was cancelled or is not available any more."""
        run, slot = queued.run, queued.job.slot
        if not run.take(slot):
            return False
        if self._claim(queued):
            run.begin_rendering(slot)
            run.publish(JobStarted(slot=slot))
            return True
        self._completer.submit(run, slot, partial(self._completer.abandon, run, slot))
        return False

    def _claim(self, queued: QueuedJob) -> bool:
        """Whether the tracker lets this run have the job; False on any unexpected error."""
        run, slot = queued.run, queued.job.slot
        if not run.tracker.is_stored:
            return run.tracker.claim(slot)
        try:
            claim = partial(run.tracker.claim, slot)
            return self._retry("claim", claim, on_retry=self._queue.touch)
        except StorageUnavailableError:
            raise  # The process is closing.
        except Exception:
            log.exception("variant %s of %s was not begun", slot, run.request.id)
            return False

    def _try_batch(self, jobs: Sequence[QueuedJob]) -> Sequence[RenderResult]:
        """The results of one batch, or none: rendered one by one, the faulty job can be
        identified."""
        try:
            return self._render(jobs)
        except Exception as error:
            log.warning("a batch of %d was not rendered: %s", len(jobs), error)
            return ()

    def _process_job(self, queued: QueuedJob, result: RenderResult | None) -> None:
        """Renders the job unless the batch did, and hands it over to the completer."""
        run, job = queued.run, queued.job
        with bound_contextvars(request=run.request.id):
            try:
                if run.should_stop(job.slot):  # A batch goes on for its other jobs.
                    raise JobCancelledError("request.variants_stopped", slots=job.slot)
                if result is None:
                    result = self._render([queued])[0]
            except JobCancelledError:
                self._end(queued, JobCancelled(slot=job.slot))
            except DeviceLostError as error:
                self._lose_device(queued, error)
            except InsufficientMemoryError as error:
                self._retry_or_fail(queued, error.message)
            except StudioError as error:
                self._end(queued, failed_event(job, error))
            except Exception:
                log.exception("variant %s of %s failed", job.slot, job.request_id)
                self._retry_or_fail(queued, unexpected_error_event(job.slot).message)
            else:
                self._hand_over(queued, result, partial(self._submit_rerender, queued))

    def _hand_over(
        self,
        queued: QueuedJob,
        result: RenderResult,
        rerender: Callable[[RenderJob], None] | None,
    ) -> None:
        """Gives a result to the completer as soon as it has the capacity for one more."""
        run, job = queued.run, queued.job

        def complete() -> None:
            with bound_contextvars(request=run.request.id):
                self._completer.complete(run, job, result, rerender)

        key = job_key(run.request.id, job.slot)
        self._finisher.submit_image(key, complete, self._queue.touch)
        run.end_rendering(job.slot)

    def _submit_rerender(self, queued: QueuedJob, job: RenderJob) -> None:
        """Queues a withheld job once more, with another seed; its result is final."""
        again = QueuedJob(queued.run, job, queued.priority, queued.tier)
        self._queue.submit(partial(self._rerender, again), queued.priority, queued.tier)

    def _rerender(self, queued: QueuedJob) -> None:
        run, job = queued.run, queued.job
        run.begin_rendering(job.slot)
        try:
            with self._completer.metrics.active_lanes.track_inprogress():
                result = self._render([queued])[0]
        except JobCancelledError:
            self._end(queued, JobCancelled(slot=job.slot))
        except DeviceLostError as error:
            self._lose_device(queued, error)
        except StudioError as error:
            self._end(queued, failed_event(job, error))
        except Exception:
            log.exception("variant %s of %s failed", job.slot, job.request_id)
            self._end(queued, unexpected_error_event(job.slot))
        else:
            self._hand_over(queued, result, None)

    def _end(self, queued: QueuedJob, event: TerminalEvent) -> None:
        end = partial(self._completer.end, queued.run, event)
        self._completer.submit(queued.run, queued.job.slot, end)

    def _retry_or_fail(self, queued: QueuedJob, error: Message) -> None:
        """After an error that may be transient: another attempt where the tracker allows it."""
        run, job = queued.run, queued.job

        def requeue(job: RenderJob) -> None:
            run.requeue(job.slot)
            self._queue.submit_jobs([queued], self.process)

        self._completer.submit(
            run, job.slot, partial(self._completer.requeue, run, job, error, requeue)
        )

    def _lose_device(self, queued: QueuedJob, error: DeviceLostError) -> None:
        """The job goes back to the queue, and nothing more is rendered in this process."""
        log.critical("the device is lost: %s", error)
        self.device_lost = error
        run, job = queued.run, queued.job

        def requeue(job: RenderJob) -> None:
            run.requeue(job.slot)

        self._completer.submit(
            run, job.slot, partial(self._completer.requeue, run, job, error.message, requeue)
        )

    def _refuse(self, queued: QueuedJob) -> None:
        """After the device was lost: clients' jobs stay queued for another process, test runs
        fail."""
        run, slot = queued.run, queued.job.slot
        if not run.tracker.is_stored and self.device_lost is not None and run.take(slot):
            run.publish(JobFailed(slot=slot, message=self.device_lost.message))

    def _render(self, jobs: Sequence[QueuedJob]) -> tuple[RenderResult, ...]:
        """Renders jobs at once."""
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
        return self._get_renderer().render_batch(rendered, bases, doodles, listeners)

    def _get_renderer(self) -> Renderer:
        if self._renderer is None:
            self._renderer = self._build_renderer()
            Preparer(self._queue, self._renderer, self._inputs).start()
        return self._renderer

    def _load_images(self, job: RenderJob, forever: bool) -> tuple[Image.Image, Image.Image | None]:
        """The base image and the doodle; `forever`: waits as long as the store is away."""
        read = partial(self._inputs.read, job)
        return self._retry("read", read, forever, self._queue.touch)
