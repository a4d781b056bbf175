"""Variants: filters, pages, and deletion together with unreferenced images."""

import hashlib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text

from studio.errors import NotFoundError
from studio.recipes.generation.job import UsedModel
from studio.recipes.history import HistoryFilter, VariantLabels
from studio.store.base_images import BaseImageStore
from studio.store.database import Database
from studio.store.images.files import FileImageStore
from studio.store.selections import SelectionStore
from studio.store.tables import VariantLabelRow, VariantRow
from studio.store.themes import ThemeStore
from studio.store.variant_filter import is_last_of_its_run, matches
from studio.store.variant_labels import VariantLabelStore
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
            recipe=examples.recipe(sampler="Euler a" if slot == "D" else "Euler"),
        )
        self.variants.add(variant, png, examples.png((8, 8), (0, day, 0, 9)))


def bounds(after: str | None = None, before: str | None = None) -> HistoryFilter:
    """As a query of the API sends them."""
    return HistoryFilter.model_validate({"created_after": after, "created_before": before})


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
        (bounds(after="2026-03-01T12:00:00Z"), [8, 7, 6, 5, 4, 3, 2, 1]),
        (bounds(after="2026-03-01T12:00:01Z"), [8, 7, 6, 5]),
        (
            bounds(after="2026-03-01T13:30:00+02:00", before="2026-03-01T14:30:00+02:00"),
            [4, 3, 2, 1],
        ),
        (bounds(before="2026-03-02T12:00:00Z"), [4, 3, 2, 1]),
        (bounds(before="2026-03-02T00:00:00Z"), [4, 3, 2, 1]),
        (bounds(before="2026-03-02"), [8, 7, 6, 5, 4, 3, 2, 1]),
        (HistoryFilter(theme="spring", slot="D", text="silk"), [4]),
        (HistoryFilter(sampler="Euler a"), [8, 4]),
        (HistoryFilter(starred=True), [7, 2]),
        (HistoryFilter(tag="Für Ada"), [2, 1]),
        (HistoryFilter(collection="best", starred=True), [7]),
        (HistoryFilter(tag="für ada"), []),
        (HistoryFilter(selected=True), [6]),
        (HistoryFilter(selected=True, slot="A"), []),
        (HistoryFilter(client="studio", slot="B"), [6, 2]),
        (HistoryFilter(client="app"), []),
    ],
)
def test_query_returns_matching_variants_newest_first(
    stores: Stores, filter_: HistoryFilter, ids: list[int]
) -> None:
    labels = VariantLabelStore(stores.database)
    labels.set([2, 7, 99], "star", "", "ada")
    labels.set([1, 2], "tag", "Für Ada", "")
    labels.set([6, 7], "collection", "best", "")
    SelectionStore(stores.database).select(f"{1:032x}", "B", "ada")
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


def test_runs_are_listed_newest_first_with_all_their_variants(stores: Stores) -> None:
    """A run counts by its latest variant that matches, and no run is on two pages."""
    stores.variants.add(
        examples.variant(request_id="c" * 32, prompt="a red hat"), examples.png((9, 9))
    )
    first = stores.variants.query_runs(HistoryFilter(text="red"), limit=2)
    assert [[row.id for row in run.variants] for run in first.runs] == [[9], [5, 6, 7, 8]]
    second = stores.variants.query_runs(HistoryFilter(text="red"), first.next_cursor, limit=2)
    assert [[row.variant.slot for row in run.variants] for run in second.runs] == [list("ABCD")]
    assert (second.next_cursor, second.runs[0].client) == (None, "studio")
    [run] = stores.variants.query_runs(HistoryFilter(slot="B", model="pocket-ink"), 6).runs
    assert [row.id for row in run.variants] == [1, 2, 3, 4]


def test_variant_has_its_labels_until_it_is_deleted(stores: Stores) -> None:
    labels = VariantLabelStore(stores.database)
    assert labels.set([3], "star", "", "ada") == 1
    assert labels.set([3, 4], "star", "", "bob") == 1
    labels.set([3], "tag", "red", "ada")
    labels.set([3], "tag", "blue", "ada")
    labels.set([3], "collection", "spring", "")
    [row] = stores.variants.get_many([3])
    assert row.labels == VariantLabels(starred=True, tags=("blue", "red"), collections=("spring",))
    assert labels.remove([3, 4], "star", "") == 2
    assert labels.names("tag") == ["blue", "red"]
    stores.variants.delete([3])
    with stores.database.read_session() as session:
        assert session.scalars(select(VariantLabelRow.name)).all() == []


def test_doodle_is_stored_once_and_deleted_with_its_last_variant(stores: Stores) -> None:
    sha256 = stores.variants.get_many([1])[0].doodle_sha256
    assert sha256 == stores.variants.get_many([4])[0].doodle_sha256
    assert sha256 is not None
    stores.variants.delete([1, 2, 3])
    assert stores.variants.read_image(sha256) == examples.png((8, 8), (0, 0, 0, 9))
    stores.variants.delete_for_request(f"{0:032x}")
    with pytest.raises(NotFoundError):
        stores.variants.read_image(sha256)
    with pytest.raises(NotFoundError):
        stores.images.get(sha256)


@pytest.mark.parametrize(
    "filter_", [HistoryFilter(), HistoryFilter(text="red"), HistoryFilter(starred=True)]
)
def test_a_page_of_runs_reads_no_more_rows_than_it_must(
    stores: Stores, filter_: HistoryFilter
) -> None:
    """With many rows: nothing is sorted, and the other variants of a run are found by an index."""
    query = select(VariantRow.id).where(*matches(filter_), is_last_of_its_run(filter_))
    query = query.order_by(VariantRow.id.desc()).limit(21)
    fill_up(stores.database, 20_000)
    with stores.database.read_session() as session:
        is_sqlite = session.get_bind().dialect.name == "sqlite"
        text_ = str(query.compile(session.get_bind(), compile_kwargs={"literal_binds": True}))
        explain = "EXPLAIN QUERY PLAN " if is_sqlite else "EXPLAIN "
        rows = session.execute(text(explain + text_.replace("%%", "%"))).all()
    plan = "\n".join(str(row[-1]) for row in rows)
    assert "Seq Scan on variants" not in plan
    assert "request_id" in plan
    if not filter_.starred:  # Those few are sorted.
        assert "TEMP B-TREE" not in plan
        assert "Sort" not in plan


def fill_up(database: Database, count: int) -> None:
    """Rows of four a request, without images."""
    day = datetime(2026, 3, 1, tzinfo=UTC)
    rows = [
        {"request_id": f"{1000 + number // 4:032x}", "slot": "ABCD"[number % 4], "theme_slug": "spring",
         "theme_version": 1, "image_sha256": examples.HASH, "document": "{}", "created_at": day,
         "prompt": "a red dress", "models": "", "sampler": "Euler"}
        for number in range(count)
    ]  # fmt: skip
    with database.write_session() as session:
        session.connection().execute(insert(VariantRow), rows)
    with database.write_session() as session:
        session.execute(text("ANALYZE"))
