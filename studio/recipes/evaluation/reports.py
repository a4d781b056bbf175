"""What was found out about a preset version: documents that are kept beside it."""

from statistics import median
from typing import Annotated, Literal

from pydantic import Field

from studio.message_fields import MaybeMessage
from studio.recipes.base import StoredModel
from studio.recipes.base_image import Fraction, Slug
from studio.recipes.themes.preset import Slot

ReportType = Literal["robustness", "regression"]

MIN_PASS_RATE = 0.9
"""Share of a robustness pack's pictures in which the figure must still be there."""


class RobustnessCase(StoredModel):
    """One nasty doodle on one base image: how much of the figure a recipe's picture still shows.

    `score` is `imaging.figure.figure_score`, -1 to 1; None where there is no picture, for `why`.
    """

    doodle: str
    base_image: Slug
    slot: Slot
    score: float | None
    passed: bool
    failure_reason: MaybeMessage = None


class RobustnessReport(StoredModel):
    """What became of the figure under every nasty doodle."""

    cases: tuple[RobustnessCase, ...]

    @property
    def pass_rate(self) -> float:
        """Of the pictures, those in which the figure is kept."""
        return sum(cell.passed for cell in self.cases) / max(1, len(self.cases))

    @property
    def passed(self) -> bool:
        return bool(self.cases) and self.pass_rate >= MIN_PASS_RATE

    @property
    def failures(self) -> tuple[RobustnessCase, ...]:
        return tuple(cell for cell in self.cases if not cell.passed)


class ChangedRegion(StoredModel):
    """A part of the picture, as fractions from its top left, and how much it changed (CIEDE2000)."""

    x: Fraction
    y: Fraction
    width: Fraction
    height: Fraction
    delta_e: float


class ImageComparison(StoredModel):
    """One picture of the sheet beside the other version's: their mean CIEDE2000, and the places
    that changed most. Without another version there is nothing to compare."""

    doodle: str
    seed: int
    slot: Slot
    delta_e: float | None = None
    changed_regions: tuple[ChangedRegion, ...] = ()


class QualityMetrics(StoredModel):
    """How a version's pictures are, over a sheet (CIEDE2000).

    `likeness` is the median difference from the doodle in its regions: less is more alike.
    `diversity` is the mean difference among the four of a request, `of_seeds` among several
    seeds of recipe A, which four recipes have to beat.
    """

    color_error: float | None
    diversity: float
    seed_diversity: float | None


class RegressionReport(StoredModel):
    """A version's regression sheet; `against` is the version it was compared with, if any."""

    baseline_version: Annotated[int, Field(ge=1)] | None
    comparisons: tuple[ImageComparison, ...]
    metrics: QualityMetrics
    baseline_metrics: QualityMetrics | None = None
    reviewed_by: tuple[str, ...] = ()

    @property
    def median_delta_e(self) -> float | None:
        """Median over the sheet; None where there was nothing to compare with."""
        found = [cell.delta_e for cell in self.comparisons if cell.delta_e is not None]
        return median(found) if found else None

    @property
    def worst_comparison(self) -> ImageComparison | None:
        """The picture that changed most."""
        compared = [cell for cell in self.comparisons if cell.delta_e is not None]
        return max(compared, key=lambda cell: cell.delta_e or 0.0, default=None)
