"""Quality metrics of rendered images: color error against the doodle, diversity (CIEDE2000), drift.

One aggregation for all that shows them: a run on the studio page, a regression report, a tuning
trial.
"""

from collections.abc import Iterable, Sequence
from statistics import mean, median

from PIL import Image

from studio.imaging.color_metrics import diversity, median_color_error
from studio.imaging.drift import measure_drift, outside_area
from studio.imaging.masks import job_mask
from studio.imaging.png_io import decode_png
from studio.messages import message
from studio.recipes.evaluation.reports import QualityMetrics
from studio.recipes.generation.drift import Drift
from studio.recipes.generation.job import RenderJob


def compute_quality_metrics(
    color_errors: Iterable[float | None],
    diversities: Iterable[float],
    seed_diversities: Iterable[float] = (),
) -> QualityMetrics:
    """The metrics of a set of images.

    Args:
        color_errors: each image's color error against its doodle, None for a doodle without
            regions; the median of those that are known counts.
        diversities: differences between images that should differ; their mean counts.
        seed_diversities: differences between images of one recipe with several seeds, if there are
            any.
    """
    known = [error for error in color_errors if error is not None]
    of_seeds = list(seed_diversities)
    return QualityMetrics(
        color_error=median(known) if known else None,
        diversity=mean(diversities),
        seed_diversity=mean(of_seeds) if of_seeds else None,
    )


def compute_run_metrics(doodle_png: bytes | None, pngs: Sequence[bytes]) -> QualityMetrics:
    """The metrics of a request's finished images. There are no other seeds to compare with."""
    images = [decode_png(png, message("image.finished")) for png in pngs]
    color_errors: list[float | None] = []
    if doodle_png is not None:
        doodle = decode_png(doodle_png, message("image.doodle"))
        color_errors = [median_color_error(doodle, image) for image in images]
    return compute_quality_metrics(color_errors, [diversity(images)])


def compute_drift(job: RenderJob, base: Image.Image, image: Image.Image) -> Drift:
    """How far a job's image is from its base image outside the recipe's mask, or the doodle where it has
    none; whatever the recipe's drift lock is."""
    doodle = None
    if job.doodle is not None:
        doodle = decode_png(job.doodle.png_bytes, message("image.doodle"))
    resized = base.convert("RGB").resize(image.size, Image.Resampling.LANCZOS)
    mask = None if job.recipe.mask.area == "off" else job_mask(job, doodle, image.size)
    outside = outside_area(image.size, doodle, mask)
    return measure_drift(resized, image.convert("RGB"), outside, job.base_image.keypoints)
