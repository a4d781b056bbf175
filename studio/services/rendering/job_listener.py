"""Listeners of running jobs: they turn the engine's callbacks into events and carry
cancellation."""

from PIL import Image

from studio.engine.results import RenderListener
from studio.errors import StorageUnavailableError
from studio.imaging.png_io import encode_png
from studio.recipes.generation.events import ModelLoading, PreviewReady, StepCompleted
from studio.recipes.generation.job import OPERATOR_CLIENT, GenerationRequest
from studio.recipes.themes.preset import Slot
from studio.services.rendering.render_queue import RenderTask
from studio.services.rendering.run import Run


def should_cancel(run: Run, slot: Slot) -> bool:
    """Whether the job must stop. While the store is away only a cancellation in this process
    counts."""
    try:
        return run.should_stop(slot)
    except StorageUnavailableError:
        return run.cancelled


def make_listener(run: Run, slot: Slot, on_progress: RenderTask) -> RenderListener:
    """A listener that publishes a job's progress as events of the run.

    `on_progress` is called with each, so that the job does not count as stalled.
    """

    def publish(event: ModelLoading | StepCompleted | PreviewReady) -> None:
        on_progress()
        run.publish(event)

    def publish_preview(image: Image.Image) -> None:
        if may_show_previews(run.request):
            publish(PreviewReady(slot=slot, png=encode_png(image)))

    return RenderListener(
        on_loading=lambda model: publish(ModelLoading(slot=slot, model=model)),
        on_step=lambda done, total: publish(StepCompleted(slot=slot, done=done, total=total)),
        on_preview=publish_preview,
        should_cancel=lambda: should_cancel(run, slot),
    )


def may_show_previews(request: GenerationRequest) -> bool:
    """Whether previews may leave the engine: to operators always, to clients only where the theme
    does not moderate its outputs, since a preview shows what may be withheld in the end."""
    return request.client == OPERATOR_CLIENT or not request.preset.safety.check_outputs
