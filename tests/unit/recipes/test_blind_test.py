"""Blind tests: valid candidates, and fair matchups for every voter."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from studio.recipes.evaluation.blind_test import BlindTest, Candidate, Matchup, matchup_for
from studio.recipes.themes.preset import SLOTS


def make_blind_test(count: int = 3, **changes: Any) -> BlindTest:
    candidates = tuple(Candidate(slug="spring", version=1, slot=slot) for slot in SLOTS[:count])
    values: dict[str, Any] = {
        "title": "Which?",
        "candidates": candidates,
        "doodles": ("dress", "coat"),
    }
    return BlindTest(**(values | changes))


ALL_SLOTS = Candidate(slug="spring", version=1)


@pytest.mark.parametrize(
    ("candidates", "error"),
    [
        ((ALL_SLOTS,), "at least 2"),
        ((ALL_SLOTS,) * 2, "a candidate is listed twice"),
        (tuple(Candidate(slug="spring", version=n) for n in range(1, 6)), "at most 4"),
        (
            (ALL_SLOTS, Candidate(slug="spring", version=2, slot="A")),
            "single recipes and complete versions cannot be compared with each other",
        ),
    ],
)
def test_invalid_candidates_are_refused(candidates: tuple[Candidate, ...], error: str) -> None:
    with pytest.raises(ValidationError, match=error):
        make_blind_test(candidates=candidates)


@given(st.integers(2, 4), st.text(min_size=1, max_size=10), st.integers(1, 3))
def test_each_round_has_every_matchup_once(count: int, voter: str, seeds: int) -> None:
    blind_test = make_blind_test(count, seeds=tuple(range(seeds)))
    pairs = count * (count - 1) // 2
    round_length = 2 * seeds * pairs
    for round_index in range(2):
        matchups = [
            matchup_for(blind_test, "1", voter, round_index * round_length + n)
            for n in range(round_length)
        ]
        counts = Counter((m.doodle, m.seed, frozenset((m.left, m.right))) for m in matchups)
        assert len(counts) == round_length
        assert set(counts.values()) == {1}
        assert all(m.left != m.right for m in matchups)


def test_matchups_are_deterministic_per_voter_and_test() -> None:
    def first_matchups(key: str, voter: str) -> list[Matchup]:
        return [matchup_for(make_blind_test(), key, voter, n) for n in range(12)]

    assert first_matchups("1", "ada") == first_matchups("1", "ada")
    assert first_matchups("1", "ada") != first_matchups("1", "bo")
    assert first_matchups("1", "ada") != first_matchups("2", "ada")


def test_sides_are_balanced() -> None:
    lefts = Counter(matchup_for(make_blind_test(2), "1", f"voter {n}", 0).left for n in range(400))
    assert 150 < lefts[0] < 250
