"""Evaluations of theme versions before deployment: robustness and regression, and their stored
reports."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import assert_never

from studio.errors import NotFoundError
from studio.recipes.base_image import Slug
from studio.recipes.evaluation.reports import RegressionReport, ReportType, RobustnessReport
from studio.recipes.generation.job import RenderJob
from studio.recipes.themes.deployment import active_deployment
from studio.recipes.themes.preset import Slot, ThemeVersion
from studio.services.background_tasks import About, BackgroundTasks, ProgressCallback, TaskProgress
from studio.services.cost_estimates import Cost, Costs
from studio.services.evaluation.regression import RegressionRun, RegressionSuite
from studio.services.evaluation.robustness import RobustnessSuite
from studio.store.deployments import DeploymentStore
from studio.store.evaluation_reports import ReportStore
from studio.store.themes import ThemeStore


@dataclass(frozen=True)
class ComparedImage:
    """An image of the regression suite, of a version and of its baseline, by their keys in the render cache.

    A key is None where the image is not rendered, `delta_e` (CIEDE2000) where it was not measured.
    """

    doodle: str
    seed: int
    slot: Slot
    image: str | None
    baseline_image: str | None
    delta_e: float | None


@dataclass(frozen=True)
class VersionComparison:
    """A version beside `baseline_version`, None where there is nothing to compare with."""

    baseline_version: int | None
    images: tuple[ComparedImage, ...]


@dataclass(frozen=True)
class EvaluationService:
    """Runs evaluations, in the foreground or as background tasks, and stores their reports."""

    themes: ThemeStore
    deployments: DeploymentStore
    reports: ReportStore
    robustness_suite: RobustnessSuite
    regression_suite: RegressionSuite
    background_tasks: BackgroundTasks
    costs: Costs

    def cost(self, slug: Slug, number: int, kind: ReportType) -> Cost:
        """What an evaluation would render. Raises NotFoundError, and what `RequestFactory.create`
        raises."""
        version = self.themes.get_version(slug, number)
        return self.costs.of(self._jobs(version, kind))

    def start(
        self, slug: Slug, number: int, kind: ReportType, baseline_number: int | None = None
    ) -> None:
        """Starts an evaluation as a background task; `baseline_number` is as in `run_regression`.

        Raises NotFoundError for an unknown version, InvalidInputError while the same is running.
        """
        version = self.themes.get_version(slug, number)

        def run(on_progress: ProgressCallback) -> None:
            match kind:
                case "robustness":
                    self.run_robustness(slug, number, on_progress)
                case "regression":
                    self.run_regression(slug, number, baseline_number, on_progress)
                case _:
                    assert_never(kind)

        about = About(kind, version.preset.name, page_of(slug, number), number, slug)
        self.background_tasks.start(task_name(slug, number, kind), about, run)

    def progress(self, slug: Slug, number: int, kind: ReportType) -> TaskProgress | None:
        """None for an evaluation that was not started in this process."""
        return self.background_tasks.progress(task_name(slug, number, kind))

    def stop(self, slug: Slug, number: int, kind: ReportType) -> None:
        """Cancels an evaluation at its next image; what is rendered by then stays cached."""
        self.background_tasks.cancel(task_name(slug, number, kind))

    def run_robustness(
        self, slug: Slug, number: int | None, on_progress: ProgressCallback
    ) -> RobustnessReport:
        """Runs the robustness suite on a version (None: the latest) and stores the report."""
        version = self.themes.get_version(slug, number)
        report = self.robustness_suite.run(version, on_progress)
        self.reports.add(slug, version.version, "robustness", report)
        return report

    def run_regression(
        self,
        slug: Slug,
        number: int | None,
        baseline_number: int | None,
        on_progress: ProgressCallback,
        reviewer: str = "",
    ) -> RegressionRun:
        """Runs the regression suite on a version (None: the latest) and stores the report.

        The version is compared with the baseline; where that is None, with the version in the
        channel `live`, or else with the one before. `reviewer` has looked at the result.
        """
        version = self.themes.get_version(slug, number)
        run = self.regression_suite.run(
            version, self._baseline(version, baseline_number), on_progress
        )
        report = run.report
        if reviewer:
            report = report.model_copy(update={"reviewed_by": (reviewer,)})
        self.reports.add(slug, version.version, "regression", report)
        return run

    def robustness_reports(self, slug: Slug) -> Mapping[int, RobustnessReport]:
        """The latest robustness report of each version that has one."""
        return self.reports.latest_by_version(slug, "robustness", RobustnessReport)

    def regression_reports(self, slug: Slug) -> Mapping[int, RegressionReport]:
        """The latest regression report of each version that has one."""
        return self.reports.latest_by_version(slug, "regression", RegressionReport)

    def compare(self, slug: Slug, number: int) -> VersionComparison:
        """A version's images beside those of the version it would replace, as far as they are rendered.

        Nothing is rendered. Raises NotFoundError for an unknown version, or where no sample doodle fits.
        """
        version = self.themes.get_version(slug, number)
        baseline = self._baseline(version, None)
        suite = self.regression_suite
        baseline_jobs = dict(suite.keyed_jobs(baseline)) if baseline else {}
        report = self.regression(slug, number)
        measured = {}
        if report and baseline and report.baseline_version == baseline.version:
            measured = {(c.doodle, c.seed, c.slot): c.delta_e for c in report.comparisons}
        images = (
            ComparedImage(
                *key,
                self._cached_key(job),
                self._cached_key(baseline_jobs.get(key)),
                measured.get(key),
            )
            for key, job in suite.keyed_jobs(version)
        )
        return VersionComparison(baseline.version if baseline else None, tuple(images))

    def _cached_key(self, job: RenderJob | None) -> str | None:
        cache = self.costs.cache
        return cache.key(job) if job is not None and cache.has(job) else None

    def mark_reviewed(self, slug: Slug, number: int, reviewer: str) -> None:
        """Records who has reviewed a version's latest regression report. Raises NotFoundError."""

        def with_reviewer(report: RegressionReport) -> RegressionReport:
            reviewers = tuple(dict.fromkeys((*report.reviewed_by, reviewer)))
            return report.model_copy(update={"reviewed_by": reviewers})

        if not self.reports.change_latest(
            slug, number, "regression", RegressionReport, with_reviewer
        ):
            raise NotFoundError(
                "deployment.version_without_regression_suite", number=number, slug=slug
            )

    def robustness(self, slug: Slug, number: int) -> RobustnessReport | None:
        """A version's latest robustness report."""
        return self.reports.latest(slug, number, "robustness", RobustnessReport)

    def regression(self, slug: Slug, number: int) -> RegressionReport | None:
        """A version's latest regression report."""
        return self.reports.latest(slug, number, "regression", RegressionReport)

    def _jobs(self, version: ThemeVersion, kind: ReportType) -> list[RenderJob]:
        if kind == "robustness":
            return self.robustness_suite.jobs(version)
        return self.regression_suite.jobs(version, self._baseline(version, None))

    def _baseline(self, version: ThemeVersion, number: int | None) -> ThemeVersion | None:
        """The version to compare with; None for a first version that nothing replaces."""
        slug = version.preset.slug
        if number is None:
            log = self.deployments.list_all(slug, "live")
            live = active_deployment(log, datetime.now(UTC))
            number = live.spec.version if live else None
            if number in (None, version.version):
                number = version.version - 1 or None
        return None if number is None else self.themes.get_version(slug, number)


def page_of(slug: Slug, number: int) -> str:
    """The path of the page that shows a version's suites."""
    return f"/themes/{slug}/versions/{number}/review"


def task_name(slug: Slug, number: int, kind: ReportType) -> str:
    """The name of a suite's background task."""
    return f"{slug}/{number}/{kind}"
