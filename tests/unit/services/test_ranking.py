"""What votes say: who is better, how sure that is, how many more votes it takes."""

import random

import pytest

from studio.recipes.evaluation.blind_test import BlindTest, Choice, Matchup, Vote
from studio.services.evaluation.ranking import rank
from tests.unit.recipes.test_blind_test import contest


def vote(left: int, right: int, choice: Choice, voter: str = "ada") -> Vote:
    return Vote(voter=voter, ballot=Matchup(doodle="dress", seed=1, left=left, right=right), choice=choice)  # fmt: skip


def drawn(wanted: BlindTest, strengths: list[float], votes: int, seed: int = 1) -> list[Vote]:
    """Votes of voters who prefer as Bradley and Terry say."""
    chance = random.Random(seed)
    cast = []
    for _ in range(votes):
        left, right = chance.sample(range(len(wanted.entrants)), 2)
        wins = chance.random() < strengths[left] / (strengths[left] + strengths[right])
        cast.append(vote(left, right, "left" if wins else "right"))
    return cast


def test_without_votes_nobody_is_ahead_and_nothing_is_settled() -> None:
    found = rank(contest(4), [])
    assert [place.win_probability for place in found.candidates] == pytest.approx([0.5] * 4)
    assert all((p.votes, p.win_low, p.win_high) == (0, 0.0, 1.0) for p in found.candidates)
    assert (found.is_significant, found.votes_needed, found.voters) == (False, None, ())


def test_strengths_are_found_again_and_lie_in_their_intervals() -> None:
    wanted = contest(4)
    found = rank(wanted, drawn(wanted, [8.0, 4.0, 2.0, 1.0], 1500))
    assert [place.entrant for place in found.candidates] == [0, 1, 2, 3]
    best = found.candidates[0]
    # Strength 8 over the geometric mean of the four, sqrt(8).
    assert best.win_probability == pytest.approx(8 / (8 + 8**0.5), abs=0.04)
    assert all(
        p.win_probability_low < p.win_probability < p.win_probability_high for p in found.candidates
    )
    assert found.is_significant
    assert found.votes_needed is None


def test_who_never_lost_has_a_finite_strength() -> None:
    found = rank(contest(2), [vote(0, 1, "left"), vote(1, 0, "right")] * 4)
    best, last = found.candidates
    assert (best.entrant, best.win_rate, last.win_rate) == (0, 1.0, 0.0)
    assert 0.7 < best.win_probability < 1


def test_a_tie_is_half_a_win_for_both() -> None:
    found = rank(contest(2), [vote(0, 1, "tie")] * 6)
    assert [place.win_rate for place in found.candidates] == [0.5, 0.5]
    assert (found.is_significant, found.votes_needed) == (False, None)


def test_a_close_contest_says_how_many_more_votes_it_takes() -> None:
    few = [vote(0, 1, "left")] * 6 + [vote(0, 1, "right")] * 4
    found = rank(contest(2), few)
    assert not found.is_significant
    assert found.votes_needed is not None
    assert 50 < found.votes_needed < 200


def test_voters_are_told_with_their_numbers() -> None:
    votes = [vote(0, 1, "left", "bo"), vote(0, 1, "left", "ada"), vote(1, 0, "tie", "bo")]
    assert rank(contest(2), votes).voters == (("ada", 1), ("bo", 2))
