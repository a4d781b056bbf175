"""Renders requests: four jobs through the lane, their events to whoever asked."""

import hashlib
import io
import logging
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from functools import partial
from itertools import zip_longest
from typing import Protocol

from PIL import Image
from structlog.contextvars import bound_contextvars

from studio.engine.rendered import Rendered, Watch
from studio.engine.status import EngineStatus
from studio.errors import Cancelled, NoRoom, NotFound, StudioError
from studio.imaging.limits import encode_png
from studio.imaging.metadata import png_with_metadata
from studio.recipes.events import Done, Failed, Loading, Preview, Step, Stopped, Withheld
from studio.recipes.planning import batches, plan
from studio.recipes.preset import LETTERS, Letter
from studio.recipes.request import Job, Request, Variant
from studio.recipes.safety import PictureVerdict
from studio.service.lane import Lane, Priority
from studio.service.metrics import Metrics
from studio.service.runs import Ledger, Run
from studio.store.base_images import BaseImageStore
from studio.store.variants import VariantStore

log = logging.getLogger(__name__)
KEPT_RUNS = 12
"""Ended runs that can still be followed from their beginning."""


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


class _NotToBeShown(Exception):
    """A picture that a judge withholds."""


def let_pass(_: Request, __: Letter, ___: Image.Image) -> PictureVerdict:
    return PictureVerdict()


class RenderService:
    """Takes requests and runs them through one lane. The engine is built when first needed."""

    def __init__(
        self,
        bases: BaseImageStore,
        variants: VariantStore,
        lane: Lane,
        engine: Callable[[], Renderer],
        batch: bool = False,
        metrics: Metrics | None = None,
        judge: Callable[[Request, Letter, Image.Image], PictureVerdict] = let_pass,
    ) -> None:
        """`batch` draws jobs at once that differ in prompts and seed alone."""
        self._bases = bases
        self._variants = variants
        self._lane = lane
        self._build_engine = engine
        self._batch = batch
        self.metrics = metrics or Metrics()
        self._judge = judge
        self._engine: Renderer | None = None
        self._runs: dict[str, Run] = {}
        self._ended: deque[str] = deque()

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
        for together in batches(run.jobs) if self._batch else zip(run.jobs):
            self._lane.put(partial(self._work, run, together, priority), priority, turn)
        self._lane.put(partial(self._end, request.id), priority, turn)
        return run

    def run(self, request_id: str) -> Run:
        """A run by its request's id, while it lasts and for a while after.

        Raises NotFound when it is not known, or no longer.
        """
        run = self._runs.get(request_id)
        if run is None:
            raise NotFound(
                f"run {request_id[:8]} is not under way here: its finished variants are in the"
                " history"
            )
        return run

    def under_way(self) -> tuple[Run, ...]:
        """The runs that have jobs left, first come first."""
        return tuple(run for run in tuple(self._runs.values()) if run.open_letters)

    def engine_status(self) -> EngineStatus | None:
        """What the engine holds; None while there was nothing to render."""
        return None if self._engine is None else self._engine.status()

    def _end(self, request_id: str) -> None:
        """In the lane, after a run's last job: the oldest ended run is forgotten."""
        self._ended.append(request_id)
        if len(self._ended) > KEPT_RUNS:
            self._runs.pop(self._ended.popleft(), None)

    def glimpse(self, job: Job, priority: Priority = Priority.OPERATOR) -> bytes:
        """One job's picture as PNG, after what the lane has begun; kept nowhere.

        Raises what rendering raises.
        """
        answer: Future[bytes] = Future()
        self._lane.put(partial(_answer, answer, lambda: self._looked(job)), priority)
        return answer.result()

    def _looked(self, job: Job) -> bytes:
        base, doodle = self._pictures(job)
        watches = [Watch()]
        return encode_png(self._renderer().render_together([job], base, doodle, watches)[0].picture)

    def cancel(self, request_id: str) -> None:
        """Stops a run by its request's id; one that has ended or is unknown is left alone."""
        run = self._runs.get(request_id)
        if run is not None:
            run.cancel()

    def close(self) -> None:
        """Lets what is queued finish, then ends the lane's thread."""
        self._lane.close()

    def _work(self, run: Run, jobs: Sequence[Job], priority: Priority) -> None:
        """Jobs in the lane's thread; whatever happens, the run is told how each ended."""
        open_jobs = [job for job in jobs if run.claim(job.letter)]
        together = self._batched(run, open_jobs) if len(open_jobs) > 1 else ()
        for job, rendered in zip_longest(open_jobs, together):
            with self.metrics.busy.track_inprogress(), bound_contextvars(request=run.request.id):
                self._finish(run, job, rendered, priority)

    def _batched(self, run: Run, jobs: Sequence[Job]) -> Sequence[Rendered]:
        """The pictures of one batch, or none: then one by one tells which job is to blame."""
        try:
            return self._rendered(run, jobs)
        except Exception as error:
            log.warning("a batch of %s was not drawn: %s", run.request.id, error)
            return ()

    def _finish(self, run: Run, job: Job, rendered: Rendered | None, priority: Priority) -> None:
        """Renders the job if that is still to do, keeps its variant, tells how it ended."""
        letter = job.letter
        try:
            if run.is_over(letter) and rendered is None:
                raise Cancelled(f"variant {letter} was stopped")
            job, rendered = self._fit_to_show(run, job, rendered or self._rendered(run, [job])[0])
            variant, png = describe(run.request, job, rendered)
            self._variants.add(variant, png)
            self.metrics.drawn(variant)
            self._tell_end(run, Done(letter=letter, variant=variant, png=png))
            log.info(
                "variant %s of %s by %s in %.1f s, %.1f s of loading", letter,
                job.request_id, request_name(run.request), variant.timings.render, variant.timings.load,
            )  # fmt: skip
        except Cancelled:
            self._tell_end(run, Stopped(letter=letter))
        except _NotToBeShown as withheld:
            log.warning("variant %s of %s is withheld: %s", letter, job.request_id, withheld)
            self._tell_end(run, Withheld(letter=letter, reason=str(withheld)))
        except NoRoom as error:
            self._once_more(run, job, str(error), priority)
        except StudioError as error:
            log.warning("variant %s of %s failed: %s", letter, job.request_id, error)
            self._tell_end(run, Failed(letter=letter, message=str(error)))
        except Exception:
            log.exception("variant %s of %s failed", letter, job.request_id)
            told = f"variant {letter} failed unexpectedly: the log has the details"
            self._once_more(run, job, told, priority)

    def _fit_to_show(self, run: Run, job: Job, rendered: Rendered) -> tuple[Job, Rendered]:
        """What may be shown of a job: its picture, or where the theme says so a second one of another
        seed. Raises _NotToBeShown."""
        if run.ledger.is_cleared(job.letter):
            return job, rendered
        verdict = self._judge(run.request, job.letter, rendered.picture)
        if verdict.withheld and run.request.preset.safety.refill:
            job = job.model_copy(update={"seed": (job.seed + 1) % 2**32})
            rendered = self._rendered(run, [job])[0]
            verdict = self._judge(run.request, job.letter, rendered.picture)
        if verdict.withheld:
            raise _NotToBeShown(verdict.reason)
        return job, rendered

    def _once_more(self, run: Run, job: Job, error: str, priority: Priority) -> None:
        """What may pass is tried again where an account is kept of that; else it has failed."""
        log.warning("variant %s of %s failed: %s", job.letter, job.request_id, error)
        if run.ledger.again(job.letter, error):
            run.requeue(job.letter)
            self._lane.put(partial(self._work, run, [job], priority), priority)
        else:
            self._tell_end(run, Failed(letter=job.letter, message=error))

    def _tell_end(self, run: Run, event: Done | Failed | Withheld | Stopped) -> None:
        """Tells how a job ended, once the ledger has taken that down; else what it has instead."""
        error = {"failed": "message", "withheld": "reason"}.get(event.kind, "")
        told = getattr(event, error) if error else ""
        if run.ledger.end(event.letter, event.kind, told):
            run.tell(event)
        else:
            run.give_up(event.letter)

    def _rendered(self, run: Run, jobs: Sequence[Job]) -> tuple[Rendered, ...]:
        base, doodle = self._pictures(jobs[0])
        watches = [_watch(run, job.letter) for job in jobs]
        return self._renderer().render_together(jobs, base, doodle, watches)

    def _renderer(self) -> Renderer:
        if self._engine is None:
            self._engine = self._build_engine()
        return self._engine

    def _pictures(self, job: Job) -> tuple[Image.Image, Image.Image | None]:
        doodle = None if job.doodle is None else _picture(job.doodle.png)
        return _picture(self._bases.png(job.base_image)), doodle


