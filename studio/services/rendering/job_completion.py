"""Completes rendered jobs: judges the picture, stores the variant, tells how the job ended."""

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

from PIL import Image

from studio.engine.results import RenderResult
from studio.errors import StorageUnavailableError, StudioError, shown
from studio.imaging.png_metadata import png_with_metadata
from studio.messages import Message, message
from studio.recipes.generation.events import JobCancelled, JobCompleted, JobFailed, ResultWithheld
from studio.recipes.generation.job import GenerationRequest, RenderJob, Variant
from studio.recipes.moderation import ImageModerationResult
from studio.recipes.themes.preset import Slot
from studio.services.metrics import Metrics
from studio.services.rendering.render_queue import RenderQueue
from studio.services.rendering.run import Run
from studio.services.store_retry import StoreRetry
from studio.store.variants import VariantStore

log = logging.getLogger(__name__)
T = TypeVar("T")
Judge = Callable[[GenerationRequest, Slot, Image.Image], ImageModerationResult]
End = JobCompleted | JobFailed | ResultWithheld | JobCancelled
AWAY = message("request.storage_stayed_away")
"""The end of a trial run whose store stayed away; where the store is, is for the log alone."""


@dataclass(frozen=True)
class Finisher:
    """Everything after rendering, in the thread of `lane`, so that neither a slow webhook nor a
    database that is away holds up the device. Writes are repeated while the store is away."""

    variants: VariantStore
    moderation: Judge
    metrics: Metrics
    retry: StoreRetry
    lane: RenderQueue

    def complete(
        self,
        run: Run,
        job: RenderJob,
        rendered: RenderResult,
        redraw: Callable[[RenderJob], None] | None,
    ) -> None:
        """Stores the picture, or withholds it. `redraw` renders a job with another seed, where the
        policy asks for that once. Whatever happens, the run is told how the job ended."""
        try:
            self._complete(run, job, rendered, redraw)
        except StudioError as error:
            if run.ledger.is_stored and isinstance(error, StorageUnavailableError):
                raise  # The process is closing: the job is still running in the table, and comes back.
            self.end(run, failed(job, error))
        except Exception:
            log.exception("variant %s of %s failed", job.slot, job.request_id)
            self.end(run, unexpected(job.slot))

    def _complete(
        self,
        run: Run,
        job: RenderJob,
        rendered: RenderResult,
        redraw: Callable[[RenderJob], None] | None,
    ) -> None:
        verdict = self._verdict(run, job, rendered)
        if (
            verdict.is_withheld
            and redraw is not None
            and run.request.preset.safety.regenerate_withheld
        ):
            redraw(job.model_copy(update={"seed": (job.seed + 1) % 2**32}))
            return
        if verdict.is_withheld:
            reason = verdict.reason
            log.warning("variant %s of %s is withheld: %s", job.slot, job.request_id, reason)
            self.end(run, ResultWithheld(slot=job.slot, reason=reason))
            return
        variant, png = describe(run.request, job, rendered)
        self._repeat("image", run, partial(self.variants.add, variant, png))
        self.metrics.variant_rendered(variant)
        self.end(run, JobCompleted(slot=job.slot, variant=variant, png=png))
        name, timings = request_name(run.request), variant.timings
        log.info(
            "variant %s of %s by %s in %.1f s, %.1f s of loading",
            *(job.slot, job.request_id, name, timings.render_seconds, timings.load_seconds),
        )

    def _verdict(self, run: Run, job: RenderJob, rendered: RenderResult) -> ImageModerationResult:
        if run.ledger.bypasses_moderation(job.slot):
            return ImageModerationResult()
        act = partial(self.moderation, run.request, job.slot, rendered.image)
        return self._repeat("judge", run, act)

    def end(self, run: Run, event: End) -> None:
        """Tells how a job ended once the ledger has recorded it, else what is recorded instead."""
        try:
            self._end(run, event)
        except StorageUnavailableError as error:
            if run.ledger.is_stored:
                raise  # As above.
            log.warning("the end of variant %s of %s: %s", event.slot, run.request.id, error)
            run.publish(JobFailed(slot=event.slot, message=AWAY))
        except Exception:
            log.exception("the end of variant %s of %s", event.slot, run.request.id)
            run.publish(unexpected(event.slot))

    def _end(self, run: Run, event: End) -> None:
        error = {"failed": "message", "withheld": "reason"}.get(event.kind, "")
        told = getattr(event, error) if error else None
        if self._record(run, partial(run.ledger.end, event.slot, event.kind, told)):
            run.publish(event)
        else:
            self.give_up(run, event.slot)

    def give_up(self, run: Run, slot: Slot) -> None:
        """Ends a job here that this run has no say in any more."""
        try:
            self._record(run, partial(run.abandon, slot))
        except StorageUnavailableError:
            raise  # As above.
        except Exception:
            log.exception("the end of variant %s of %s", slot, run.request.id)
            run.publish(unexpected(slot))

    def requeue(
        self, run: Run, job: RenderJob, error: Message, requeue: Callable[[RenderJob], None]
    ) -> None:
        """Tries a job again after an attempt that failed for no fault of its own, where the ledger
        allows it; else it has failed."""
        log.warning("variant %s of %s failed: %s", job.slot, job.request_id, error)
        try:
            is_queued = self._record(run, partial(run.ledger.release_for_retry, job.slot, error))
        except StorageUnavailableError:
            raise  # As above.
        except Exception:
            log.exception("variant %s of %s could not be queued again", job.slot, job.request_id)
            is_queued = False
        if is_queued:
            requeue(job)
        else:
            self.end(run, JobFailed(slot=job.slot, message=error))

    def _record(self, run: Run, act: Callable[[], T]) -> T:
        """What the ledger is told; that of a trial run has no store."""
        return self._repeat("ledger", run, act) if run.ledger.is_stored else act()

    def _repeat(self, kind: str, run: Run, act: Callable[[], T]) -> T:
        return self.retry(kind, act, run.ledger.is_stored, self.lane.touch)


