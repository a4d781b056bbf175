"""Preflight checks of a version's records: render times, robustness report, regression report, drift."""

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import mean

from studio.messages import message
from studio.recipes.evaluation.reports import MIN_PASS_RATE, RegressionReport, RobustnessReport
from studio.recipes.generation.drift import MAX_SHIFT
from studio.recipes.themes.preset import SLOTS, Slot, ThemeVersion
from studio.services.themes.check_result import CheckResult
from studio.store.evaluation_reports import ReportStore
from studio.store.variants import VariantStore


@dataclass(frozen=True)
class RecordChecks:
    """What the store knows of a version from earlier renders and evaluations."""

    variants: VariantStore
    reports: ReportStore

    def unrendered_slots(self, version: ThemeVersion) -> list[Slot]:
        """The slots of which no variant of this version is stored."""
        variants = self.variants.list_for_version(version.preset.slug, version.version)
        rendered = {variant.slot for variant in variants}
        return [slot for slot in SLOTS if slot not in rendered]

    def check_render_times(self, version: ThemeVersion) -> CheckResult:
        """The seconds that the four jobs of a request take together."""
        missing = self.unrendered_slots(version)
        if missing:
            return CheckResult(
                "warning",
                message("deployment.never_rendered", slots=missing),
                message("deployment.generate_once"),
                "generate",
            )
        variants = self.variants.list_for_version(version.preset.slug, version.version)
        seconds = sum(
            mean(one.timings.render_seconds for one in variants if one.slot == slot)
            for slot in SLOTS
        )
        return CheckResult("pass", message("deployment.render_time", seconds=f"{seconds:.1f}"))

    def check_robustness(self, version: ThemeVersion) -> CheckResult:
        """Whether the robustness suite has passed."""
        slug, number = version.preset.slug, version.version
        report = self.reports.latest(slug, number, "robustness", RobustnessReport)
        if report is None:
            return CheckResult(
                "warning",
                message("deployment.robustness_not_run"),
                message("deployment.run_robustness", slug=slug, number=number),
                "run_robustness",
            )
        pass_rate = f"{report.pass_rate:.0%}"
        if report.passed:
            return CheckResult("pass", message("deployment.robustness_rate", share=pass_rate))
        failures = ", ".join(
            dict.fromkeys(f"{case.doodle} ({case.slot})" for case in report.failures)
        )
        what = message(
            "deployment.robustness_below_limit",
            share=pass_rate,
            needed=f"{MIN_PASS_RATE:.0%}",
            doodles=f"{failures:.300}",
        )
        return CheckResult("error", what, message("deployment.strengthen_pose"), "run_robustness")

    def check_regression(self, version: ThemeVersion) -> CheckResult:
        """Whether the regression suite was run and somebody has reviewed it."""
        slug, number = version.preset.slug, version.version
        report = self.reports.latest(slug, number, "regression", RegressionReport)
        if report is None:
            return CheckResult(
                "warning",
                message("deployment.no_regression_suite"),
                message("deployment.render_regression_suite", slug=slug, number=number),
                "run_regression",
            )
        if not report.reviewed_by:
            return CheckResult(
                "warning",
                message("deployment.regression_unreviewed"),
                message("deployment.open_regression_suite"),
                "review_regression",
            )
        if report.median_delta_e is None or report.baseline_version is None:
            return CheckResult(
                "pass", message("deployment.regression_reviewed", names=report.reviewed_by)
            )
        what = message(
            "deployment.regression_reviewed_against",
            names=report.reviewed_by,
            difference=f"{report.median_delta_e:.1f}",
            version=report.baseline_version,
        )
        return CheckResult("pass", what)

    def check_drift(self, version: ThemeVersion) -> Iterator[CheckResult]:
        """Whether figures stand where the base images have them; nothing where no report has measured it."""
        slug, number = version.preset.slug, version.version
        report = self.reports.latest(slug, number, "regression", RegressionReport)
        drift = report.drift if report else None
        if drift is None or drift.median_shift is None:
            return
        values = {"median": f"{drift.median_shift:.1f}", "p95": f"{drift.p95_shift:.1f}"}
        if not drift.is_shifted:
            yield CheckResult("pass", message("deployment.drift_small", **values))
            return
        what = message("deployment.drift_above_limit", **values, most=f"{MAX_SHIFT:g}")
        yield CheckResult("error", what, message("deployment.lock_drift"), "run_regression")
