"""Evaluation reports of a theme version, which are stored with it: robustness and regression."""

from statistics import median
from typing import Annotated, Literal

from pydantic import Field

from studio.message_fields import MaybeMessage
from studio.recipes.base import StoredModel
from studio.recipes.base_image import Fraction, Slug
from studio.recipes.generation.drift import Drift, DriftSummary, summarize_drift
from studio.recipes.themes.preset import Slot

ReportType = Literal["robustness", "regression"]

MIN_PASS_RATE = 0.9
"""Fraction of the robustness test's images in which the character must still be recognizable."""


class RobustnessCase(StoredModel):
    """One image of the robustness test: a recipe with an adversarial doodle on a base image.

    `score` is `imaging.character_preservation.character_preservation_score`, 0 to 1; None where no
    image was rendered, for `failure_reason`.
    """

    doodle: str
    base_image: Slug
    slot: Slot
    score: float | None
    passed: bool
    failure_reason: MaybeMessage = None


class RobustnessReport(StoredModel):
    """Whether the character is preserved under every adversarial doodle."""

    cases: tuple[RobustnessCase, ...]

    @property
    def pass_rate(self) -> float:
        """Fraction of the cases that passed, 0 to 1."""
        return sum(case.passed for case in self.cases) / max(1, len(self.cases))

    @property
    def passed(self) -> bool:
        """Whether the pass rate is at least `MIN_PASS_RATE`; a report without cases has not passed."""
        return bool(self.cases) and self.pass_rate >= MIN_PASS_RATE

    @property
    def failures(self) -> tuple[RobustnessCase, ...]:
        """The cases that did not pass."""
        return tuple(case for case in self.cases if not case.passed)


class ChangedRegion(StoredModel):
    """A rectangle of the image, in fractions from the top left, and its mean color difference (CIEDE2000)."""

    x: Fraction
    y: Fraction
    width: Fraction
    height: Fraction
    delta_e: float


class ImageComparison(StoredModel):
    """One image of the regression suite compared with the baseline version's.

    `delta_e` is the mean CIEDE2000 difference, None without a baseline; `changed_regions` are the
    rectangles that changed most. `drift` is against the base image; None for reports of releases before
    2026-12.
    """

    doodle: str
    seed: int
    slot: Slot
    delta_e: float | None = None
    changed_regions: tuple[ChangedRegion, ...] = ()
    drift: Drift | None = None


class QualityMetrics(StoredModel):
    """Color metrics of a version over the regression suite, all in CIEDE2000 units.

    Attributes:
        color_error: median distance between the doodle's colors and the image's in the same regions;
            lower is better. None without a doodle that has color regions.
        diversity: mean distance between the four images of a request; higher is more diverse.
        seed_diversity: mean distance between images of recipe A with several seeds: four recipes
            should be more diverse than that.
    """

    color_error: float | None
    diversity: float
    seed_diversity: float | None


class RegressionReport(StoredModel):
    """A version's regression suite, compared with `baseline_version` if there is one."""

    baseline_version: Annotated[int, Field(ge=1)] | None
    comparisons: tuple[ImageComparison, ...]
    metrics: QualityMetrics
    baseline_metrics: QualityMetrics | None = None
    reviewed_by: tuple[str, ...] = ()

    @property
    def median_delta_e(self) -> float | None:
        """Median color difference over the suite; None without a baseline."""
        values = [image.delta_e for image in self.comparisons if image.delta_e is not None]
        return median(values) if values else None

    @property
    def drift(self) -> DriftSummary | None:
        """The drift over the suite; None where it was not measured."""
        drifts = [image.drift for image in self.comparisons if image.drift is not None]
        return summarize_drift(drifts) if drifts else None

    @property
    def worst_comparison(self) -> ImageComparison | None:
        """The image that changed most; None without a baseline."""
        compared = [image for image in self.comparisons if image.delta_e is not None]
        return max(compared, key=lambda image: image.delta_e or 0.0, default=None)
