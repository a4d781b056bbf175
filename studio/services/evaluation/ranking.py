"""What votes say: win rates and strengths with how sure they are (Bradley and Terry, 1952)."""

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
"""Of a vote, given to either side of each pair beforehand: else who never lost has no strength."""
MAX_VOTES_NEEDED = 2000
"""More votes than anybody casts: those two are as good as one another."""


@dataclass(frozen=True)
class RankedCandidate:
    """An entrant's standing. `win_rate` counts a tie as half, with its 95 % interval (Wilson);
    `chance` is that of winning against an average entrant by Bradley and Terry, with its interval."""

    entrant: int
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
    """Best first. `settled`: the intervals of the first two do not meet. `more` votes between them
    are likely to settle it; None where it is settled, or they are too alike to tell."""

    candidates: tuple[RankedCandidate, ...]
    voters: tuple[tuple[str, int], ...]
    is_significant: bool
    votes_needed: int | None


def rank(contest: BlindTest, votes: Sequence[Vote]) -> Ranking:
    """How a contest stands after these votes.

    Raises InputError where the extra `tuning` is not installed.
    """
    require_extra("statsmodels", "tuning", message("request.purpose_standing"))
    count = len(contest.entrants)
    wins = np.zeros((count, count))
    for vote in votes:
        left, right = vote.ballot.left, vote.ballot.right
        share = {"left": 1.0, "right": 0.0, "tie": 0.5}[vote.choice]
        wins[left, right] += share
        wins[right, left] += 1 - share
    chances = _bradley_terry(wins)
    places = [_place(contest, index, wins, chances[index]) for index in range(count)]
    places.sort(key=lambda place: -place.win_probability)
    voters = tuple(sorted(Counter(vote.voter for vote in votes).items()))
    settled = len(votes) > 0 and places[0].win_probability_low > places[1].win_probability_high
    more = None if settled else _votes_needed(wins, places[0].entrant, places[1].entrant)
    return Ranking(tuple(places), voters, settled, more)


def _place(
    contest: BlindTest, index: int, wins: np.ndarray, chance: tuple[float, float, float]
) -> RankedCandidate:
    from statsmodels.stats.proportion import proportion_confint

    won, met = float(wins[index].sum()), float(wins[index].sum() + wins[:, index].sum())
    low, high = proportion_confint(won, met, 1 - CONFIDENCE, "wilson") if met else (0.0, 1.0)
    return RankedCandidate(
        index, contest.entrants[index].label, round(met), won / met if met else 0.5,
        float(low), float(high), *chance,
    )  # fmt: skip


def _bradley_terry(wins: np.ndarray) -> list[tuple[float, float, float]]:
    """Each entrant's chance against an average one, with its interval: a logistic regression on
    who stood on which side, strengths measured from their mean."""
    from statsmodels.api import GLM, families

    count = len(wins)
    rows, results = [], []
    for one, other in combinations(range(count), 2):
        row = np.zeros(count)
        row[one], row[other] = 1, -1
        # Won and lost on lines of their own, or two entrants would leave no degree of freedom.
        rows += [row, row]
        results += [(wins[one, other] + PSEUDO_VOTES, 0.0), (0.0, wins[other, one] + PSEUDO_VOTES)]
    # The last one's strength is fixed, or only differences were told.
    model = GLM(np.array(results), np.array(rows)[:, :-1], family=families.Binomial())
    fitted = model.fit()
    to_mean = np.vstack([np.eye(count - 1), np.zeros(count - 1)]) - 1 / count
    strengths = to_mean @ np.asarray(fitted.params)
    spread = np.sqrt(np.diag(to_mean @ np.asarray(fitted.cov_params()) @ to_mean.T))
    ends = (strengths, strengths - Z * spread, strengths + Z * spread)
    return [tuple(float(1 / (1 + np.exp(-end[i]))) for end in ends) for i in range(count)]  # type: ignore[misc]


def _votes_needed(wins: np.ndarray, first: int, second: int) -> int | None:
    """Votes between two that would likely part a rate like theirs from one half."""
    met = wins[first, second] + wins[second, first]
    rate = (wins[first, second] + PSEUDO_VOTES) / (met + 2 * PSEUDO_VOTES)
    if abs(rate - 0.5) < 1e-9:
        return None
    needed = ceil((Z * sqrt(rate * (1 - rate)) / (rate - 0.5)) ** 2)
    return None if needed > MAX_VOTES_NEEDED else max(1, needed - round(met))
