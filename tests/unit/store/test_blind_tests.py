"""Contests and votes in the store: each voter's votes once, in order."""

import pytest

from studio.errors import NotFoundError, VersionConflictError
from studio.recipes.evaluation.blind_test import Vote, matchup_for
from studio.store.blind_tests import BlindTestStore
from studio.store.database import Database
from tests.unit.recipes.test_blind_test import contest


def test_contests_are_kept_the_newest_first(url: str) -> None:
    store = BlindTestStore(Database(url))
    first, second = store.add(contest(2), "ada"), store.add(contest(3))
    assert store.get(first.id) == first
    assert [each.id for each in store.all()] == [second.id, first.id]
    assert (first.author, first.contest, first.created_at.tzinfo is not None) == ("ada", contest(2), True)  # fmt: skip
    with pytest.raises(NotFoundError, match="no contest 99"):
        store.get(99)


def test_a_vote_of_a_number_counts_once(url: str) -> None:
    store = BlindTestStore(Database(url))
    kept = store.add(contest())

    def cast(voter: str, number: int) -> None:
        shown = matchup_for(kept.contest, "1", voter, number)
        store.add_vote(kept.id, Vote(voter=voter, ballot=shown, choice="left"), number)

    cast("ada", 0)
    cast("bo", 0)
    cast("ada", 1)
    for number in (0, 1, 3):
        with pytest.raises(VersionConflictError, match="cast already"):
            cast("ada", number)
    assert [vote.voter for vote in store.votes(kept.id)] == ["ada", "bo", "ada"]
    assert (store.count_votes_by(kept.id, "ada"), store.count_votes_by(kept.id, "cy")) == (2, 0)