def unexpected(slot: Slot) -> JobFailed:
    """The end of a job by an error of ours; its text is for the log alone."""
    return JobFailed(slot=slot, message=message("request.variant_failed", slot=slot))


def failed(job: RenderJob, error: StudioError) -> JobFailed:
    """The end of a job by an error that says what to do; it is logged here."""
    log.warning("variant %s of %s failed: %s", job.slot, job.request_id, error)
    message = AWAY if isinstance(error, StorageUnavailableError) else shown(error)
    return JobFailed(slot=job.slot, message=message)


def request_name(request: GenerationRequest) -> str:
    """The preset version that is asked for, such as `spring v3`."""
    number = request.theme_version
    return f"{request.preset.slug} {f'v{number}' if number else 'unsaved'}"


def describe(
    request: GenerationRequest, job: RenderJob, rendered: RenderResult
) -> tuple[Variant, bytes]:
    """The variant's record, and its PNG carrying all of the record that repeats."""
    draft = Variant(
        request_id=request.id,
        slot=job.slot,
        recipe=job.recipe,
        prompt=job.prompt,
        negative_prompt=job.negative_prompt,
        seed=job.seed,
        base_image=job.base_image.id,
        theme_slug=request.preset.slug,
        theme_version=request.theme_version,
        doodle_sha256=job.doodle.sha256 if job.doodle else None,
        models=rendered.models,
        timings=rendered.timings,
        notes=rendered.notes,
        prompt_tokens=rendered.token_count,
        image_sha256="0" * 64,
        created_at=datetime.now(UTC),
    )
    of_this_run = {"request_id", "timings", "created_at", "image_sha256"}
    png = png_with_metadata(rendered.image, draft.model_dump_json(exclude=of_this_run))
    return draft.model_copy(update={"image_sha256": hashlib.sha256(png).hexdigest()}), png
