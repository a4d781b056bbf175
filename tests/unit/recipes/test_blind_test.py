"""Contests: who may stand, and that every voter meets every pair fairly."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from studio.recipes.evaluation.blind_test import BlindTest, Candidate, Matchup, matchup_for
from studio.recipes.themes.preset import SLOTS


def contest(count: int = 3, **changes: Any) -> BlindTest:
    standing = tuple(Candidate(slug="spring", version=1, slot=each) for each in SLOTS[:count])
    values: dict[str, Any] = {"title": "Which?", "entrants": standing, "doodles": ("dress", "coat")}
    return BlindTest(**(values | changes))


WHOLE = Candidate(slug="spring", version=1)


@pytest.mark.parametrize(
    ("entrants", "said"),
    [
        ((WHOLE,), "at least 2"),
        ((WHOLE,) * 2, "stands twice"),
        (tuple(Candidate(slug="spring", version=n) for n in range(1, 6)), "at most 4"),
        ((WHOLE, Candidate(slug="spring", version=2, slot="A")), "recipes and whole versions"),
    ],
)
def test_who_cannot_stand_is_told(entrants: tuple[Candidate, ...], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        contest(entrants=entrants)


@given(st.integers(2, 4), st.text(min_size=1, max_size=10), st.integers(1, 3))
def test_each_voter_meets_every_pair_on_every_page_once_a_round(
    entrants: int, voter: str, seeds: int
) -> None:
    wanted = contest(entrants, seeds=tuple(range(seeds)))
    pairs = entrants * (entrants - 1) // 2
    every = 2 * seeds * pairs
    for turn in range(2):
        met = [matchup_for(wanted, "1", voter, turn * every + n) for n in range(every)]
        seen = Counter((b.doodle, b.seed, frozenset((b.left, b.right))) for b in met)
        assert len(seen) == every
        assert set(seen.values()) == {1}
        assert all(b.left != b.right for b in met)


def test_a_ballot_is_the_same_whenever_it_is_asked_for_and_others_for_others() -> None:
    def row(key: str, voter: str) -> list[Matchup]:
        return [matchup_for(contest(), key, voter, n) for n in range(12)]

    assert row("1", "ada") == row("1", "ada")
    assert row("1", "ada") != row("1", "bo")
    assert row("1", "ada") != row("2", "ada")


def test_neither_side_is_preferred() -> None:
    lefts = Counter(matchup_for(contest(2), "1", f"voter {n}", 0).left for n in range(400))
    assert 150 < lefts[0] < 250
