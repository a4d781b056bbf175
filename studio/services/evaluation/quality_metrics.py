"""How the four pictures of one run are: like the doodle, unlike one another."""

from collections.abc import Sequence

from studio.imaging.color_metrics import diversity, median_color_error, median_or_none
from studio.imaging.png_io import decode_png
from studio.messages import message
from studio.recipes.evaluation.reports import QualityMetrics
from studio.recipes.generation.job import GenerationRequest


def compute_metrics(request: GenerationRequest, images: Sequence[bytes]) -> QualityMetrics:
    """The looks of one request's finished pictures, as PNG; there are no other seeds to compare."""
    shown = [decode_png(png, message("image.finished")) for png in images]
    doodle = (
        None
        if request.doodle is None
        else decode_png(request.doodle.png_bytes, message("image.doodle"))
    )
    alike = [] if doodle is None else [median_color_error(doodle, image) for image in shown]
    return QualityMetrics(
        color_error=median_or_none(alike), diversity=diversity(shown), seed_diversity=None
    )
