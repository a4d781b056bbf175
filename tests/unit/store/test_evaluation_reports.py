"""Reports beside preset versions: the newest of its kind counts."""

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

LOOKS = QualityMetrics(color_error=8.0, diversity=12.0, seed_diversity=None)


def pack(kept: bool) -> RobustnessReport:
    cell = RobustnessCase(doodle="text", base_image="mia", slot="A", score=0.5, passed=kept)
    return RobustnessReport(cases=(cell,))


def test_the_newest_report_of_a_kind_on_a_version_counts(url: str) -> None:
    store = ReportStore(Database(url))
    assert store.latest("spring", 1, "robustness", RobustnessReport) is None
    for kept in (False, True):
        store.add("spring", 1, "robustness", pack(kept))
    store.add("spring", 2, "robustness", pack(kept=False))
    sheet = RegressionReport(baseline_version=None, comparisons=(), metrics=LOOKS)
    store.add("spring", 1, "regression", sheet)
    assert store.latest("spring", 1, "robustness", RobustnessReport) == pack(kept=True)
    assert store.latest("spring", 1, "regression", RegressionReport) == sheet
    assert store.latest("autumn", 1, "robustness", RobustnessReport) is None


# Issue 19, 1.
def test_reasons_of_older_reports_are_sentences() -> None:
    cell = '{"doodle": "text", "base_image": "mia", "letter": "A", "score": null, "kept": false'
    for why, read in (("recipe A: no room", "recipe A: no room"), ("", "None")):
        old = RobustnessReport.model_validate_json(f'{{"cells": [{cell}, "why": "{why}"}}]}}')
        assert str(old.cases[0].failure_reason) == read
        assert RobustnessReport.model_validate_json(old.model_dump_json()) == old


def test_a_report_that_does_not_hold_is_named(url: str) -> None:
    store = ReportStore(Database(url))
    store.add("spring", 1, "regression", pack(kept=True))
    with pytest.raises(
        InvalidDocumentError, match="the regression report on version 1 of 'spring'"
    ):
        store.latest("spring", 1, "regression", RegressionReport)
