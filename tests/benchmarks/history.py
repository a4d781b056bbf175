"""How quick the history stays: pages of the newest variants among 100,000.

    python -m tests.benchmarks.history

Prints one table. Figures depend on the machine: compare only what one run prints.
"""

import statistics
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from studio.recipes.generation.job import UsedModel
from studio.recipes.history import HistoryFilter
from studio.store.database import Database
from studio.store.images.files import FileImageStore
from studio.store.tables import VariantRow
from studio.store.variants import VariantStore
from tests import examples

ROWS, ROUNDS = 100_000, 7
LOOKS = {
    "newest page": HistoryFilter(),
    "of one preset": HistoryFilter(theme="theme-7"),
    "of one model": HistoryFilter(model="model-3"),
    "prompt contains, common": HistoryFilter(text="dress"),
    "prompt contains, in one of 10,000": HistoryFilter(text="number 4242 "),
    "prompt contains, in none": HistoryFilter(text="nowhere"),
    "of one day": HistoryFilter(created_after=date(2026, 1, 20), created_before=date(2026, 1, 20)),
    "preset, recipe and text": HistoryFilter(theme="theme-7", slot="B", text="dress"),
}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/s.db")
        _fill(database)
        store = VariantStore(database, FileImageStore(Path(folder)))
        for name, wanted in LOOKS.items():
            taken = [_seconds(store, wanted) for _ in range(ROUNDS)]
            print(f"{name:36} {1000 * statistics.median(taken):7.1f} ms")
        taken = [_seconds(store, HistoryFilter(), ROWS // 2) for _ in range(ROUNDS)]
        print(f"{'half way down the list':36} {1000 * statistics.median(taken):7.1f} ms")


def _fill(database: Database) -> None:
    began = datetime(2026, 1, 1, tzinfo=UTC)
    with database.write_session() as session:
        for number in range(ROWS):
            created = began + timedelta(minutes=number)
            prompt = f"a red dress, number {number % 10_000} of many"
            model = UsedModel(kind="checkpoint", name=f"model-{number % 9}", sha256=examples.HASH)
            variant = examples.variant(
                request_id=f"{number // 4:032x}", slot="ABCD"[number % 4], prompt=prompt,
                theme_slug=f"theme-{number % 50}", models=(model,), created_at=created,
            )  # fmt: skip
            session.add(
                VariantRow(
                    request_id=variant.request_id, slot=variant.slot,
                    theme_slug=variant.theme_slug, theme_version=1,
                    image_sha256=f"{number:064x}", document=variant.model_dump_json(),
                    created_at=created, prompt=prompt, models=f"\n{model.name}\n",
                )
            )  # fmt: skip


def _seconds(store: VariantStore, wanted: HistoryFilter, before: int | None = None) -> float:
    began = time.perf_counter()
    store.query(wanted, before)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
