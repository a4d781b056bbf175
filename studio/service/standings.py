"""What votes say: win rates and strengths with how sure they are (Bradley and Terry, 1952)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import ceil, sqrt

import numpy as np

from studio.extras import require_extra
from studio.messages import message
from studio.recipes.voting import Contest, Vote

SURE = 0.95
Z = 1.959964
"""The normal deviate of a two-sided 95 % interval."""
PRIOR = 0.5
"""Of a vote, given to either side of each pair beforehand: else who never lost has no strength."""
OUT_OF_REACH = 2000
"""More votes than anybody casts: those two are as good as one another."""


@dataclass(frozen=True)
class Place:
    """An entrant's standing. `win_rate` counts a tie as half, with its 95 % interval (Wilson);
    `chance` is that of winning against an average entrant by Bradley and Terry, with its interval."""

    entrant: int
    label: str
    votes: int
    win_rate: float
    win_low: float
    win_high: float
    chance: float
    chance_low: float
    chance_high: float


@dataclass(frozen=True)
class Standing:
    """Best first. `settled`: the intervals of the first two do not meet. `more` votes between them
    are likely to settle it; None where it is settled, or they are too alike to tell."""

    places: tuple[Place, ...]
    voters: tuple[tuple[str, int], ...]
    settled: bool
    more: int | None


def standing(contest: Contest, votes: Sequence[Vote]) -> Standing:
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
    chances = _chances(wins)
    places = [_place(contest, index, wins, chances[index]) for index in range(count)]
    places.sort(key=lambda place: -place.chance)
    voters = tuple(sorted(Counter(vote.voter for vote in votes).items()))
    settled = len(votes) > 0 and places[0].chance_low > places[1].chance_high
    more = None if settled else _more(wins, places[0].entrant, places[1].entrant)
    return Standing(tuple(places), voters, settled, more)


def _place(
    contest: Contest, index: int, wins: np.ndarray, chance: tuple[float, float, float]
) -> Place:
    from statsmodels.stats.proportion import proportion_confint

    won, met = float(wins[index].sum()), float(wins[index].sum() + wins[:, index].sum())
    low, high = proportion_confint(won, met, 1 - SURE, "wilson") if met else (0.0, 1.0)
    return Place(
        index, contest.entrants[index].label, round(met), won / met if met else 0.5,
        float(low), float(high), *chance,
    )  # fmt: skip


def _chances(wins: np.ndarray) -> list[tuple[float, float, float]]:
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
        results += [(wins[one, other] + PRIOR, 0.0), (0.0, wins[other, one] + PRIOR)]
    # The last one's strength is fixed, or only differences were told.
    model = GLM(np.array(results), np.array(rows)[:, :-1], family=families.Binomial())
    fitted = model.fit()
    to_mean = np.vstack([np.eye(count - 1), np.zeros(count - 1)]) - 1 / count
    strengths = to_mean @ np.asarray(fitted.params)
    spread = np.sqrt(np.diag(to_mean @ np.asarray(fitted.cov_params()) @ to_mean.T))
    ends = (strengths, strengths - Z * spread, strengths + Z * spread)
    return [tuple(float(1 / (1 + np.exp(-end[i]))) for end in ends) for i in range(count)]  # type: ignore[misc]


def _more(wins: np.ndarray, first: int, second: int) -> int | None:
    """Votes between two that would likely part a rate like theirs from one half."""
    met = wins[first, second] + wins[second, first]
    rate = (wins[first, second] + PRIOR) / (met + 2 * PRIOR)
    if abs(rate - 0.5) < 1e-9:
        return None
    needed = ceil((Z * sqrt(rate * (1 - rate)) / (rate - 0.5)) ** 2)
    return None if needed > OUT_OF_REACH else max(1, needed - round(met))
