"""Where a job reports to while it is rendered, and whether it may go on."""

from PIL import Image

from studio.engine.rendered import Watch
from studio.errors import StoreUnavailable
from studio.imaging.limits import encode_png
from studio.recipes.events import Loading, Preview, Step
from studio.recipes.preset import Letter
from studio.recipes.request import OPERATOR, Request
from studio.service.lane import Task
from studio.service.runs import Run


def is_over(run: Run, letter: Letter) -> bool:
    """Whether the job may stop; while the store is away nobody knows, and it goes on."""
    try:
        return run.is_over(letter)
    except StoreUnavailable:
        return run.cancelled


def watch(run: Run, letter: Letter, touch: Task) -> Watch:
    """Tells the run what an engine reports, and `touch` that there is progress."""

    def tell(event: Loading | Step | Preview) -> None:
        touch()
        run.tell(event)

    def preview(picture: Image.Image) -> None:
        if shows_previews(run.request):
            tell(Preview(letter=letter, png=encode_png(picture)))

    return Watch(
        on_loading=lambda model: tell(Loading(letter=letter, model=model)),
        on_step=lambda done, total: tell(Step(letter=letter, done=done, total=total)),
        on_preview=preview,
        is_cancelled=lambda: is_over(run, letter),
    )


def shows_previews(request: Request) -> bool:
    """Whether previews may leave the engine: operators see them; clients only where the theme does not
    have its pictures judged, since a preview shows what may be withheld in the end."""
    return request.client == OPERATOR or not request.preset.safety.pictures
