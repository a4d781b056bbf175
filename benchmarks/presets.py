"""The theme store with 10,000 themes of 100 versions each.

python -m benchmarks.presets [--json] [--database URL]
"""

import statistics
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert

from benchmarks.report import Measurement, argument_parser, elapsed_seconds, print_measurements
from studio.store.database import Database
from studio.store.tables import ThemeRow, ThemeVersionRow
from studio.store.themes import ThemeStore
from tests import examples

THEMES, VERSIONS, ROUNDS = 10_000, 100, 9
CHUNK = 500
"""Themes that are inserted in one transaction."""


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--database", help="URL of an empty database; default: SQLite.")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        database = Database(arguments.database or f"sqlite:///{directory}/studio.db")
        _fill(database)
        measurements = [_measure(name, query) for name, query in _queries(database).items()]
    print_measurements(measurements, arguments.as_json)


def _queries(database: Database) -> dict[str, Callable[[], object]]:
    store = ThemeStore(database)
    slug = f"theme-{THEMES // 2}"
    latest = store.get_version(slug).preset
    return {
        "list, first 200": lambda: store.list_summaries(limit=200),
        "list, all": store.list_summaries,
        "search, one match": lambda: store.list_summaries("4242"),
        "search, no match": lambda: store.list_summaries("nowhere"),
        "latest version": lambda: store.get_version(slug),
        "old version": lambda: store.get_version(slug, 17),
        "versions of one theme": lambda: store.list_version_summaries(slug),
        "latest saved theme": store.latest_saved,
        "save without changes": lambda: store.save(latest),
    }


def _measure(name: str, query: Callable[[], object]) -> Measurement:
    seconds = [elapsed_seconds(query) for _ in range(ROUNDS)]
    return Measurement(name, 1000 * statistics.median(seconds), "ms", 1)


def _fill(database: Database) -> None:
    document = examples.preset().model_dump_json()
    for first in range(1, THEMES + 1, CHUNK):
        ids = range(first, first + CHUNK)
        themes = [
            {"id": id_, "slug": f"theme-{id_}", "name": f"Theme {id_}", "latest": VERSIONS}
            for id_ in ids
        ]
        versions = [row for id_ in ids for row in _version_rows(id_, document)]
        with database.write_session() as session:
            session.execute(insert(ThemeRow), themes)
            session.execute(insert(ThemeVersionRow), versions)


def _version_rows(theme_id: int, document: str) -> list[dict[str, Any]]:
    document = document.replace('"spring"', f'"theme-{theme_id}"')
    return [
        {
            "theme_id": theme_id,
            "version": number + 1,
            "document": document,
            "author": "ada",
            "message": "",
            "created_at": datetime(2026, 1, 1, tzinfo=UTC),
        }
        for number in range(VERSIONS)
    ]


if __name__ == "__main__":
    main()
