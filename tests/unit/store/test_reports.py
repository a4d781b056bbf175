"""Reports beside preset versions: the newest of its kind counts."""

import pytest

from studio.errors import BadDocument
from studio.recipes.reports import FigureSeen, Looks, Regression, Robustness
from studio.store.database import Database
from studio.store.reports import ReportStore

LOOKS = Looks(likeness=8.0, diversity=12.0, of_seeds=None)


def pack(kept: bool) -> Robustness:
    cell = FigureSeen(doodle="text", base_image="mia", letter="A", score=0.5, kept=kept)
    return Robustness(cells=(cell,))


def test_the_newest_report_of_a_kind_on_a_version_counts(url: str) -> None:
    store = ReportStore(Database(url))
    assert store.newest("spring", 1, "robustness", Robustness) is None
    for kept in (False, True):
        store.put("spring", 1, "robustness", pack(kept))
    store.put("spring", 2, "robustness", pack(kept=False))
    sheet = Regression(against=None, cells=(), looks=LOOKS)
    store.put("spring", 1, "regression", sheet)
    assert store.newest("spring", 1, "robustness", Robustness) == pack(kept=True)
    assert store.newest("spring", 1, "regression", Regression) == sheet
    assert store.newest("autumn", 1, "robustness", Robustness) is None


# Issue 19, 1.
def test_reasons_of_older_reports_are_sentences() -> None:
    cell = '{"doodle": "text", "base_image": "mia", "letter": "A", "score": null, "kept": false'
    for why, read in (("recipe A: no room", "recipe A: no room"), ("", "None")):
        old = Robustness.model_validate_json(f'{{"cells": [{cell}, "why": "{why}"}}]}}')
        assert str(old.cells[0].why) == read
        assert Robustness.model_validate_json(old.model_dump_json()) == old


def test_a_report_that_does_not_hold_is_named(url: str) -> None:
    store = ReportStore(Database(url))
    store.put("spring", 1, "regression", pack(kept=True))
    with pytest.raises(BadDocument, match="the regression report on version 1 of 'spring'"):
        store.newest("spring", 1, "regression", Regression)
