"""Picks of operators, on either database."""

from pathlib import Path

import pytest

from studio.errors import NotFoundError
from studio.recipes.themes.preset import Slot
from studio.store.database import Database
from studio.store.images.files import FileImageStore
from studio.store.selections import SelectionStore, add_counts
from studio.store.variants import VariantStore
from tests import examples

OTHER = "ef" * 16


@pytest.fixture
def selections(url: str, tmp_path: Path) -> SelectionStore:
    database = Database(url)
    variants = VariantStore(database, FileImageStore(tmp_path / "images"))
    for request_id, version in ((examples.REQUEST_ID, 1), (OTHER, None)):
        for slot in "AB":
            changes = {"request_id": request_id, "slot": slot, "theme_version": version}
            variants.add(examples.variant(**changes), examples.png())
    return SelectionStore(database)


def test_a_run_has_one_pick_until_it_is_taken_back(selections: SelectionStore) -> None:
    for slot in ("A", "B"):
        selections.select(examples.REQUEST_ID, slot, "ada")
    assert selections.list_slots([examples.REQUEST_ID, OTHER]) == {examples.REQUEST_ID: "B"}
    theme = examples.variant().theme_slug
    assert selections.counts(theme) == {1: {"A": 0, "B": 1, "C": 0, "D": 0}}
    selections.unpick(examples.REQUEST_ID)
    assert selections.list_slots([examples.REQUEST_ID]) == {}
    assert selections.counts(theme) == {}


def test_picks_of_a_theme_that_is_not_saved_count_for_no_version(
    selections: SelectionStore,
) -> None:
    selections.select(OTHER, "A", "")
    assert selections.list_slots([OTHER]) == {OTHER: "A"}
    assert selections.counts(examples.variant().theme_slug) == {}


def test_only_a_finished_variant_can_be_picked(selections: SelectionStore) -> None:
    with pytest.raises(NotFoundError):
        selections.select(examples.REQUEST_ID, "C", "ada")


def test_picks_of_operators_and_of_apps_are_counted_together() -> None:
    none: dict[Slot, int] = {"A": 0, "B": 0, "C": 0, "D": 0}
    assert add_counts(
        {1: {**none, "A": 2}}, {1: {**none, "A": 1, "D": 1}, 2: {**none, "C": 1}}
    ) == {
        1: {**none, "A": 3, "D": 1},
        2: {**none, "C": 1},
    }
