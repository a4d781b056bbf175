"""Completes rendered jobs: output moderation, storing the variant, recording and publishing the
end."""

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

from PIL import Image

from studio.engine.results import RenderResult
from studio.errors import StorageUnavailableError, StudioError, public_message
from studio.imaging.png_metadata import png_with_metadata
from studio.messages import Message, message
from studio.recipes.generation.events import JobCancelled, JobCompleted, JobFailed, ResultWithheld
from studio.recipes.generation.job import GenerationRequest, RenderJob, Variant
from studio.recipes.moderation import ImageModerationResult
from studio.recipes.themes.preset import Slot
from studio.services.metrics import Metrics
from studio.services.rendering.finisher import Finisher, FinishTask, job_key
from studio.services.rendering.run import Run
from studio.services.store_retry import StoreRetry
from studio.store.variants import VariantStore

log = logging.getLogger(__name__)
T = TypeVar("T")
OutputModerator = Callable[[GenerationRequest, Slot, Image.Image], ImageModerationResult]
TerminalEvent = JobCompleted | JobFailed | ResultWithheld | JobCancelled
STORE_AWAY = message("request.storage_still_unavailable")
"""The error of a test run whose store stayed away; the store's address is for the log alone."""


@dataclass(frozen=True)
class JobCompleter:
    """Everything after rendering, in the threads of `finisher`.

    Neither a slow moderation webhook nor a database that is away holds up the device. Writes are
    repeated while the store is away; when this process closes meanwhile, StorageUnavailableError
    passes through: the job is still running in the job table and is requeued by another process.
    """

    variants: VariantStore
    moderate: OutputModerator
    metrics: Metrics
    retry: StoreRetry
    finisher: Finisher

    def submit(self, run: Run, slot: Slot, task: FinishTask) -> None:
        """Has the finisher run a task behind those of the same job; returns at once."""
        self.finisher.submit(job_key(run.request.id, slot), task)

    def complete(
        self,
        run: Run,
        job: RenderJob,
        result: RenderResult,
        rerender: Callable[[RenderJob], None] | None,
    ) -> None:
        """Stores the image or withholds it, and publishes how the job ended, whatever happens.

        `rerender` renders a withheld job once more with another seed, where the theme's policy
        asks for that; None after it was done.
        """
        try:
            self._complete(run, job, result, rerender)
        except StudioError as error:
            if run.tracker.is_stored and isinstance(error, StorageUnavailableError):
                raise
            self.end(run, failed_event(job, error))
        except Exception:
            log.exception("variant %s of %s failed", job.slot, job.request_id)
            self.end(run, unexpected_error_event(job.slot))

    def _complete(
        self,
        run: Run,
        job: RenderJob,
        result: RenderResult,
        rerender: Callable[[RenderJob], None] | None,
    ) -> None:
        decision = self._moderate(run, job, result)
        if decision.is_withheld:
            self._withhold(run, job, decision.reason, rerender)
            return
        variant, png = build_variant(run.request, job, result)
        doodle = job.doodle.png_bytes if job.doodle else None
        self._retry("image", run, partial(self.variants.add, variant, png, doodle))
        self.metrics.variant_rendered(variant)
        self.end(run, JobCompleted(slot=job.slot, variant=variant, png=png))
        timings = variant.timings
        log.info(
            "variant %s of %s by %s in %.1f s, %.1f s of loading",
            job.slot,
            job.request_id,
            theme_label(run.request),
            timings.render_seconds,
            timings.load_seconds,
        )

    def _withhold(
        self,
        run: Run,
        job: RenderJob,
        reason: Message | None,
        rerender: Callable[[RenderJob], None] | None,
    ) -> None:
        if rerender is not None and run.request.preset.safety.regenerate_withheld:
            rerender(job.model_copy(update={"seed": (job.seed + 1) % 2**32}))
            return
        log.warning("variant %s of %s is withheld: %s", job.slot, job.request_id, reason)
        self.end(run, ResultWithheld(slot=job.slot, reason=reason))

    def _moderate(self, run: Run, job: RenderJob, result: RenderResult) -> ImageModerationResult:
        if run.tracker.bypasses_moderation(job.slot):
            return ImageModerationResult()
        moderate = partial(self.moderate, run.request, job.slot, result.image)
        return self._retry("moderation", run, moderate)

    def end(self, run: Run, event: TerminalEvent) -> None:
        """Records how a job ended, then publishes it; where the tracker refuses, because the
        attempt is not the current one, publishes the recorded state instead."""
        try:
            self._end(run, event)
        except StorageUnavailableError as error:
            if run.tracker.is_stored:
                raise
            log.warning("the end of variant %s of %s: %s", event.slot, run.request.id, error)
            run.publish(JobFailed(slot=event.slot, message=STORE_AWAY))
        except Exception:
            log.exception("the end of variant %s of %s", event.slot, run.request.id)
            run.publish(unexpected_error_event(event.slot))

    def _end(self, run: Run, event: TerminalEvent) -> None:
        error = _error_of(event)
        if self._record(run, partial(run.tracker.end, event.slot, event.kind, error)):
            run.publish(event)
        else:
            self.abandon(run, event.slot)

    def abandon(self, run: Run, slot: Slot) -> None:
        """Ends a job here that this run does not own any more."""
        try:
            self._record(run, partial(run.abandon, slot))
        except StorageUnavailableError:
            raise
        except Exception:
            log.exception("the end of variant %s of %s", slot, run.request.id)
            run.publish(unexpected_error_event(slot))

    def requeue(
        self, run: Run, job: RenderJob, error: Message, requeue: Callable[[RenderJob], None]
    ) -> None:
        """Retries a job after an attempt that failed through no fault of its own, where the tracker
        allows another attempt; otherwise the job has failed."""
        log.warning("variant %s of %s failed: %s", job.slot, job.request_id, error)
        try:
            is_queued = self._record(run, partial(run.tracker.release_for_retry, job.slot, error))
        except StorageUnavailableError:
            raise
        except Exception:
            log.exception("variant %s of %s could not be queued again", job.slot, job.request_id)
            is_queued = False
        if is_queued:
            requeue(job)
        else:
            self.end(run, JobFailed(slot=job.slot, message=error))

    def _record(self, run: Run, action: Callable[[], T]) -> T:
        """Calls the tracker, again and again while the store is away."""
        return self._retry("job state", run, action) if run.tracker.is_stored else action()

    def _retry(self, kind: str, run: Run, action: Callable[[], T]) -> T:
        return self.retry(kind, action, run.tracker.is_stored, self.finisher.touch)


