"""Blind tests and votes: each vote of a voter is stored once, in order."""

import pytest

from studio.errors import NotFoundError, VersionConflictError
from studio.recipes.evaluation.blind_test import Vote, matchup_for
from studio.store.blind_tests import BlindTestStore
from studio.store.database import Database
from tests.unit.recipes.test_blind_test import make_blind_test


def test_blind_tests_are_listed_newest_first(url: str) -> None:
    store = BlindTestStore(Database(url))
    first, second = store.add(make_blind_test(2), "ada"), store.add(make_blind_test(3))
    assert store.get(first.id) == first
    assert [stored.id for stored in store.list_latest()] == [second.id, first.id]
    assert (first.author, first.blind_test) == ("ada", make_blind_test(2))
    assert first.created_at.tzinfo is not None
    with pytest.raises(NotFoundError, match="Blind test 99 not found"):
        store.get(99)


def test_vote_with_a_stale_index_conflicts(url: str) -> None:
    store = BlindTestStore(Database(url))
    stored = store.add(make_blind_test())

    def cast(voter: str, index: int) -> None:
        matchup = matchup_for(stored.blind_test, "1", voter, index)
        store.add_vote(stored.id, Vote(voter=voter, matchup=matchup, choice="left"), index)

    cast("ada", 0)
    cast("bo", 0)
    cast("ada", 1)
    for index in (0, 1, 3):
        with pytest.raises(VersionConflictError, match="Vote already cast"):
            cast("ada", index)
    assert [vote.voter for vote in store.votes(stored.id)] == ["ada", "bo", "ada"]
    assert [len(store.votes_by(stored.id, name)) for name in ("ada", "cy")] == [2, 0]
