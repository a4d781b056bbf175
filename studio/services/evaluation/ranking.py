"""Rankings of blind tests: win rates (Wilson interval) and strengths (Bradley and Terry, 1952)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import ceil, sqrt

import numpy as np

from studio.messages import message
from studio.optional_dependencies import require_extra
from studio.recipes.evaluation.blind_test import BlindTest, Vote

CONFIDENCE = 0.95
Z = 1.959964
"""The normal deviate of a two-sided 95 % interval."""
PSEUDO_VOTES = 0.5
"""Votes added to either side of each pair: without them, one that never lost has infinite
strength."""
MAX_VOTES_NEEDED = 2000
"""More votes than anybody casts: such a pair is taken as equal."""


@dataclass(frozen=True)
class RankedCandidate:
    """One candidate's result.

    `index` is its position in `BlindTest.candidates`. `win_rate` counts a tie as half a win; its 95 %
    interval is Wilson's. `win_probability` is that against an average candidate, by Bradley and
    Terry, with its 95 % interval.
    """

    index: int
    label: str
    votes: int
    win_rate: float
    win_low: float
    win_high: float
    win_probability: float
    win_probability_low: float
    win_probability_high: float


@dataclass(frozen=True)
class Ranking:
    """The candidates, best first, and the number of votes of each voter.

    `is_significant`: the intervals of the first two do not overlap. `votes_needed` between them
    would likely make it so; None where it is significant, or they are too alike.
    """

    candidates: tuple[RankedCandidate, ...]
    voters: tuple[tuple[str, int], ...]
    is_significant: bool
    votes_needed: int | None


def rank(blind_test: BlindTest, votes: Sequence[Vote]) -> Ranking:
    """The ranking of a blind test's candidates by these votes.

    Raises InvalidInputError where the extra `tuning` (statsmodels) is not installed.
    """
    require_extra("statsmodels", "tuning", message("request.purpose_ranking"))
    wins = _count_wins(len(blind_test.candidates), votes)
    probabilities = _bradley_terry(wins)
    candidates = [
        _rank_candidate(blind_test, index, wins, probability)
        for index, probability in enumerate(probabilities)
    ]
    candidates.sort(key=lambda candidate: -candidate.win_probability)
    first, second = candidates[:2]
    is_significant = len(votes) > 0 and first.win_probability_low > second.win_probability_high
    return Ranking(
        candidates=tuple(candidates),
        voters=tuple(sorted(Counter(vote.voter for vote in votes).items())),
        is_significant=is_significant,
        votes_needed=(None if is_significant else _votes_needed(wins, first.index, second.index)),
    )


def _count_wins(count: int, votes: Sequence[Vote]) -> np.ndarray:
    """(count, count): how often the row's candidate won against the column's; a tie is half a
    win."""
    wins = np.zeros((count, count))
    for vote in votes:
        left, right = vote.matchup.left, vote.matchup.right
        left_win = {"left": 1.0, "right": 0.0, "tie": 0.5}[vote.choice]
        wins[left, right] += left_win
        wins[right, left] += 1 - left_win
    return wins


def _rank_candidate(
    blind_test: BlindTest, index: int, wins: np.ndarray, probability: tuple[float, float, float]
) -> RankedCandidate:
    from statsmodels.stats.proportion import proportion_confint

    won = float(wins[index].sum())
    votes = won + float(wins[:, index].sum())
    low, high = proportion_confint(won, votes, 1 - CONFIDENCE, "wilson") if votes else (0.0, 1.0)
    win_probability, probability_low, probability_high = probability
    return RankedCandidate(
        index=index,
        label=blind_test.candidates[index].label,
        votes=round(votes),
        win_rate=won / votes if votes else 0.5,
        win_low=float(low),
        win_high=float(high),
        win_probability=win_probability,
        win_probability_low=probability_low,
        win_probability_high=probability_high,
    )


def _bradley_terry(wins: np.ndarray) -> list[tuple[float, float, float]]:
    """Each candidate's probability to win against an average one, with the ends of its interval.

    A logistic regression (binomial GLM) on pairs: +1 for one candidate, -1 for the other.
    Strengths are measured from their mean.
    """
    from statsmodels.api import GLM, families

    count = len(wins)
    rows, results = [], []
    for one, other in combinations(range(count), 2):
        row = np.zeros(count)
        row[one], row[other] = 1, -1
        # Wins and losses are rows of their own, or two candidates would leave no degree of freedom.
        rows += [row, row]
        results += [(wins[one, other] + PSEUDO_VOTES, 0.0), (0.0, wins[other, one] + PSEUDO_VOTES)]
    # The last strength is fixed at 0, since only differences are identifiable.
    model = GLM(np.array(results), np.array(rows)[:, :-1], family=families.Binomial())
    fit = model.fit()
    to_mean = np.vstack([np.eye(count - 1), np.zeros(count - 1)]) - 1 / count
    strengths = to_mean @ np.asarray(fit.params)
    errors = np.sqrt(np.diag(to_mean @ np.asarray(fit.cov_params()) @ to_mean.T))
    bounds = (strengths, strengths - Z * errors, strengths + Z * errors)
    return [tuple(float(1 / (1 + np.exp(-bound[i]))) for bound in bounds) for i in range(count)]  # type: ignore[misc]


def _votes_needed(wins: np.ndarray, first: int, second: int) -> int | None:
    """Further votes between two candidates after which a rate like theirs would differ from one
    half."""
    votes = wins[first, second] + wins[second, first]
    rate = (wins[first, second] + PSEUDO_VOTES) / (votes + 2 * PSEUDO_VOTES)
    if abs(rate - 0.5) < 1e-9:
        return None
    needed = ceil((Z * sqrt(rate * (1 - rate)) / (rate - 0.5)) ** 2)
    return None if needed > MAX_VOTES_NEEDED else max(1, needed - round(votes))
