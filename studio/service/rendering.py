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

from studio.engine.rendered import Rendered, Watch
from studio.engine.status import EngineStatus
from studio.errors import (
    Cancelled,
    DeviceLost,
    LaneHung,
    NoRoom,
    NotFound,
    StoreUnavailable,
    StudioError,
)
from studio.imaging.limits import encode_png
from studio.messages import Message
from studio.recipes.events import Failed, Started, Stopped
from studio.recipes.planning import batches, plan
from studio.recipes.preset import LETTERS, Letter
from studio.recipes.request import Job, Request
from studio.recipes.safety import PictureVerdict
from studio.service.finishing import Finisher, Judge, unexpected
from studio.service.lane import Lane, Priority
from studio.service.metrics import Metrics
from studio.service.reporting import is_over, watch
from studio.service.retrying import StoreRetry
from studio.service.runs import Ledger, Run
from studio.store.base_images import BaseImageStore
from studio.store.variants import VariantStore

log = logging.getLogger(__name__)
KEPT_RUNS = 12
"""Ended runs that can still be followed from their beginning."""
UNFINISHED = 8
"""Rendered pictures that may wait to be stored; beyond, the lane waits, as RAM is not endless."""


class Renderer(Protocol):
    """What a lane needs of an engine: one picture, or several drawn as one batch."""

    def render_together(
        self,
        jobs: Sequence[Job],
        base: Image.Image,
        doodle: Image.Image | None,
        watches: Sequence[Watch],
    ) -> tuple[Rendered, ...]: ...

    def status(self) -> EngineStatus: ...


def let_pass(_: Request, __: Letter, ___: Image.Image) -> PictureVerdict:
    return PictureVerdict()