def _answer(answer: "Future[bytes]", act: Callable[[], bytes]) -> None:
    """A lane's task may not raise: whoever waits for the answer gets the error."""
    try:
        answer.set_result(act())
    except Exception as error:
        answer.set_exception(error)


def _watch(run: Run, letter: Letter) -> Watch:
    """Tells the run what an engine reports."""
    return Watch(
        on_loading=lambda model: run.tell(Loading(letter=letter, model=model)),
        on_step=lambda done, total: run.tell(Step(letter=letter, done=done, total=total)),
        on_preview=lambda picture: run.tell(Preview(letter=letter, png=encode_png(picture))),
        is_cancelled=lambda: run.is_over(letter),
    )


def request_name(request: Request) -> str:
    """The preset version that is asked for, such as `spring v3`."""
    number = request.preset_version
    return f"{request.preset.slug} {f'v{number}' if number else 'unsaved'}"


def describe(request: Request, job: Job, rendered: Rendered) -> tuple[Variant, bytes]:
    """The variant's record, and its PNG carrying all of the record that repeats."""
    draft = Variant(
        request_id=request.id,
        letter=job.letter,
        recipe=job.recipe,
        prompt=job.prompt,
        negative_prompt=job.negative_prompt,
        seed=job.seed,
        base_image=job.base_image.id,
        preset=request.preset.slug,
        preset_version=request.preset_version,
        doodle_sha256=job.doodle.sha256 if job.doodle else None,
        models=rendered.models,
        timings=rendered.timings,
        notes=rendered.notes,
        tokens=rendered.tokens,
        picture_sha256="0" * 64,
        created=datetime.now(UTC),
    )
    of_this_run = {"request_id", "timings", "created", "picture_sha256"}
    png = png_with_metadata(rendered.picture, draft.model_dump_json(exclude=of_this_run))
    return draft.model_copy(update={"picture_sha256": hashlib.sha256(png).hexdigest()}), png


def _picture(png: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(png), formats=["PNG"])
    picture.load()
    return picture
