"""Rankings of blind tests: order, significance, votes needed."""

import random

import pytest

from studio.recipes.evaluation.blind_test import BlindTest, Choice, Matchup, Vote
from studio.services.evaluation.ranking import rank
from tests.unit.recipes.test_blind_test import make_blind_test


def vote(left: int, right: int, choice: Choice, voter: str = "ada") -> Vote:
    return Vote(
        voter=voter,
        matchup=Matchup(doodle="dress", seed=1, left=left, right=right),
        choice=choice,
    )


def simulate_votes(
    test: BlindTest, strengths: list[float], votes: int, seed: int = 1
) -> list[Vote]:
    """Votes drawn at random from the Bradley-Terry model."""
    rng = random.Random(seed)
    cast = []
    for _ in range(votes):
        left, right = rng.sample(range(len(test.candidates)), 2)
        left_wins = rng.random() < strengths[left] / (strengths[left] + strengths[right])
        cast.append(vote(left, right, "left" if left_wins else "right"))
    return cast


def test_without_votes_all_candidates_are_equal() -> None:
    ranking = rank(make_blind_test(4), [])
    assert [candidate.win_probability for candidate in ranking.candidates] == pytest.approx(
        [0.5] * 4
    )
    assert all((p.votes, p.win_low, p.win_high) == (0, 0.0, 1.0) for p in ranking.candidates)
    assert (ranking.is_significant, ranking.votes_needed, ranking.voters) == (False, None, ())


def test_strengths_are_estimated_within_their_intervals() -> None:
    test = make_blind_test(4)
    ranking = rank(test, simulate_votes(test, [8.0, 4.0, 2.0, 1.0], 1500))
    assert [candidate.index for candidate in ranking.candidates] == [0, 1, 2, 3]
    best = ranking.candidates[0]
    # Strength 8 over the geometric mean of the four, sqrt(8).
    assert best.win_probability == pytest.approx(8 / (8 + 8**0.5), abs=0.04)
    assert all(
        p.win_probability_low < p.win_probability < p.win_probability_high
        for p in ranking.candidates
    )
    assert ranking.is_significant
    assert ranking.votes_needed is None


def test_candidate_that_never_lost_has_a_finite_strength() -> None:
    ranking = rank(make_blind_test(2), [vote(0, 1, "left"), vote(1, 0, "right")] * 4)
    best, last = ranking.candidates
    assert (best.index, best.win_rate, last.win_rate) == (0, 1.0, 0.0)
    assert 0.7 < best.win_probability < 1


def test_tie_is_half_a_win_for_both() -> None:
    ranking = rank(make_blind_test(2), [vote(0, 1, "tie")] * 6)
    assert [candidate.win_rate for candidate in ranking.candidates] == [0.5, 0.5]
    assert (ranking.is_significant, ranking.votes_needed) == (False, None)


def test_close_test_reports_the_votes_needed() -> None:
    few = [vote(0, 1, "left")] * 6 + [vote(0, 1, "right")] * 4
    ranking = rank(make_blind_test(2), few)
    assert not ranking.is_significant
    assert ranking.votes_needed is not None
    assert 50 < ranking.votes_needed < 200


def test_voters_are_listed_with_their_number_of_votes() -> None:
    votes = [vote(0, 1, "left", "bo"), vote(0, 1, "left", "ada"), vote(1, 0, "tie", "bo")]
    assert rank(make_blind_test(2), votes).voters == (("ada", 1), ("bo", 2))
