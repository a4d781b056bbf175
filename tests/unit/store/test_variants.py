"""Variants in the store: found by what one looks for, page by page, deleted with their pictures."""

import hashlib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from studio.errors import NotFoundError
from studio.recipes.generation.job import UsedModel, Variant
from studio.recipes.history import HistoryFilter
from studio.store.base_images import BaseImageStore
from studio.store.database import Database
from studio.store.images.files import FileImageStore
from studio.store.themes import ThemeStore
from studio.store.variants import VariantStore
from tests import examples


class Kept:
    """A store with eight variants of two requests a day apart."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.database = Database(url)
        self.images = FileImageStore(folder / "p")
        self.variants = VariantStore(self.database, self.images)
        for number in range(8):
            self.add(number)

    def add(self, number: int, color: int | None = None) -> Variant:
        day, slot = number // 4, "ABCD"[number % 4]
        png = examples.png((8, 8), (number if color is None else color, 0, 0, 255))
        variant = examples.variant(
            request_id=f"{day:032x}", slot=slot, theme_slug=("spring", "autumn")[day],
            prompt=f"a Red dress, 100% {'wool' if day else 'silk'}",
            models=(UsedModel(kind="checkpoint", name="pocket-ink" if number % 2 else "pocket-water", sha256=examples.HASH),),
            created_at=datetime(2026, 3, 1, 12, tzinfo=UTC) + timedelta(days=day),
            image_sha256=hashlib.sha256(png).hexdigest(),
        )  # fmt: skip
        self.variants.add(variant, png)
        return variant


@pytest.fixture
def kept(tmp_path: Path, url: str) -> Kept:
    return Kept(tmp_path, url)


@pytest.mark.parametrize(
    ("wanted", "found"),
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
def test_variants_are_found_newest_first(
    kept: Kept, wanted: HistoryFilter, found: list[int]
) -> None:
    assert [row.id for row in kept.variants.query(wanted).rows] == found


def test_a_long_list_is_read_page_by_page_and_new_ones_do_not_shift_it(kept: Kept) -> None:
    first = kept.variants.query(HistoryFilter(), limit=5)
    kept.variants.add(examples.variant(request_id="f" * 32), examples.png())
    second = kept.variants.query(HistoryFilter(), before_id=first.next_cursor, limit=5)
    assert [row.id for row in first.rows] == [8, 7, 6, 5, 4]
    assert [row.id for row in second.rows] == [3, 2, 1]
    assert second.next_cursor is None


def test_deleting_takes_the_image_too(kept: Kept) -> None:
    one = kept.variants.get_many([3])[0].variant
    assert kept.variants.delete([3, 99]) == 1
    assert kept.variants.get_many([3]) == []
    with pytest.raises(NotFoundError):
        kept.images.get(one.image_sha256)
    with pytest.raises(NotFoundError, match="no variant"):
        kept.variants.read_image(one.image_sha256)


def test_a_image_that_something_else_shows_stays(kept: Kept) -> None:
    shared, based, controlled = (kept.variants.get_many([n])[0].variant for n in (1, 2, 3))
    kept.variants.add(
        examples.variant(request_id="e" * 32, image_sha256=shared.image_sha256),
        kept.variants.png(shared),
    )
    bases = BaseImageStore(kept.database, kept.images)
    bases.upsert(examples.base_image(sha256=based.image_sha256), kept.variants.png(based))
    unit = examples.unit(source="image", image_sha256=controlled.image_sha256)
    recipes = examples.preset().recipes.replace("A", examples.recipe(control_units=(unit,)))
    ThemeStore(kept.database).save(examples.preset(recipes=recipes))
    assert kept.variants.delete([1, 2, 3]) == 3
    for variant in (shared, based, controlled):
        assert kept.images.get(variant.image_sha256)
