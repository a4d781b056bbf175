"""Where a job reports to while it is rendered, and whether it may go on."""

from PIL import Image

from studio.engine.results import RenderListener
from studio.errors import StorageUnavailableError
from studio.imaging.png_io import encode_png
from studio.recipes.generation.events import ModelLoading, PreviewReady, StepCompleted
from studio.recipes.generation.job import OPERATOR_CLIENT, GenerationRequest
from studio.recipes.themes.preset import Slot
from studio.services.rendering.render_queue import RenderTask
from studio.services.rendering.run import Run


def is_over(run: Run, slot: Slot) -> bool:
    """Whether the job may stop; while the store is away nobody knows, and it goes on."""
    try:
        return run.should_stop(slot)
    except StorageUnavailableError:
        return run.cancelled


def watch(run: Run, slot: Slot, touch: RenderTask) -> RenderListener:
    """Tells the run what an engine reports, and `touch` that there is progress."""

    def tell(event: ModelLoading | StepCompleted | PreviewReady) -> None:
        touch()
        run.publish(event)

    def preview(image: Image.Image) -> None:
        if shows_previews(run.request):
            tell(PreviewReady(slot=slot, png=encode_png(image)))

    return RenderListener(
        on_loading=lambda model: tell(ModelLoading(slot=slot, model=model)),
        on_step=lambda done, total: tell(StepCompleted(slot=slot, done=done, total=total)),
        on_preview=preview,
        should_cancel=lambda: is_over(run, slot),
    )


def shows_previews(request: GenerationRequest) -> bool:
    """Whether previews may leave the engine: operators see them; clients only where the theme does not
    have its pictures judged, since a preview shows what may be withheld in the end."""
    return request.client == OPERATOR_CLIENT or not request.preset.safety.check_outputs
