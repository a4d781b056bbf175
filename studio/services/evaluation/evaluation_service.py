"""What is found out about preset versions before they are deployed, and kept beside them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import assert_never

from studio.errors import NotFoundError
from studio.recipes.base_image import Slug
from studio.recipes.evaluation.reports import RegressionReport, ReportType, RobustnessReport
from studio.recipes.generation.job import RenderJob
from studio.recipes.themes.deployment import active_deployment
from studio.recipes.themes.preset import ThemeVersion
from studio.services.background_tasks import About, BackgroundTasks, ProgressCallback, TaskProgress
from studio.services.cost_estimates import Cost, Costs
from studio.services.evaluation.regression import RegressionRun, RegressionSuite
from studio.services.evaluation.robustness import RobustnessSuite
from studio.store.deployments import DeploymentStore
from studio.store.evaluation_reports import ReportStore
from studio.store.themes import ThemeStore


@dataclass(frozen=True)
class EvaluationService:
    themes: ThemeStore
    deployments: DeploymentStore
    reports: ReportStore
    pack: RobustnessSuite
    sheets: RegressionSuite
    chores: BackgroundTasks
    costs: Costs

    def cost(self, slug: Slug, number: int, kind: ReportType) -> Cost:
        """What a review asks for. Raises NotFound, and what `Intake.request` raises."""
        version = self.themes.get_version(slug, number)
        return self.costs.of(self._jobs(version, kind))

    def start(self, slug: Slug, number: int, kind: ReportType, against: int | None = None) -> None:
        """Begins a review that nobody waits for; `against` is for a sheet, as in `draw_sheet`.

        Raises NotFound for a version that is not there, InputError while it is under way already.
        """
        version = self.themes.get_version(slug, number)

        def act(tell: ProgressCallback) -> None:
            match kind:
                case "robustness":
                    self.run_robustness(slug, number, tell)
                case "regression":
                    self.run_regression(slug, number, against, tell)
                case _:
                    assert_never(kind)

        about = About(kind, version.preset.name, f"/themes?theme={slug}", number)
        self.chores.start(_chore(slug, number, kind), about, act)

    def progress(self, slug: Slug, number: int, kind: ReportType) -> TaskProgress | None:
        """None for a review that was never begun in this process."""
        return self.chores.progress(_chore(slug, number, kind))

    def stop(self, slug: Slug, number: int, kind: ReportType) -> None:
        """At the next picture; what is drawn by then is kept."""
        self.chores.cancel(_chore(slug, number, kind))

    def run_robustness(
        self, slug: Slug, number: int | None, tell: ProgressCallback
    ) -> RobustnessReport:
        """Runs the pack over a version, the latest unless numbered, and keeps what it found."""
        version = self.themes.get_version(slug, number)
        found = self.pack.run(version, tell)
        self.reports.add(slug, version.version, "robustness", found)
        return found

    def run_regression(
        self,
        slug: Slug,
        number: int | None,
        against: int | None,
        tell: ProgressCallback,
        seen_by: str = "",
    ) -> RegressionRun:
        """Draws the regression sheet of a version and keeps its figures.

        It is compared with version `against`; without one with the version that is served live,
        or the one before. `seen_by` has looked at it.
        """
        version = self.themes.get_version(slug, number)
        drawn = self.sheets.run(version, self._baseline(version, against), tell)
        report = drawn.report
        if seen_by:
            report = report.model_copy(update={"reviewed_by": (seen_by,)})
        self.reports.add(slug, version.version, "regression", report)
        return drawn

    def load_images(self, version: ThemeVersion, report: RegressionReport) -> RegressionRun:
        """The pictures of a report's sheet again. Raises NotFound where the album has not all of them
        any more: looking at a sheet draws nothing."""
        against = None
        if report.baseline_version is not None:
            against = self.themes.get_version(version.preset.slug, report.baseline_version)
        if not all(map(self.costs.album.has, self.sheets.jobs(version, against))):
            raise NotFoundError(
                "deployment.sheet_images_gone", slug=version.preset.slug, number=version.version
            )
        return self.sheets.run(version, against, lambda *_: None)

    def mark_reviewed(self, slug: Slug, number: int, by: str) -> None:
        """Notes who has looked at a version's newest sheet. Raises NotFound when there is none."""
        report = self.regression(slug, number)
        if report is None:
            raise NotFoundError("deployment.version_without_sheet", number=number, slug=slug)
        if by not in report.reviewed_by:
            seen = report.model_copy(update={"reviewed_by": (*report.reviewed_by, by)})
            self.reports.add(slug, number, "regression", seen)

    def robustness(self, slug: Slug, number: int) -> RobustnessReport | None:
        return self.reports.latest(slug, number, "robustness", RobustnessReport)

    def regression(self, slug: Slug, number: int) -> RegressionReport | None:
        return self.reports.latest(slug, number, "regression", RegressionReport)

    def _jobs(self, version: ThemeVersion, kind: ReportType) -> list[RenderJob]:
        if kind == "robustness":
            return self.pack.jobs(version)
        return self.sheets.jobs(version, self._baseline(version, None))

    def _baseline(self, version: ThemeVersion, against: int | None) -> ThemeVersion | None:
        slug, number = version.preset.slug, against
        if number is None:
            live = active_deployment(self.deployments.list_all(slug, "live"), datetime.now(UTC))
            number = live.spec.version if live else None
        if number in (None, version.version) and against is None:
            number = version.version - 1 or None
        return None if number is None else self.themes.get_version(slug, number)


def _chore(slug: Slug, number: int, kind: ReportType) -> str:
    return f"{slug}/{number}/{kind}"
