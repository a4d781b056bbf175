"""Renders the jobs of runs in the thread of the render queue, the only thread that uses the
device."""

import logging
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import replace
from functools import partial
from itertools import zip_longest

from structlog.contextvars import bound_contextvars

from studio.engine.results import RenderResult
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
from studio.services.rendering.job_completion import (
    JobCompleter,
    TerminalEvent,
    failed_event,
    unexpected_error_event,
)
from studio.services.rendering.lazy_renderer import LazyRenderer
from studio.services.rendering.render_queue import QueuedJob, RenderQueue
from studio.services.store_retry import StoreRetry

log = logging.getLogger(__name__)
BATCH_WINDOW_SECONDS = 0.02
"""How long a job that has just been queued waits for others to share its batch."""
GATHERING_SECONDS = 1.0
"""How long at most, where it is known how many are on their way."""


class RenderWorker:
    """Claims, renders and hands over jobs."""

    def __init__(
        self,
        renderer: LazyRenderer,
        queue: RenderQueue,
        completer: JobCompleter,
        retry: StoreRetry,
    ) -> None:
        self._renderer, self._queue = renderer, queue
        self._completer, self._finisher = completer, completer.finisher
        self._retry = retry
        self.device_lost: DeviceLostError | None = None
        """Set once the device fails every job; nothing more is rendered then."""

    def render_one(self, job: RenderJob) -> RenderResult:
        """Renders one job outside any run. Raises what rendering raises."""
        if self.device_lost:
            raise copy(self.device_lost)
        return self._renderer.render_one(job)

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
        """The queued jobs, of any run, that are rendered together with the first."""
        try:
            limit = self._renderer.get().max_batch_size - 1
        except Exception:
            return []  # Rendering the job will report it.
        window = BATCH_WINDOW_SECONDS
        if first.batch_size is not None:
            limit, window = min(limit, first.batch_size - 1), GATHERING_SECONDS
        if limit < 1:
            return []
        return self._queue.take_jobs(first.may_join, limit, window)

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
            return self._renderer.render(jobs)
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
                    result = self._renderer.render([queued])[0]
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
                result = self._renderer.render([queued])[0]
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
            self._queue.submit_jobs([replace(queued, batch_size=1)], self.process)

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
