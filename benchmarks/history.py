"""Queries of the history: pages of the newest variants among 100,000.

python -m benchmarks.history [--json]
"""

import statistics
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from benchmarks.report import Measurement, elapsed_seconds, parse_arguments, print_measurements
from studio.recipes.generation.job import UsedModel
from studio.recipes.history import HistoryFilter
from studio.store.database import Database
from studio.store.images.files import FileImageStore
from studio.store.tables import VariantRow
from studio.store.variants import VariantStore
from tests import examples

ROWS, ROUNDS = 100_000, 7
QUERIES = {
    "newest page": HistoryFilter(),
    "of one theme": HistoryFilter(theme="theme-7"),
    "of one model": HistoryFilter(model="model-3"),
    "prompt contains, common": HistoryFilter(text="dress"),
    "prompt contains, in one of 10,000": HistoryFilter(text="number 4242 "),
    "prompt contains, in none": HistoryFilter(text="nowhere"),
    "of one day": HistoryFilter(created_after=date(2026, 1, 20), created_before=date(2026, 1, 20)),
    "theme, recipe and text": HistoryFilter(theme="theme-7", slot="B", text="dress"),
}


def main() -> None:
    as_json = parse_arguments(__doc__)
    with tempfile.TemporaryDirectory() as directory:
        database = Database(f"sqlite:///{directory}/s.db")
        _fill(database)
        store = VariantStore(database, FileImageStore(Path(directory)))
        measurements = [_measure(name, store, filter_) for name, filter_ in QUERIES.items()]
        middle = _measure("middle of the list", store, HistoryFilter(), ROWS // 2)
    print_measurements([*measurements, middle], as_json)


def _measure(
    name: str, store: VariantStore, filter_: HistoryFilter, before: int | None = None
) -> Measurement:
    seconds = [elapsed_seconds(lambda: store.query(filter_, before)) for _ in range(ROUNDS)]
    return Measurement(name, 1000 * statistics.median(seconds), "ms", 1)


def _fill(database: Database) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    with database.write_session() as session:
        session.add_all(_row(number, start + timedelta(minutes=number)) for number in range(ROWS))


def _row(number: int, created_at: datetime) -> VariantRow:
    model = UsedModel(kind="checkpoint", name=f"model-{number % 9}", sha256=examples.HASH)
    prompt = f"a red dress, number {number % 10_000} of many"
    variant = examples.variant(
        request_id=f"{number // 4:032x}",
        slot="ABCD"[number % 4],
        prompt=prompt,
        theme_slug=f"theme-{number % 50}",
        models=(model,),
        created_at=created_at,
    )
    return VariantRow(
        request_id=variant.request_id,
        slot=variant.slot,
        theme_slug=variant.theme_slug,
        theme_version=1,
        image_sha256=f"{number:064x}",
        document=variant.model_dump_json(),
        created_at=created_at,
        prompt=prompt,
        models=f"\n{model.name}\n",
    )


if __name__ == "__main__":
    main()
