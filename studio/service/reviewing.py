"""What is found out about preset versions before they are deployed, and kept beside them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import assert_never

from studio.errors import NotFound
from studio.recipes.canvas import Slug
from studio.recipes.deployment import in_force
from studio.recipes.preset import PresetVersion
from studio.recipes.reports import Regression, ReportKind, Robustness
from studio.recipes.request import Job
from studio.service.chores import About, Chores, Progress, Tell
from studio.service.costs import Cost, Costs
from studio.service.regression import DrawnSheet, RegressionSheet
from studio.service.robustness import RobustnessPack
from studio.store.deployments import DeploymentStore
from studio.store.presets import PresetStore
from studio.store.reports import ReportStore


@dataclass(frozen=True)
class Reviewing:
    presets: PresetStore
    deployments: DeploymentStore
    reports: ReportStore
    pack: RobustnessPack
    sheets: RegressionSheet
    chores: Chores
    costs: Costs

    def cost(self, slug: Slug, number: int, kind: ReportKind) -> Cost:
        """What a review asks for. Raises NotFound, and what `Intake.request` raises."""
        version = self.presets.version(slug, number)
        return self.costs.of(self._jobs(version, kind))

    def begin(self, slug: Slug, number: int, kind: ReportKind, against: int | None = None) -> None:
        """Begins a review that nobody waits for; `against` is for a sheet, as in `draw_sheet`.

        Raises NotFound for a version that is not there, InputError while it is under way already.
        """
        version = self.presets.version(slug, number)

        def act(tell: Tell) -> None:
            match kind:
                case "robustness":
                    self.test_robustness(slug, number, tell)
                case "regression":
                    self.draw_sheet(slug, number, against, tell)
                case _:
                    assert_never(kind)

        about = About(kind, version.preset.name, f"/themes?theme={slug}", number)
        self.chores.start(_chore(slug, number, kind), about, act)

    def progress(self, slug: Slug, number: int, kind: ReportKind) -> Progress | None:
        """None for a review that was never begun in this process."""
        return self.chores.progress(_chore(slug, number, kind))

    def stop(self, slug: Slug, number: int, kind: ReportKind) -> None:
        """At the next picture; what is drawn by then is kept."""
        self.chores.stop(_chore(slug, number, kind))

    def test_robustness(self, slug: Slug, number: int | None, tell: Tell) -> Robustness:
        """Runs the pack over a version, the latest unless numbered, and keeps what it found."""
        version = self.presets.version(slug, number)
        found = self.pack.run(version, tell)
        self.reports.put(slug, version.number, "robustness", found)
        return found

    def draw_sheet(
        self, slug: Slug, number: int | None, against: int | None, tell: Tell, seen_by: str = ""
    ) -> DrawnSheet:
        """Draws the regression sheet of a version and keeps its figures.

        It is compared with version `against`; without one with the version that is served live,
        or the one before. `seen_by` has looked at it.
        """
        version = self.presets.version(slug, number)
        drawn = self.sheets.run(version, self._other(version, against), tell)
        report = drawn.report
        if seen_by:
            report = report.model_copy(update={"seen_by": (seen_by,)})
        self.reports.put(slug, version.number, "regression", report)
        return drawn

    def drawn(self, version: PresetVersion, report: Regression) -> DrawnSheet:
        """The pictures of a report's sheet again. Raises NotFound where the album has not all of them
        any more: looking at a sheet draws nothing."""
        against = None
        if report.against is not None:
            against = self.presets.version(version.preset.slug, report.against)
        if not all(map(self.costs.album.has, self.sheets.jobs(version, against))):
            raise NotFound(
                "deployment.sheet_images_gone", slug=version.preset.slug, number=version.number
            )
        return self.sheets.run(version, against, lambda *_: None)

    def mark_seen(self, slug: Slug, number: int, by: str) -> None:
        """Notes who has looked at a version's newest sheet. Raises NotFound when there is none."""
        report = self.regression(slug, number)
        if report is None:
            raise NotFound("deployment.version_without_sheet", number=number, slug=slug)
        if by not in report.seen_by:
            seen = report.model_copy(update={"seen_by": (*report.seen_by, by)})
            self.reports.put(slug, number, "regression", seen)

    def robustness(self, slug: Slug, number: int) -> Robustness | None:
        return self.reports.newest(slug, number, "robustness", Robustness)

    def regression(self, slug: Slug, number: int) -> Regression | None:
        return self.reports.newest(slug, number, "regression", Regression)

    def _jobs(self, version: PresetVersion, kind: ReportKind) -> list[Job]:
        if kind == "robustness":
            return self.pack.jobs(version)
        return self.sheets.jobs(version, self._other(version, None))

    def _other(self, version: PresetVersion, against: int | None) -> PresetVersion | None:
        slug, number = version.preset.slug, against
        if number is None:
            live = in_force(self.deployments.log(slug, "live"), datetime.now(UTC))
            number = live.order.number if live else None
        if number in (None, version.number) and against is None:
            number = version.number - 1 or None
        return None if number is None else self.presets.version(slug, number)


def _chore(slug: Slug, number: int, kind: ReportKind) -> str:
    return f"{slug}/{number}/{kind}"
