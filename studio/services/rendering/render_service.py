"""Renders requests: four jobs through the lane, their events to whoever asked."""

import io
import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from copy import copy
from functools import partial
from itertools import zip_longest
from typing import Protocol

from PIL import Image
from structlog.contextvars import bound_contextvars

from studio.engine.results import RenderListener, RenderResult
from studio.engine.stats import EngineStats
from studio.errors import (
    DeviceLost,
    InsufficientMemoryError,
    JobCancelledError,
    NotFoundError,
    StorageUnavailableError,
    StudioError,
    WorkerHungError,
)
from studio.imaging.png_io import encode_png
from studio.messages import Message
from studio.recipes.generation.events import JobCancelled, JobFailed, JobStarted
from studio.recipes.generation.job import GenerationRequest, RenderJob
from studio.recipes.generation.planning import group_into_batches, plan_jobs
from studio.recipes.moderation import ImageModerationResult
from studio.recipes.themes.preset import SLOTS, Slot
from studio.services.metrics import Metrics
from studio.services.rendering.job_completion import Finisher, Judge, failed, unexpected
from studio.services.rendering.job_listener import is_over, watch
from studio.services.rendering.render_queue import Priority, RenderQueue
from studio.services.rendering.run import JobTracker, Run
from studio.services.store_retry import StoreRetry
from studio.store.base_images import BaseImageStore
from studio.store.variants import VariantStore

log = logging.getLogger(__name__)
MAX_FINISHED_RUNS = 12
"""Ended runs that can still be followed from their beginning."""
UNFINISHED = 8
"""Rendered pictures that may wait to be stored; beyond, the lane waits, as RAM is not endless."""


class Renderer(Protocol):
    """What a lane needs of an engine: one picture, or several drawn as one batch."""

    def render_batch(
        self,
        jobs: Sequence[RenderJob],
        base: Image.Image,
        doodle: Image.Image | None,
        watches: Sequence[RenderListener],
    ) -> tuple[RenderResult, ...]: ...

    def status(self) -> EngineStats: ...


def allow_all(_: GenerationRequest, __: Slot, ___: Image.Image) -> ImageModerationResult:
    return ImageModerationResult()


