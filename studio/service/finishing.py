"""Completes rendered jobs: judges the picture, stores the variant, tells how the job ended."""

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

from PIL import Image

from studio.engine.rendered import Rendered
from studio.errors import StoreUnavailable, StudioError
from studio.imaging.metadata import png_with_metadata
from studio.messages import Message, message
from studio.recipes.events import Done, Failed, Stopped, Withheld
from studio.recipes.preset import Letter
from studio.recipes.request import Job, Request, Variant
from studio.recipes.safety import PictureVerdict
from studio.service.lane import Lane
from studio.service.metrics import Metrics
from studio.service.retrying import StoreRetry
from studio.service.runs import Run
from studio.store.variants import VariantStore

log = logging.getLogger(__name__)
T = TypeVar("T")
Judge = Callable[[Request, Letter, Image.Image], PictureVerdict]
End = Done | Failed | Withheld | Stopped


@dataclass(frozen=True)
class Finisher:
    """Everything after rendering, in the thread of `lane`, so that neither a slow webhook nor a
    database that is away holds up the device. Writes are repeated while the store is away."""

    variants: VariantStore
    judge: Judge
    metrics: Metrics
    retry: StoreRetry
    lane: Lane

    def complete(
        self, run: Run, job: Job, rendered: Rendered, redraw: Callable[[Job], None] | None
    ) -> None:
        """Stores the picture, or withholds it. `redraw` renders a job with another seed, where the
        policy asks for that once. Whatever happens, the run is told how the job ended."""
        try:
            self._complete(run, job, rendered, redraw)
        except StudioError as error:
            if run.ledger.is_kept and isinstance(error, StoreUnavailable):
                raise  # The process is closing: the job is still running in the table, and comes back.
            self.end(run, _failed(job, error))
        except Exception:
            log.exception("variant %s of %s failed", job.letter, job.request_id)
            self.end(run, unexpected(job.letter))

    def _complete(
        self, run: Run, job: Job, rendered: Rendered, redraw: Callable[[Job], None] | None
    ) -> None:
        verdict = self._verdict(run, job, rendered)
        if verdict.withheld and redraw is not None and run.request.preset.safety.refill:
            redraw(job.model_copy(update={"seed": (job.seed + 1) % 2**32}))
            return
        if verdict.withheld:
            reason = verdict.reason
            log.warning("variant %s of %s is withheld: %s", job.letter, job.request_id, reason)
            self.end(run, Withheld(letter=job.letter, reason=reason))
            return
        variant, png = describe(run.request, job, rendered)
        self._repeat("picture", run, partial(self.variants.add, variant, png))
        self.metrics.drawn(variant)
        self.end(run, Done(letter=job.letter, variant=variant, png=png))
        name, timings = request_name(run.request), variant.timings
        log.info(
            "variant %s of %s by %s in %.1f s, %.1f s of loading",
            *(job.letter, job.request_id, name, timings.render, timings.load),
        )

    def _verdict(self, run: Run, job: Job, rendered: Rendered) -> PictureVerdict:
        if run.ledger.is_cleared(job.letter):
            return PictureVerdict()
        act = partial(self.judge, run.request, job.letter, rendered.picture)
        return self._repeat("judge", run, act)

    def end(self, run: Run, event: End) -> None:
        """Tells how a job ended once the ledger has recorded it, else what is recorded instead."""
        try:
            self._end(run, event)
        except StoreUnavailable as error:
            if run.ledger.is_kept:
                raise  # As above.
            run.tell(Failed(letter=event.letter, message=error.message))
        except Exception:
            log.exception("the end of variant %s of %s", event.letter, run.request.id)
            run.tell(unexpected(event.letter))

    def _end(self, run: Run, event: End) -> None:
        error = {"failed": "message", "withheld": "reason"}.get(event.kind, "")
        told = getattr(event, error) if error else None
        if self._record(run, partial(run.ledger.end, event.letter, event.kind, told)):
            run.tell(event)
        else:
            self.give_up(run, event.letter)

    def give_up(self, run: Run, letter: Letter) -> None:
        """Ends a job here that this run has no say in any more."""
        try:
            self._record(run, partial(run.give_up, letter))
        except StoreUnavailable:
            raise  # As above.
        except Exception:
            log.exception("the end of variant %s of %s", letter, run.request.id)
            run.tell(unexpected(letter))

    def again(self, run: Run, job: Job, error: Message, requeue: Callable[[Job], None]) -> None:
        """Tries a job again after an attempt that failed for no fault of its own, where the ledger
        allows it; else it has failed."""
        log.warning("variant %s of %s failed: %s", job.letter, job.request_id, error)
        try:
            is_queued = self._record(run, partial(run.ledger.again, job.letter, error))
        except StoreUnavailable:
            raise  # As above.
        except Exception:
            log.exception("variant %s of %s could not be queued again", job.letter, job.request_id)
            is_queued = False
        if is_queued:
            requeue(job)
        else:
            self.end(run, Failed(letter=job.letter, message=error))

    def _record(self, run: Run, act: Callable[[], T]) -> T:
        """What the ledger is told; that of a trial run has no store."""
        return self._repeat("ledger", run, act) if run.ledger.is_kept else act()

    def _repeat(self, kind: str, run: Run, act: Callable[[], T]) -> T:
        return self.retry(kind, act, run.ledger.is_kept, self.lane.touch)


def unexpected(letter: Letter) -> Failed:
    """The end of a job by an error of ours; its text is for the log alone."""
    return Failed(letter=letter, message=message("request.variant_failed", slot=letter))


def _failed(job: Job, error: StudioError) -> Failed:
    log.warning("variant %s of %s failed: %s", job.letter, job.request_id, error)
    return Failed(letter=job.letter, message=error.message)


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