class RenderService:
    """Takes requests and runs them through one lane, which does nothing but rendering; a second thread
    completes what is rendered. The engine is built when first needed."""

    def __init__(
        self,
        bases: BaseImageStore,
        variants: VariantStore,
        lane: Lane,
        engine: Callable[[], Renderer],
        batch: bool = False,
        metrics: Metrics | None = None,
        judge: Judge = let_pass,
        retry: StoreRetry | None = None,
    ) -> None:
        """`batch` draws jobs at once that differ in prompts and seed alone; `retry` says how long
        trial runs wait for a store that is away (clients' jobs wait as long as it takes)."""
        self._bases = bases
        self._lane = lane
        self._build_engine = engine
        self._batch = batch
        self.metrics = metrics or Metrics()
        self._retry = retry or StoreRetry()
        self._after = Lane("finisher-0")
        self._finisher = Finisher(variants, judge, self.metrics, self._retry, self._after)
        self._room = threading.Semaphore(UNFINISHED)
        self._engine: Renderer | None = None
        self._device_lost: DeviceLost | None = None
        self._runs: dict[str, Run] = {}
        self._ended: dict[str, None] = {}

    def start(
        self,
        request: Request,
        priority: Priority = Priority.OPERATOR,
        ledger: Ledger | None = None,
        letters: Sequence[Letter] = LETTERS,
        turn: int = 0,
    ) -> Run:
        """Queues the request's jobs, all four or those of `letters`, and returns at once. Within a
        priority, lower turns go first."""
        jobs = tuple(job for job in plan(request) if job.letter in letters)
        run = Run(request, jobs, ledger)
        self._runs[request.id] = run
        self._queue(run, run.jobs, priority, turn)
        return run

    def resume(self, run: Run, letters: Sequence[Letter], priority: Priority, turn: int) -> None:
        """Queues jobs of a run anew, so that whoever follows it hears of them."""
        jobs = tuple(job for job in plan(run.request) if job.letter in letters)
        for job in jobs:
            run.requeue(job.letter)
        self._queue(run, jobs, priority, turn)

    def _queue(self, run: Run, jobs: Sequence[Job], priority: Priority, turn: int) -> None:
        for together in batches(jobs) if self._batch else zip(jobs):
            self._lane.put(partial(self._work, run, together, priority), priority, turn)
        self._lane.put(partial(self._forget, run.request.id), priority, turn)

    def run(self, request_id: str) -> Run:
        """A run by its request's id, while it lasts and for a while after.

        Raises NotFound when it is not known, or no longer.
        """
        run = self._runs.get(request_id)
        if run is None:
            raise NotFound("history.run_not_found", id=request_id[:8])
        return run

    def under_way(self) -> tuple[Run, ...]:
        """The runs that have jobs left, first come first."""
        return tuple(run for run in tuple(self._runs.values()) if run.open_letters)

    def engine_status(self) -> EngineStatus | None:
        """What the engine holds; None while there was nothing to render."""
        return None if self._engine is None else self._engine.status()

    def glimpse(self, job: Job, priority: Priority = Priority.OPERATOR) -> bytes:
        """One job's picture as PNG, after what the lane has begun; kept nowhere.

        Raises what rendering raises.
        """
        answer: Future[bytes] = Future()
        self._lane.put(partial(_answer, answer, lambda: self._looked(job)), priority)
        return answer.result()

    def cancel(self, request_id: str) -> None:
        """Stops a run by its request's id; one that has ended or is unknown is left alone."""
        run = self._runs.get(request_id)
        if run is not None:
            run.cancel()

    def drop(self, request_id: str, letters: Sequence[Letter]) -> None:
        """Ends jobs of a run that have ended in its ledger before they were begun, and those alone."""
        run = self._runs.get(request_id)
        if run is None:
            return
        for letter in filter(run.take, letters):
            self._after.put(partial(self._finisher.give_up, run, letter))

    def check(self, stalled: float) -> None:
        """Whether this process can still render.

        Raises LaneHung when one of its threads is dead, or its task has made no progress for `stalled`
        seconds, DeviceLost when the device fails every job.
        """
        for lane in (self._lane, self._after):
            if not lane.is_alive:
                raise LaneHung("engine.thread_dead")
            if lane.stalled_for > stalled:
                raise LaneHung("engine.job_stalled", seconds=f"{stalled:.0f}")
        if self._device_lost:
            raise copy(self._device_lost)

    @property
    def store_error(self) -> StoreUnavailable | None:
        """Why what is rendered cannot be stored for now; None while it can."""
        return self._retry.error

    def close(self) -> None:
        """Lets what is queued finish, as far as the store answers, then ends both threads."""
        self._retry.close()
        self._lane.close()
        self._after.close()

    def _forget(self, request_id: str) -> None:
        """After a run's last job: the oldest ended runs are forgotten; one may be open again, or still,
        since a job is drawn once more."""

        def forget() -> None:
            self._ended[request_id] = None
            for each in tuple(self._ended):
                run = self._runs.get(each)
                if len(self._ended) > KEPT_RUNS and not (run and run.open_letters):
                    del self._ended[each]
                    self._runs.pop(each, None)

        self._after.put(forget)

    def _looked(self, job: Job) -> bytes:
        if self._device_lost:
            raise copy(self._device_lost)
        base, doodle = self._pictures(job, forever=False)
        watches = [Watch(on_step=lambda _, __: self._lane.touch())]
        return encode_png(self._renderer().render_together([job], base, doodle, watches)[0].picture)

    def _work(self, run: Run, jobs: Sequence[Job], priority: Priority) -> None:
        """Jobs in the lane's thread."""
        if self._device_lost:
            self._refuse(run, jobs)
            return
        open_jobs = [job for job in jobs if self._claimed(run, job.letter)]
        together = self._batched(run, open_jobs) if len(open_jobs) > 1 else ()
        for job, rendered in zip_longest(open_jobs, together):
            with self.metrics.busy.track_inprogress(), bound_contextvars(request=run.request.id):
                self._draw(run, job, rendered, priority)

    def _claimed(self, run: Run, letter: Letter) -> bool:
        if not run.take(letter):
            return False
        if self._claim(run, letter):
            run.tell(Started(letter=letter))
            return True
        self._after.put(partial(self._finisher.give_up, run, letter))
        return False

    def _claim(self, run: Run, letter: Letter) -> bool:
        """Whether the ledger lets this run have the job; whatever else goes wrong, it does not."""
        if not run.ledger.is_kept:
            return run.ledger.claim(letter)
        try:
            return self._retry("claim", partial(run.ledger.claim, letter), True, self._lane.touch)
        except StoreUnavailable:
            raise  # The process is closing.
        except Exception:
            log.exception("variant %s of %s was not begun", letter, run.request.id)
            return False

    def _batched(self, run: Run, jobs: Sequence[Job]) -> Sequence[Rendered]:
        """The pictures of one batch, or none: then one by one tells which job is to blame."""
        try:
            return self._rendered(run, jobs)
        except Exception as error:
            log.warning("a batch of %s was not drawn: %s", run.request.id, error)
            return ()

    def _draw(self, run: Run, job: Job, rendered: Rendered | None, priority: Priority) -> None:
        """Renders the job if that is still to do, and hands it over to be completed."""
        letter = job.letter
        try:
            if rendered is None:
                if is_over(run, letter):
                    raise Cancelled("request.variants_stopped", slots=letter)
                rendered = self._rendered(run, [job])[0]
        except Cancelled:
            self._after.put(partial(self._finisher.end, run, Stopped(letter=letter)))
        except DeviceLost as error:
            self._lose_device(run, job, error)
        except NoRoom as error:
            self._once_more(run, job, error.message, priority)
        except StudioError as error:
            log.warning("variant %s of %s failed: %s", letter, job.request_id, error)
            failed = Failed(letter=letter, message=error.message)
            self._after.put(partial(self._finisher.end, run, failed))
        except Exception:
            log.exception("variant %s of %s failed", letter, job.request_id)
            self._once_more(run, job, unexpected(letter).message, priority)
        else:
            self._complete(run, job, rendered, partial(self._redraw, run, priority))

    def _complete(
        self, run: Run, job: Job, rendered: Rendered, redraw: Callable[[Job], None] | None
    ) -> None:
        """Hands a picture over, as soon as there is room for one more."""
        while not self._room.acquire(timeout=1.0):
            self._lane.touch()

        def complete() -> None:
            try:
                with bound_contextvars(request=run.request.id):
                    self._finisher.complete(run, job, rendered, redraw)
            finally:
                self._room.release()

        self._after.put(complete)

    def _redraw(self, run: Run, priority: Priority, job: Job) -> None:
        """A withheld picture once more with another seed; what comes of it is final."""

        def draw() -> None:
            try:
                rendered = self._rendered(run, [job])[0]
            except Cancelled:
                self._after.put(partial(self._finisher.end, run, Stopped(letter=job.letter)))
            except DeviceLost as error:
                self._lose_device(run, job, error)
            except Exception as error:
                log.exception("variant %s of %s failed", job.letter, job.request_id)
                failed = (
                    Failed(letter=job.letter, message=error.message)
                    if isinstance(error, StudioError)
                    else unexpected(job.letter)
                )
                self._after.put(partial(self._finisher.end, run, failed))
            else:
                self._complete(run, job, rendered, None)

        self._lane.put(draw, priority)

    def _once_more(self, run: Run, job: Job, error: Message, priority: Priority) -> None:
        """What may pass is tried again where an account is kept of that; else it has failed."""

        def requeue(job: Job) -> None:
            run.requeue(job.letter)
            self._lane.put(partial(self._work, run, [job], priority), priority)

        self._after.put(partial(self._finisher.again, run, job, error, requeue))

    def _lose_device(self, run: Run, job: Job, error: DeviceLost) -> None:
        """The job goes back to the queue, and nothing more is rendered here."""
        log.critical("the device is lost: %s", error)
        self._device_lost = error
        self._after.put(
            partial(
                self._finisher.again, run, job, error.message, lambda job: run.requeue(job.letter)
            )
        )

    def _refuse(self, run: Run, jobs: Sequence[Job]) -> None:
        """After the device was lost: clients' jobs stay queued for another process, trial runs fail."""
        if run.ledger.is_kept or self._device_lost is None:
            return
        for job in jobs:
            if run.take(job.letter):
                run.tell(Failed(letter=job.letter, message=self._device_lost.message))

    def _rendered(self, run: Run, jobs: Sequence[Job]) -> tuple[Rendered, ...]:
        base, doodle = self._pictures(jobs[0], run.ledger.is_kept)
        watches = [watch(run, job.letter, self._lane.touch) for job in jobs]
        return self._renderer().render_together(jobs, base, doodle, watches)

    def _renderer(self) -> Renderer:
        if self._engine is None:
            self._engine = self._build_engine()
        return self._engine

    def _pictures(self, job: Job, forever: bool) -> tuple[Image.Image, Image.Image | None]:
        doodle = None if job.doodle is None else _picture(job.doodle.png)
        read = partial(self._bases.png, job.base_image)
        return _picture(self._retry("read", read, forever, self._lane.touch)), doodle


def _answer(answer: "Future[bytes]", act: Callable[[], bytes]) -> None:
    """Whoever waits for the answer gets the error."""
    try:
        answer.set_result(act())
    except BaseException as error:
        answer.set_exception(error)


def _picture(png: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(png), formats=["PNG"])
    picture.load()
    return picture