class RenderService:
    """Takes requests and runs them through one lane, which does nothing but rendering; a second thread
    completes what is rendered. The engine is built when first needed."""

    def __init__(
        self,
        bases: BaseImageStore,
        variants: VariantStore,
        lane: RenderQueue,
        engine: Callable[[], Renderer],
        batch: bool = False,
        metrics: Metrics | None = None,
        judge: Judge = allow_all,
        retry: StoreRetry | None = None,
    ) -> None:
        """`batch` draws jobs at once that differ in prompts and seed alone; `retry` says how long
        trial runs wait for a store that is away (clients' jobs wait as long as it takes)."""
        self._base_images = bases
        self._lane = lane
        self._build_engine = engine
        self._batch = batch
        self.metrics = metrics or Metrics()
        self._retry = retry or StoreRetry()
        self._after = RenderQueue("finisher-0")
        self._finisher = Finisher(variants, judge, self.metrics, self._retry, self._after)
        self._capacity = threading.Semaphore(UNFINISHED)
        self._engine: Renderer | None = None
        self._device_lost: DeviceLost | None = None
        self._runs: dict[str, Run] = {}
        self._ended: dict[str, None] = {}

    def start(
        self,
        request: GenerationRequest,
        priority: Priority = Priority.INTERACTIVE,
        ledger: JobTracker | None = None,
        slots: Sequence[Slot] = SLOTS,
        turn: int = 0,
    ) -> Run:
        """Queues the request's jobs, all four or those of `letters`, and returns at once. Within a
        priority, lower turns go first."""
        jobs = tuple(job for job in plan_jobs(request) if job.slot in slots)
        run = Run(request, jobs, ledger)
        self._runs[request.id] = run
        self._queue(run, run.jobs, priority, turn)
        return run

    def resume(self, run: Run, slots: Sequence[Slot], priority: Priority, turn: int) -> None:
        """Queues jobs of a run anew, so that whoever follows it hears of them."""
        jobs = tuple(job for job in plan_jobs(run.request) if job.slot in slots)
        for job in jobs:
            run.requeue(job.slot)
        self._queue(run, jobs, priority, turn)

    def _queue(self, run: Run, jobs: Sequence[RenderJob], priority: Priority, turn: int) -> None:
        for together in group_into_batches(jobs) if self._batch else zip(jobs):
            self._lane.submit(partial(self._process, run, together, priority), priority, turn)
        self._lane.submit(partial(self._drop_finished, run.request.id), priority, turn)

    def run(self, request_id: str) -> Run:
        """A run by its request's id, while it lasts and for a while after.

        Raises NotFound when it is not known, or no longer.
        """
        run = self._runs.get(request_id)
        if run is None:
            raise NotFoundError("history.run_not_found", id=request_id[:8])
        return run

    def active_runs(self) -> tuple[Run, ...]:
        """The runs that have jobs left, first come first."""
        return tuple(run for run in tuple(self._runs.values()) if run.pending_slots)

    def engine_status(self) -> EngineStats | None:
        """What the engine holds; None while there was nothing to render."""
        return None if self._engine is None else self._engine.status()

    def render_preview(self, job: RenderJob, priority: Priority = Priority.INTERACTIVE) -> bytes:
        """One job's picture as PNG, after what the lane has begun; kept nowhere.

        Raises what rendering raises.
        """
        answer: Future[bytes] = Future()
        self._lane.submit(
            partial(_resolve, answer, lambda: self._render_preview_png(job)), priority
        )
        return answer.result()

    def cancel(self, request_id: str) -> None:
        """Stops a run by its request's id; one that has ended or is unknown is left alone."""
        run = self._runs.get(request_id)
        if run is not None:
            run.cancel()

    def drop(self, request_id: str, slots: Sequence[Slot]) -> None:
        """Ends jobs of a run that have ended in its ledger before they were begun, and those alone."""
        run = self._runs.get(request_id)
        if run is None:
            return
        for slot in filter(run.take, slots):
            self._after.submit(partial(self._finisher.give_up, run, slot))

    def let_go(self) -> None:
        """Breaks off, at the end of this process, what is drawn for clients: nothing more is begun, and
        what was begun waits in the job table as if it had not been."""
        for run in self.active_runs():
            try:
                run.ledger.close()
            except StorageUnavailableError as error:
                log.warning("request %s is put back at the next start: %s", run.request.id, error)
            if run.ledger.is_stored:
                self._runs.pop(run.request.id, None)

    def check(self, stalled: float) -> None:
        """Whether this process can still render.

        Raises LaneHung when one of its threads is dead, or its task has made no progress for `stalled`
        seconds, DeviceLost when the device fails every job.
        """
        for lane in (self._lane, self._after):
            if not lane.is_alive:
                raise WorkerHungError("engine.thread_dead")
            if lane.stalled_for > stalled:
                raise WorkerHungError("engine.job_stalled", seconds=f"{stalled:.0f}")
        if self._device_lost:
            raise copy(self._device_lost)

    @property
    def store_error(self) -> StorageUnavailableError | None:
        """Why what is rendered cannot be stored for now; None while it can."""
        return self._retry.error

    def close(self) -> None:
        """Lets what is queued finish, as far as the store answers, then ends both threads."""
        self._retry.close()
        self._lane.close()
        self._after.close()

    def _drop_finished(self, request_id: str) -> None:
        """After a run's last job: the oldest ended runs are forgotten; one may be open again, or still,
        since a job is drawn once more."""

        def forget() -> None:
            self._ended[request_id] = None
            for each in tuple(self._ended):
                run = self._runs.get(each)
                if len(self._ended) > MAX_FINISHED_RUNS and not (run and run.pending_slots):
                    del self._ended[each]
                    self._runs.pop(each, None)

        self._after.submit(forget)

    def _render_preview_png(self, job: RenderJob) -> bytes:
        if self._device_lost:
            raise copy(self._device_lost)
        base, doodle = self._image_store(job, forever=False)
        watches = [RenderListener(on_step=lambda _, __: self._lane.touch())]
        return encode_png(self._renderer().render_batch([job], base, doodle, watches)[0].image)

    def _process(self, run: Run, jobs: Sequence[RenderJob], priority: Priority) -> None:
        """Jobs in the lane's thread."""
        if self._device_lost:
            self._refuse(run, jobs)
            return
        open_jobs = [job for job in jobs if self._claimed(run, job.slot)]
        together = self._try_batch(run, open_jobs) if len(open_jobs) > 1 else ()
        for job, rendered in zip_longest(open_jobs, together):
            with (
                self.metrics.active_lanes.track_inprogress(),
                bound_contextvars(request=run.request.id),
            ):
                self._render(run, job, rendered, priority)

    def _claimed(self, run: Run, slot: Slot) -> bool:
        if not run.take(slot):
            return False
        if self._claim(run, slot):
            run.publish(JobStarted(slot=slot))
            return True
        self._after.submit(partial(self._finisher.give_up, run, slot))
        return False

    def _claim(self, run: Run, slot: Slot) -> bool:
        """Whether the ledger lets this run have the job; whatever else goes wrong, it does not."""
        if not run.ledger.is_stored:
            return run.ledger.claim(slot)
        try:
            return self._retry("claim", partial(run.ledger.claim, slot), True, self._lane.touch)
        except StorageUnavailableError:
            raise  # The process is closing.
        except Exception:
            log.exception("variant %s of %s was not begun", slot, run.request.id)
            return False

    def _try_batch(self, run: Run, jobs: Sequence[RenderJob]) -> Sequence[RenderResult]:
        """The pictures of one batch, or none: then one by one tells which job is to blame."""
        try:
            return self._rendered(run, jobs)
        except Exception as error:
            log.warning("a batch of %s was not drawn: %s", run.request.id, error)
            return ()

    def _render(
        self, run: Run, job: RenderJob, rendered: RenderResult | None, priority: Priority
    ) -> None:
        """Renders the job if that is still to do, and hands it over to be completed."""
        slot = job.slot
        try:
            if rendered is None:
                if is_over(run, slot):
                    raise JobCancelledError("request.variants_stopped", slots=slot)
                rendered = self._rendered(run, [job])[0]
        except JobCancelledError:
            self._after.submit(partial(self._finisher.end, run, JobCancelled(slot=slot)))
        except DeviceLost as error:
            self._lose_device(run, job, error)
        except InsufficientMemoryError as error:
            self._retry_or_fail(run, job, error.message, priority)
        except StudioError as error:
            self._after.submit(partial(self._finisher.end, run, failed(job, error)))
        except Exception:
            log.exception("variant %s of %s failed", slot, job.request_id)
            self._retry_or_fail(run, job, unexpected(slot).message, priority)
        else:
            self._complete(run, job, rendered, partial(self._redraw, run, priority))

    def _complete(
        self,
        run: Run,
        job: RenderJob,
        rendered: RenderResult,
        redraw: Callable[[RenderJob], None] | None,
    ) -> None:
        """Hands a picture over, as soon as there is room for one more."""
        while not self._capacity.acquire(timeout=1.0):
            self._lane.touch()

        def complete() -> None:
            try:
                with bound_contextvars(request=run.request.id):
                    self._finisher.complete(run, job, rendered, redraw)
            finally:
                self._capacity.release()

        self._after.submit(complete)

    def _redraw(self, run: Run, priority: Priority, job: RenderJob) -> None:
        """A withheld picture once more with another seed; what comes of it is final."""

        def draw() -> None:
            try:
                rendered = self._rendered(run, [job])[0]
            except JobCancelledError:
                self._after.submit(partial(self._finisher.end, run, JobCancelled(slot=job.slot)))
            except DeviceLost as error:
                self._lose_device(run, job, error)
            except StudioError as error:
                self._after.submit(partial(self._finisher.end, run, failed(job, error)))
            except Exception:
                log.exception("variant %s of %s failed", job.slot, job.request_id)
                self._after.submit(partial(self._finisher.end, run, unexpected(job.slot)))
            else:
                self._complete(run, job, rendered, None)

        self._lane.submit(draw, priority)

    def _retry_or_fail(self, run: Run, job: RenderJob, error: Message, priority: Priority) -> None:
        """What may pass is tried again where an account is kept of that; else it has failed."""

        def requeue(job: RenderJob) -> None:
            run.requeue(job.slot)
            self._lane.submit(partial(self._process, run, [job], priority), priority)

        self._after.submit(partial(self._finisher.requeue, run, job, error, requeue))

    def _lose_device(self, run: Run, job: RenderJob, error: DeviceLost) -> None:
        """The job goes back to the queue, and nothing more is rendered here."""
        log.critical("the device is lost: %s", error)
        self._device_lost = error
        self._after.submit(
            partial(
                self._finisher.requeue, run, job, error.message, lambda job: run.requeue(job.slot)
            )
        )

    def _refuse(self, run: Run, jobs: Sequence[RenderJob]) -> None:
        """After the device was lost: clients' jobs stay queued for another process, trial runs fail."""
        if run.ledger.is_stored or self._device_lost is None:
            return
        for job in jobs:
            if run.take(job.slot):
                run.publish(JobFailed(slot=job.slot, message=self._device_lost.message))

    def _rendered(self, run: Run, jobs: Sequence[RenderJob]) -> tuple[RenderResult, ...]:
        base, doodle = self._image_store(jobs[0], run.ledger.is_stored)
        watches = [watch(run, job.slot, self._lane.touch) for job in jobs]
        return self._renderer().render_batch(jobs, base, doodle, watches)

    def _renderer(self) -> Renderer:
        if self._engine is None:
            self._engine = self._build_engine()
        return self._engine

    def _image_store(self, job: RenderJob, forever: bool) -> tuple[Image.Image, Image.Image | None]:
        doodle = None if job.doodle is None else _image(job.doodle.png_bytes)
        read = partial(self._base_images.read_png, job.base_image)
        return _image(self._retry("read", read, forever, self._lane.touch)), doodle


def _resolve(answer: "Future[bytes]", act: Callable[[], bytes]) -> None:
    """Whoever waits for the answer gets the error."""
    try:
        answer.set_result(act())
    except BaseException as error:
        answer.set_exception(error)


def _image(png: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(png), formats=["PNG"])
    image.load()
    return image
