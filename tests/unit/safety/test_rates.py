"""Recall and false positives of the bundled word lists on the example sets of the benchmark."""

from collections import Counter

import pytest

from benchmarks.words import SET_NAMES, WORD_LISTS_DIR, misclassified, read_examples
from studio.safety.word_filter import WordFilter
from studio.safety.word_lists import WordLists

MIN_RECALL = 0.85
MAX_FALSE_POSITIVES = {"english": 0.03, "chinese": 0.08}
"""Fraction of the harmless texts of a language that may be blocked or masked."""


@pytest.fixture(scope="module")
def bundled_filter() -> WordFilter:
    return WordLists((WORD_LISTS_DIR,)).load_filter()


# Issue 18, 13.
@pytest.mark.parametrize("name", SET_NAMES)
def test_recall_and_false_positives(bundled_filter: WordFilter, name: str) -> None:
    totals = Counter((example.expected, example.kind) for example in read_examples(name))
    errors = misclassified(name, bundled_filter.check)
    listing = "\n".join(f"{error.expected} {error.kind}: {error.text!r}" for error in errors)
    blocked = sum(count for (expected, _), count in totals.items() if expected == "block")
    missed = sum(error.expected == "block" for error in errors)
    assert missed <= (1 - MIN_RECALL) * blocked, listing
    for language, limit in MAX_FALSE_POSITIVES.items():
        stopped = sum((error.expected, error.kind) == ("pass", language) for error in errors)
        assert stopped <= limit * totals["pass", language], listing


def test_recall_of_each_technique(bundled_filter: WordFilter) -> None:
    """Recall over a whole set hides techniques that are rare in it."""
    for name in SET_NAMES:
        totals = Counter(
            example.kind for example in read_examples(name) if example.expected == "block"
        )
        missed = Counter(error.kind for error in misclassified(name, bundled_filter.check))
        for kind, count in totals.items():
            assert missed[kind] <= count / 4, f"{name}, {kind}: {missed[kind]} of {count} missed"
