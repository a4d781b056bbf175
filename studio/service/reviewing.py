"""What is found out about preset versions before they are deployed, and kept beside them."""

from dataclasses import dataclass
from datetime import UTC, datetime

from studio.errors import NotFound
from studio.recipes.canvas import Slug
from studio.recipes.deployment import in_force
from studio.recipes.preset import PresetVersion
from studio.recipes.reports import Regression, Robustness
from studio.service.chores import Tell
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
        """The pictures of a report's sheet again, from the album where they still are."""
        against = None
        if report.against is not None:
            against = self.presets.version(version.preset.slug, report.against)
        return self.sheets.run(version, against, lambda *_: None)

    def mark_seen(self, slug: Slug, number: int, by: str) -> None:
        """Notes who has looked at a version's newest sheet. Raises NotFound when there is none."""
        report = self.regression(slug, number)
        if report is None:
            raise NotFound(
                f"version {number} of {slug!r} has no regression sheet: draw it with `studio"
                f" presets sheet {slug}`"
            )
        if by not in report.seen_by:
            seen = report.model_copy(update={"seen_by": (*report.seen_by, by)})
            self.reports.put(slug, number, "regression", seen)

    def robustness(self, slug: Slug, number: int) -> Robustness | None:
        return self.reports.newest(slug, number, "robustness", Robustness)

    def regression(self, slug: Slug, number: int) -> Regression | None:
        return self.reports.newest(slug, number, "regression", Regression)

    def _other(self, version: PresetVersion, against: int | None) -> PresetVersion | None:
        slug, number = version.preset.slug, against
        if number is None:
            live = in_force(self.deployments.log(slug, "live"), datetime.now(UTC))
            number = live.order.number if live else None
        if number in (None, version.number) and against is None:
            number = version.number - 1 or None
        return None if number is None else self.presets.version(slug, number)
