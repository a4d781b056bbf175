"""Listeners of running jobs: they turn the engine's callbacks into events and carry
cancellation."""

import time
from collections.abc import Callable

from PIL import Image

from studio.engine.results import RenderListener
from studio.imaging.png_io import encode_png
from studio.recipes.generation.events import ModelLoading, PreviewReady, StepCompleted
from studio.recipes.generation.job import OPERATOR_CLIENT, GenerationRequest
from studio.recipes.themes.preset import Slot
from studio.services.rendering.finisher import Finisher, job_key
from studio.services.rendering.render_queue import RenderTask
from studio.services.rendering.run import Run

PREVIEW_INTERVAL_SECONDS = 0.3
"""Shortest time between two previews of a job."""


class PreviewPublisher:
    """Publishes latent previews of one job: only while somebody listens, and not too often."""

    def __init__(
        self, run: Run, slot: Slot, finisher: Finisher, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`finisher` encodes the previews; `clock` gives monotonic seconds."""
        self._run, self._slot = run, slot
        self._finisher, self._clock = finisher, clock
        self._may_show = may_show_previews(run.request)
        self._shown_at: float | None = None
        self._is_encoding = False

    def is_wanted(self) -> bool:
        """Whether a preview of this step would be shown; asked before one is made."""
        if not self._may_show or self._is_encoding or not self._run.has_listeners:
            return False
        shown_at = self._shown_at
        return shown_at is None or self._clock() - shown_at >= PREVIEW_INTERVAL_SECONDS

    def publish(self, image: Image.Image) -> None:
        """Has the preview encoded and published by the finisher, before the end of its job."""
        if not self.is_wanted():
            return
        self._shown_at, self._is_encoding = self._clock(), True

        def encode() -> None:
            try:
                self._run.publish(PreviewReady(slot=self._slot, png=encode_png(image)))
            finally:
                self._is_encoding = False

        self._finisher.submit(job_key(self._run.request.id, self._slot), encode)


def make_listener(
    run: Run, slot: Slot, on_progress: RenderTask, previews: PreviewPublisher
) -> RenderListener:
    """A listener that publishes a job's progress as events of the run.

    `on_progress` is called with each, so that the job does not count as stalled.
    """

    def publish(event: ModelLoading | StepCompleted) -> None:
        on_progress()
        run.publish(event)

    return RenderListener(
        on_loading=lambda model: publish(ModelLoading(slot=slot, model=model)),
        on_step=lambda done, total: publish(StepCompleted(slot=slot, done=done, total=total)),
        on_preview=previews.publish,
        wants_preview=previews.is_wanted,
        should_cancel=lambda: run.should_stop(slot),
    )


def may_show_previews(request: GenerationRequest) -> bool:
    """Whether previews may leave the engine: to operators always, to clients only where the theme
    does not moderate its outputs, since a preview shows what may be withheld in the end."""
    return request.client == OPERATOR_CLIENT or not request.preset.safety.check_outputs
