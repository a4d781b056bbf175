"""Renders requests: four jobs through the lane, their events to whoever asked."""

import hashlib
import io
import logging
import queue
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Protocol

from PIL import Image

from studio.engine.rendered import Rendered
from studio.errors import Cancelled, StudioError
from studio.imaging.limits import encode_png
from studio.imaging.metadata import png_with_metadata
from studio.recipes.events import (
    FINAL,
    Done,
    Event,
    Failed,
    Preview,
    Queued,
    Started,
    Step,
    Stopped,
)
from studio.recipes.planning import plan
from studio.recipes.preset import Letter
from studio.recipes.request import Job, Request, Variant
from studio.service.lane import Lane
from studio.store.base_images import BaseImageStore
from studio.store.variants import VariantStore

log = logging.getLogger(__name__)


class Renderer(Protocol):
    """What a lane needs of an engine."""

    def render(
        self,
        job: Job,
        base: Image.Image,
        doodle: Image.Image | None,
        on_step: Callable[[int, int], None],
        is_cancelled: Callable[[], bool],
        on_preview: Callable[[Image.Image], None],
    ) -> Rendered: ...


class Run:
    """One request on its way: its events as they happen, and a way to stop it."""

    def __init__(self, request: Request, jobs: tuple[Job, ...]) -> None:
        self.request = request
        self.jobs = jobs
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._waiting = [job.letter for job in jobs]
        for letter in self._waiting:
            self.tell(Queued(letter=letter))

    def events(self) -> Iterator[Event]:
        """Every event in order, ending when each of the four jobs has ended."""
        open_jobs = len(self.jobs)
        while open_jobs:
            event = self._events.get()
            open_jobs -= isinstance(event, FINAL)
            yield event

    def cancel(self) -> None:
        """Stops this run alone: its queued jobs at once, its running one within a step."""
        with self._lock:
            self._stop.set()
            for letter in self._waiting:
                self.tell(Stopped(letter=letter))
            self._waiting.clear()

    def claim(self, letter: Letter) -> bool:
        """Takes a job out of the queue to be worked on; False if it was stopped before."""
        with self._lock:
            if letter not in self._waiting:
                return False
            self._waiting.remove(letter)
        self.tell(Started(letter=letter))
        return True

    @property
    def cancelled(self) -> bool:
        return self._stop.is_set()

    def tell(self, event: Event) -> None:
        self._events.put(event)


class RenderService:
    """Takes requests and runs them through one lane. The engine is built when first needed."""

    def __init__(
        self,
        bases: BaseImageStore,
        variants: VariantStore,
        lane: Lane,
        engine: Callable[[], Renderer],
    ) -> None:
        self._bases = bases
        self._variants = variants
        self._lane = lane
        self._build_engine = engine
        self._engine: Renderer | None = None
        self._runs: dict[str, Run] = {}

    def start(self, request: Request) -> Run:
        """Queues the request's four jobs and returns at once."""
        run = Run(request, plan(request))
        self._runs[request.id] = run
        for job in run.jobs:
            self._lane.put(partial(self._work, run, job))
        self._lane.put(partial(self._runs.pop, request.id))
        return run

    def cancel(self, request_id: str) -> None:
        """Stops a run by its request's id; one that has ended or is unknown is left alone."""
        run = self._runs.get(request_id)
        if run is not None:
            run.cancel()

    def _work(self, run: Run, job: Job) -> None:
        """One job in the lane's thread; whatever happens, the run is told how it ended."""
        try:
            if run.claim(job.letter):
                run.tell(self._render(run, job))
        except Cancelled:
            run.tell(Stopped(letter=job.letter))
        except StudioError as error:
            log.warning("variant %s of %s failed: %s", job.letter, job.request_id, error)
            run.tell(Failed(letter=job.letter, message=str(error)))
        except Exception:
            log.exception("variant %s of %s failed", job.letter, job.request_id)
            run.tell(
                Failed(
                    letter=job.letter,
                    message=f"variant {job.letter} failed unexpectedly: the log has the details",
                )
            )

    def _render(self, run: Run, job: Job) -> Done:
        if self._engine is None:
            self._engine = self._build_engine()
        rendered = self._engine.render(
            job,
            _picture(self._bases.png(job.base_image)),
            None if job.doodle is None else _picture(job.doodle.png),
            lambda done, total: run.tell(Step(letter=job.letter, done=done, total=total)),
            lambda: run.cancelled,
            lambda picture: run.tell(Preview(letter=job.letter, png=encode_png(picture))),
        )
        variant, png = describe(run.request, job, rendered)
        self._variants.add(variant, png)
        return Done(letter=job.letter, variant=variant, png=png)


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
