"""How the four pictures of one run are: like the doodle, unlike one another."""

from collections.abc import Sequence

from studio.imaging.likeness import diversity, likeness, middle
from studio.imaging.limits import open_png
from studio.messages import message
from studio.recipes.reports import Looks
from studio.recipes.request import Request


def run_looks(request: Request, pictures: Sequence[bytes]) -> Looks:
    """The looks of one request's finished pictures, as PNG; there are no other seeds to compare."""
    shown = [open_png(png, message("image.finished")) for png in pictures]
    doodle = (
        None if request.doodle is None else open_png(request.doodle.png, message("image.doodle"))
    )
    alike = [] if doodle is None else [likeness(doodle, picture) for picture in shown]
    return Looks(likeness=middle(alike), diversity=diversity(shown), of_seeds=None)
