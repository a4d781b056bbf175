"""Evaluation reports: the latest of its type counts."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from studio.errors import InvalidDocumentError
from studio.recipes.evaluation.reports import (
    QualityMetrics,
    RegressionReport,
    RobustnessCase,
    RobustnessReport,
)
from studio.store.database import Database
from studio.store.evaluation_reports import ReportStore

METRICS = QualityMetrics(color_error=8.0, diversity=12.0, seed_diversity=None)


def report(passed: bool) -> RobustnessReport:
    case = RobustnessCase(doodle="text", base_image="mia", slot="A", score=0.5, passed=passed)
    return RobustnessReport(cases=(case,))


def test_latest_report_of_a_type_counts(url: str) -> None:
    store = ReportStore(Database(url))
    assert store.latest("spring", 1, "robustness", RobustnessReport) is None
    for passed in (False, True):
        store.add("spring", 1, "robustness", report(passed))
    store.add("spring", 2, "robustness", report(passed=False))
    regression = RegressionReport(baseline_version=None, comparisons=(), metrics=METRICS)
    store.add("spring", 1, "regression", regression)
    assert store.latest("spring", 1, "robustness", RobustnessReport) == report(passed=True)
    assert store.latest("spring", 1, "regression", RegressionReport) == regression
    by_version = store.latest_by_version("spring", "robustness", RobustnessReport)
    assert by_version == {1: report(passed=True), 2: report(passed=False)}
    assert store.latest("autumn", 1, "robustness", RobustnessReport) is None


def test_changes_at_the_same_time_are_all_kept(url: str) -> None:
    store = ReportStore(Database(url))
    names = [f"reviewer {number}" for number in range(6)]
    start = threading.Barrier(len(names))

    def review(name: str) -> bool:
        def with_reviewer(report: RegressionReport) -> RegressionReport:
            return report.model_copy(update={"reviewed_by": (*report.reviewed_by, name)})

        start.wait()
        return store.change_latest("spring", 1, "regression", RegressionReport, with_reviewer)

    with ThreadPoolExecutor(len(names)) as threads:
        assert not any(threads.map(review, names))
        first = RegressionReport(baseline_version=None, comparisons=(), metrics=METRICS)
        store.add("spring", 1, "regression", first)
        assert all(threads.map(review, names))
    latest = store.latest("spring", 1, "regression", RegressionReport)
    assert latest is not None
    assert sorted(latest.reviewed_by) == names


# Issue 19, 1.
def test_failure_reasons_of_old_reports_are_read_as_sentences() -> None:
    old = {"doodle": "text", "base_image": "mia", "letter": "A", "score": None, "kept": False}
    for why, reason in (("recipe A: no room", "recipe A: no room"), ("", "None")):
        parsed = RobustnessReport.model_validate_json(json.dumps({"cells": [old | {"why": why}]}))
        assert str(parsed.cases[0].failure_reason) == reason
        assert RobustnessReport.model_validate_json(parsed.model_dump_json()) == parsed


def test_invalid_report_is_named(url: str) -> None:
    store = ReportStore(Database(url))
    store.add("spring", 1, "regression", report(passed=True))
    with pytest.raises(
        InvalidDocumentError, match=r"Report \(regression\) on version 1 of “spring”"
    ):
        store.latest("spring", 1, "regression", RegressionReport)