def _error_of(event: TerminalEvent) -> Message | None:
    """What the job table records as the reason why there is no image."""
    if isinstance(event, JobFailed):
        return event.message
    return event.reason if isinstance(event, ResultWithheld) else None


def unexpected_error_event(slot: Slot) -> JobFailed:
    """The end of a job by a bug; its text is for the log alone."""
    return JobFailed(slot=slot, message=message("request.variant_failed", slot=slot))


def failed_event(job: RenderJob, error: StudioError) -> JobFailed:
    """The end of a job by an error with a hint for the user; it is logged here."""
    log.warning("variant %s of %s failed: %s", job.slot, job.request_id, error)
    text = STORE_AWAY if isinstance(error, StorageUnavailableError) else public_message(error)
    return JobFailed(slot=job.slot, message=text)


def theme_label(request: GenerationRequest) -> str:
    """The requested theme version for logs, such as `spring v3`."""
    number = request.theme_version
    return f"{request.preset.slug} {f'v{number}' if number else 'unsaved'}"


def build_variant(
    request: GenerationRequest, job: RenderJob, result: RenderResult
) -> tuple[Variant, bytes]:
    """The variant's record, and its PNG with the part of the record that every rendering repeats.

    Request id, times, the prompt's parts and the image's own hash are not in the PNG, so that the same
    job gives the same bytes.
    """
    draft = Variant(
        request_id=request.id,
        slot=job.slot,
        recipe=job.recipe,
        prompt=job.prompt,
        negative_prompt=job.negative_prompt,
        seed=job.seed,
        base_image=job.base_image.id,
        zones=job.base_image.zones if job.recipe.mask.area != "off" else None,
        theme_slug=request.preset.slug,
        theme_version=request.theme_version,
        doodle_sha256=job.doodle.sha256 if job.doodle else None,
        models=result.models,
        timings=result.timings,
        notes=result.notes,
        prompt_tokens=result.token_count,
        user_prompt=request.user_prompt,
        theme_prompt=request.preset.theme_prompt,
        drift=result.finished.drift,
        drift_before=result.finished.drift_before,
        image_sha256="0" * 64,
        created_at=datetime.now(UTC),
    )
    of_this_run = {
        *("request_id", "timings", "created_at", "image_sha256"),
        *("user_prompt", "theme_prompt"),
    }
    png = png_with_metadata(result.image, draft.model_dump_json(exclude=of_this_run))
    return draft.model_copy(update={"image_sha256": hashlib.sha256(png).hexdigest()}), png
