"""Variants: filters, pages, and deletion together with unreferenced images."""

import hashlib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from studio.errors import NotFoundError
from studio.recipes.generation.job import UsedModel
from studio.recipes.history import HistoryFilter
from studio.store.base_images import BaseImageStore
from studio.store.database import Database
from studio.store.images.files import FileImageStore
from studio.store.themes import ThemeStore
from studio.store.variants import VariantStore
from tests import examples


class Stores:
    """Stores with eight variants of two requests, a day apart."""

    def __init__(self, directory: Path, url: str) -> None:
        self.database = Database(url)
        self.images = FileImageStore(directory / "p")
        self.variants = VariantStore(self.database, self.images)
        for number in range(8):
            self.add(number)

    def add(self, number: int) -> None:
        day, slot = number // 4, "ABCD"[number % 4]
        png = examples.png((8, 8), (number, 0, 0, 255))
        model = "pocket-ink" if number % 2 else "pocket-water"
        variant = examples.variant(
            request_id=f"{day:032x}",
            slot=slot,
            theme_slug=("spring", "autumn")[day],
            prompt=f"a Red dress, 100% {'wool' if day else 'silk'}",
            models=(UsedModel(kind="checkpoint", name=model, sha256=examples.HASH),),
            created_at=datetime(2026, 3, 1, 12, tzinfo=UTC) + timedelta(days=day),
            image_sha256=hashlib.sha256(png).hexdigest(),
        )
        self.variants.add(variant, png)


@pytest.fixture
def stores(tmp_path: Path, url: str) -> Stores:
    return Stores(tmp_path, url)


@pytest.mark.parametrize(
    ("filter_", "ids"),
    [
        (HistoryFilter(), [8, 7, 6, 5, 4, 3, 2, 1]),
        (HistoryFilter(theme="autumn"), [8, 7, 6, 5]),
        (HistoryFilter(slot="B"), [6, 2]),
        (HistoryFilter(model="pocket-ink"), [8, 6, 4, 2]),
        (HistoryFilter(model="pocket"), []),
        (HistoryFilter(text="WOOL"), [8, 7, 6, 5]),
        (HistoryFilter(text="100%"), [8, 7, 6, 5, 4, 3, 2, 1]),
        (HistoryFilter(text="100_"), []),
        (HistoryFilter(created_after=date(2026, 3, 2)), [8, 7, 6, 5]),
        (HistoryFilter(created_before=date(2026, 3, 1)), [4, 3, 2, 1]),
        (HistoryFilter(theme="spring", slot="D", text="silk"), [4]),
    ],
)
def test_query_returns_matching_variants_newest_first(
    stores: Stores, filter_: HistoryFilter, ids: list[int]
) -> None:
    assert [row.id for row in stores.variants.query(filter_).rows] == ids


def test_pages_do_not_shift_when_variants_are_added(stores: Stores) -> None:
    first = stores.variants.query(HistoryFilter(), limit=5)
    stores.variants.add(examples.variant(request_id="f" * 32), examples.png())
    second = stores.variants.query(HistoryFilter(), before_id=first.next_cursor, limit=5)
    assert [row.id for row in first.rows] == [8, 7, 6, 5, 4]
    assert [row.id for row in second.rows] == [3, 2, 1]
    assert second.next_cursor is None


def test_delete_removes_the_image(stores: Stores) -> None:
    deleted = stores.variants.get_many([3])[0].variant
    assert stores.variants.delete([3, 99]) == 1
    assert stores.variants.get_many([3]) == []
    with pytest.raises(NotFoundError):
        stores.images.get(deleted.image_sha256)
    with pytest.raises(NotFoundError, match="No variant"):
        stores.variants.read_image(deleted.image_sha256)


def test_referenced_image_is_not_deleted(stores: Stores) -> None:
    shared, based, controlled = (stores.variants.get_many([n])[0].variant for n in (1, 2, 3))
    stores.variants.add(
        examples.variant(request_id="e" * 32, image_sha256=shared.image_sha256),
        stores.variants.png(shared),
    )
    bases = BaseImageStore(stores.database, stores.images)
    bases.upsert(examples.base_image(sha256=based.image_sha256), stores.variants.png(based))
    unit = examples.unit(source="image", image_sha256=controlled.image_sha256)
    recipes = examples.preset().recipes.replace("A", examples.recipe(control_units=(unit,)))
    ThemeStore(stores.database).save(examples.preset(recipes=recipes))
    assert stores.variants.delete([1, 2, 3]) == 3
    for variant in (shared, based, controlled):
        assert stores.images.get(variant.image_sha256)
