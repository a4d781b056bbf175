"""How quick the store stays with ten thousand presets of a hundred versions each.

    python -m tests.benchmarks.presets [DATABASE-URL]

Prints one table. Figures depend on the machine: compare only what one run prints.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import insert

from studio.store.database import Database
from studio.store.tables import ThemeRow, ThemeVersionRow
from studio.store.themes import ThemeStore
from tests import examples

PRESETS, VERSIONS, ROUNDS = 10_000, 100, 9


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        url = sys.argv[1] if len(sys.argv) > 1 else f"sqlite:///{folder}/studio.db"
        database = Database(url)
        _fill(database)
        store = ThemeStore(database)
        slug = f"theme-{PRESETS // 2}"
        latest = store.get_version(slug).preset
        looks: dict[str, Callable[[], object]] = {
            "list, the first 200": lambda: store.list_summaries(limit=200),
            "list, all": store.list_summaries,
            "search, one fits": lambda: store.list_summaries("4242"),
            "search, none fits": lambda: store.list_summaries("nowhere"),
            "open the latest": lambda: store.get_version(slug),
            "open an old one": lambda: store.get_version(slug, 17),
            "history of one": lambda: store.list_version_summaries(slug),
            "saved last": store.latest_saved,
            "save, unchanged": lambda: store.save(latest),
        }
        for name, look in looks.items():
            taken = [_seconds(look) for _ in range(ROUNDS)]
            print(f"{name:24} {1000 * statistics.median(taken):7.1f} ms")


def _seconds(look: Callable[[], object]) -> float:
    began = time.perf_counter()
    look()
    return time.perf_counter() - began


def _fill(database: Database) -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    document = examples.preset().model_dump_json()
    for first in range(0, PRESETS, 500):
        numbers = range(first + 1, first + 501)
        with database.write_session() as session:
            session.execute(
                insert(ThemeRow),
                [{"id": n, "slug": f"theme-{n}", "name": f"Theme {n}", "latest": VERSIONS} for n in numbers],
            )  # fmt: skip
            session.execute(
                insert(ThemeVersionRow),
                [
                    {"preset_id": n, "number": v + 1, "document": document.replace('"spring"', f'"theme-{n}"'), "author": "ada", "note": "", "created": moment}
                    for n in numbers for v in range(VERSIONS)
                ],
            )  # fmt: skip


if __name__ == "__main__":
    main()
