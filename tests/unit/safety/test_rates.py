"""How much the shipped lists catch, and how many innocents they stop, on the sets of the benchmark."""

from collections import Counter

import pytest

from studio.safety.word_filter import WordFilter
from studio.safety.word_lists import WordLists
from tests.benchmarks.words import NAMES, WORDS, examples, wrong

LEAST_BLOCKED, MOST_STOPPED = 0.85, {"english": 0.03, "chinese": 0.08}


@pytest.fixture(scope="module")
def shipped_filter() -> WordFilter:
    return WordLists((WORDS,)).load_filter()


# Issue 18, 13.
@pytest.mark.parametrize("name", NAMES)
def test_evasions_are_blocked_and_innocents_pass(shipped_filter: WordFilter, name: str) -> None:
    all_of = Counter((each.verdict, each.kind) for each in examples(name))
    missed = wrong(name, shipped_filter.check)
    told = "\n".join(f"{each.verdict} {each.kind}: {each.text!r}" for each in missed)
    blocked = sum(count for (verdict, _), count in all_of.items() if verdict == "block")
    let_through = sum(each.verdict == "block" for each in missed)
    assert let_through <= (1 - LEAST_BLOCKED) * blocked, told
    for language, most in MOST_STOPPED.items():
        stopped = sum((each.verdict, each.kind) == ("pass", language) for each in missed)
        assert stopped <= most * all_of["pass", language], told


def test_each_technique_is_caught_more_often_than_not(shipped_filter: WordFilter) -> None:
    """None is as it was: of those that were misspelt or encoded none was blocked."""
    for name in NAMES:
        all_of = Counter(each.kind for each in examples(name) if each.verdict == "block")
        missed = Counter(each.kind for each in wrong(name, shipped_filter.check))
        for kind, count in all_of.items():
            assert missed[kind] <= count / 4, f"{name}, {kind}: {missed[kind]} of {count} missed"
