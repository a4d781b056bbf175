"""Renders the jobs of runs in the thread of the render queue, the only thread that uses the
device."""

import io
import logging
import threading
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
from studio.imaging.png_io import encode_png
from studio.messages import Message
from studio.recipes.generation.events import JobCancelled, JobFailed, JobStarted
from studio.recipes.generation.job import RenderJob
from studio.recipes.themes.preset import Slot
from studio.services.rendering.job_completion import (
    JobCompleter,
    TerminalEvent,
    failed_event,
    unexpected_error_event,
)
from studio.services.rendering.job_listener import make_listener, should_cancel
from studio.services.rendering.render_queue import Priority, RenderQueue
from studio.services.rendering.renderer import Renderer
from studio.services.rendering.run import Run
from studio.services.store_retry import StoreRetry
from studio.store.base_images import BaseImageStore

log = logging.getLogger(__name__)
MAX_UNCOMPLETED = 8
"""Rendered images that may wait for completion; beyond, rendering waits, since RAM is limited."""


class RenderWorker:
    """Claims, renders and hands over jobs. The renderer is built when the first job needs it."""

    def __init__(
        self,
        base_images: BaseImageStore,
        build_renderer: Callable[[], Renderer],
        queue: RenderQueue,
        completer: JobCompleter,
        retry: StoreRetry,
    ) -> None:
        self._base_images = base_images
        self._build_renderer = build_renderer
        self._queue = queue
        self._completer = completer
        self._retry = retry
        self._capacity = threading.Semaphore(MAX_UNCOMPLETED)
        self._renderer: Renderer | None = None
        self.device_lost: DeviceLostError | None = None
        """Set once the device fails every job; nothing more is rendered then."""

    def engine_stats(self) -> EngineStats | None:
        """What the engine's caches hold; None before the first job."""
        return None if self._renderer is None else self._renderer.status()

    def render_png(self, job: RenderJob) -> bytes:
        """One job's image as PNG, outside any run. Raises what rendering raises."""
        if self.device_lost:
            raise copy(self.device_lost)
        base, doodle = self._load_images(job, forever=False)
        listeners = [RenderListener(on_step=lambda _, __: self._queue.touch())]
        results = self._get_renderer().render_batch([job], base, doodle, listeners)
        return encode_png(results[0].image)

    def process(self, run: Run, jobs: Sequence[RenderJob], priority: Priority) -> None:
        """Renders jobs of a run, several of them as one batch; `priority` is for retries."""
        if self.device_lost:
            self._refuse(run, jobs)
            return
        claimed = [job for job in jobs if self._start(run, job.slot)]
        results = self._try_batch(run, claimed) if len(claimed) > 1 else ()
        for job, result in zip_longest(claimed, results):
            with (
                self._completer.metrics.active_lanes.track_inprogress(),
                bound_contextvars(request=run.request.id),
            ):
                self._process_job(run, job, result, priority)

    def _start(self, run: Run, slot: Slot) -> bool:
        """Takes and claims a job; False where it was cancelled or is not available any more."""
        if not run.take(slot):
            return False
        if self._claim(run, slot):
            run.publish(JobStarted(slot=slot))
            return True
        self._completer.queue.submit(partial(self._completer.abandon, run, slot))
        return False

    def _claim(self, run: Run, slot: Slot) -> bool:
        """Whether the tracker lets this run have the job; False on any unexpected error."""
        if not run.tracker.is_stored:
            return run.tracker.claim(slot)
        try:
            return self._retry("claim", partial(run.tracker.claim, slot), True, self._queue.touch)
        except StorageUnavailableError:
            raise  # The process is closing.
        except Exception:
            log.exception("variant %s of %s was not begun", slot, run.request.id)
            return False

    def _try_batch(self, run: Run, jobs: Sequence[RenderJob]) -> Sequence[RenderResult]:
        """The results of one batch, or none: rendered one by one, the faulty job can be
        identified."""
        try:
            return self._render(run, jobs)
        except Exception as error:
            log.warning("a batch of %s was not rendered: %s", run.request.id, error)
            return ()

    def _process_job(
        self, run: Run, job: RenderJob, result: RenderResult | None, priority: Priority
    ) -> None:
        """Renders the job unless the batch did, and hands it over to the completer."""
        try:
            if result is None:
                if should_cancel(run, job.slot):
                    raise JobCancelledError("request.variants_stopped", slots=job.slot)
                result = self._render(run, [job])[0]
        except JobCancelledError:
            self._end(run, JobCancelled(slot=job.slot))
        except DeviceLostError as error:
            self._lose_device(run, job, error)
        except InsufficientMemoryError as error:
            self._retry_or_fail(run, job, error.message, priority)
        except StudioError as error:
            self._end(run, failed_event(job, error))
        except Exception:
            log.exception("variant %s of %s failed", job.slot, job.request_id)
            self._retry_or_fail(run, job, unexpected_error_event(job.slot).message, priority)
        else:
            self._hand_over(run, job, result, partial(self._submit_rerender, run, priority))

    def _hand_over(
        self,
        run: Run,
        job: RenderJob,
        result: RenderResult,
        rerender: Callable[[RenderJob], None] | None,
    ) -> None:
        """Gives a result to the completer as soon as it has the capacity for one more."""
        while not self._capacity.acquire(timeout=1.0):
            self._queue.touch()

        def complete() -> None:
            try:
                with bound_contextvars(request=run.request.id):
                    self._completer.complete(run, job, result, rerender)
            finally:
                self._capacity.release()

        self._completer.queue.submit(complete)

    def _submit_rerender(self, run: Run, priority: Priority, job: RenderJob) -> None:
        """Queues a withheld job once more, with another seed; its result is final."""
        self._queue.submit(partial(self._rerender, run, job), priority)

    def _rerender(self, run: Run, job: RenderJob) -> None:
        try:
            result = self._render(run, [job])[0]
        except JobCancelledError:
            self._end(run, JobCancelled(slot=job.slot))
        except DeviceLostError as error:
            self._lose_device(run, job, error)
        except StudioError as error:
            self._end(run, failed_event(job, error))
        except Exception:
            log.exception("variant %s of %s failed", job.slot, job.request_id)
            self._end(run, unexpected_error_event(job.slot))
        else:
            self._hand_over(run, job, result, None)

    def _end(self, run: Run, event: TerminalEvent) -> None:
        self._completer.queue.submit(partial(self._completer.end, run, event))

    def _retry_or_fail(self, run: Run, job: RenderJob, error: Message, priority: Priority) -> None:
        """After an error that may be transient: another attempt where the tracker allows it."""

        def requeue(job: RenderJob) -> None:
            run.requeue(job.slot)
            self._queue.submit(partial(self.process, run, [job], priority), priority)

        self._completer.queue.submit(partial(self._completer.requeue, run, job, error, requeue))

    def _lose_device(self, run: Run, job: RenderJob, error: DeviceLostError) -> None:
        """The job goes back to the queue, and nothing more is rendered in this process."""
        log.critical("the device is lost: %s", error)
        self.device_lost = error

        def requeue(job: RenderJob) -> None:
            run.requeue(job.slot)

        requeue_job = partial(self._completer.requeue, run, job, error.message, requeue)
        self._completer.queue.submit(requeue_job)

    def _refuse(self, run: Run, jobs: Sequence[RenderJob]) -> None:
        """After the device was lost: clients' jobs stay queued for another process, test runs
        fail."""
        if run.tracker.is_stored or self.device_lost is None:
            return
        for job in jobs:
            if run.take(job.slot):
                run.publish(JobFailed(slot=job.slot, message=self.device_lost.message))

    def _render(self, run: Run, jobs: Sequence[RenderJob]) -> tuple[RenderResult, ...]:
        base, doodle = self._load_images(jobs[0], run.tracker.is_stored)
        listeners = [make_listener(run, job.slot, self._queue.touch) for job in jobs]
        return self._get_renderer().render_batch(jobs, base, doodle, listeners)

    def _get_renderer(self) -> Renderer:
        if self._renderer is None:
            self._renderer = self._build_renderer()
        return self._renderer

    def _load_images(self, job: RenderJob, forever: bool) -> tuple[Image.Image, Image.Image | None]:
        """The base image and the doodle; `forever`: waits as long as the store is away."""
        doodle = None if job.doodle is None else _load_png(job.doodle.png_bytes)
        read = partial(self._base_images.read_png, job.base_image)
        return _load_png(self._retry("read", read, forever, self._queue.touch)), doodle


def _load_png(png: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(png), formats=["PNG"])
    image.load()
    return image
