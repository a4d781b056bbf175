"""What a run's four images are worth at a glance: its quality metrics, each with a level."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Literal

from studio.errors import NotFoundError, StorageUnavailableError
from studio.recipes.base import FrozenModel
from studio.recipes.evaluation.reports import QualityMetrics
from studio.recipes.themes.preset import SLOTS
from studio.services.evaluation.evaluation_service import EvaluationService
from studio.services.evaluation.quality_metrics import compute_run_metrics
from studio.store.variants import VariantStore

GOOD_COLOR_ERROR, MEDIUM_COLOR_ERROR = 12.0, 20.0
"""Color errors (CIEDE2000) below which a doodle's colors are kept well, or in part."""
GOOD_DIVERSITY, MEDIUM_DIVERSITY = 15.0, 6.0
"""Distances between the four images (CIEDE2000) above which they differ clearly, or somewhat. The studio's
text `studio.metric_about_diversity` names them, as `studio.metric_about_color_error` does the ones above."""

Level = Literal["good", "medium", "low", ""]


class RunMetric(FrozenModel):
    """A metric of a run; `level` is empty where there is no scale."""

    name: Literal["color_error", "diversity", "seed_diversity"]
    value: float
    level: Level


def rate_metrics(metrics: QualityMetrics, of_seeds: float | None) -> list[RunMetric]:
    """The metrics of a run that are known, with their levels.

    `of_seeds` is the diversity of recipe A over seeds alone, None where no regression report has it.
    """
    found = []
    if metrics.color_error is not None:
        level = _level(-metrics.color_error, -MEDIUM_COLOR_ERROR, -GOOD_COLOR_ERROR)
        found.append(RunMetric(name="color_error", value=metrics.color_error, level=level))
    level = _level(metrics.diversity, MEDIUM_DIVERSITY, GOOD_DIVERSITY)
    found.append(RunMetric(name="diversity", value=metrics.diversity, level=level))
    if of_seeds is not None:
        found.append(RunMetric(name="seed_diversity", value=of_seeds, level=""))
    return found


def run_metrics(
    suites: EvaluationService,
    version: tuple[str, int | None],
    pngs: Sequence[bytes],
    doodle: bytes | None,
) -> list[RunMetric]:
    """The metrics of a run, none unless all of its images are there.

    Args:
        suites: has the seed diversity of the version's regression report.
        version: the theme's slug and its version, None where that was not saved.
        pngs: the finished images.
        doodle: a PNG.
    """
    if len(pngs) < len(SLOTS):
        return []
    slug, number = version
    report = None
    if number is not None:
        with suppress(StorageUnavailableError):  # The images are finished all the same.
            report = suites.regression(slug, number)
    of_seeds = report.metrics.seed_diversity if report else None
    return rate_metrics(compute_run_metrics(doodle, pngs), of_seeds)


def stored_run_metrics(
    suites: EvaluationService, variants: VariantStore, request_id: str
) -> list[RunMetric]:
    """The metrics of a run of the history, from its stored images. Raises NotFoundError for an unknown run."""
    stored = variants.list_stored(request_id)
    if not stored:
        raise NotFoundError("history.variant_missing")
    [first, *_] = stored
    doodle = None if first.doodle_sha256 is None else variants.read_image(first.doodle_sha256)
    version = (first.variant.theme_slug, first.variant.theme_version)
    return run_metrics(suites, version, [variants.png(row.variant) for row in stored], doodle)


def _level(value: float, medium: float, good: float) -> Level:
    if value > good:
        return "good"
    return "medium" if value > medium else "low"
