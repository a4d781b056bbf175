"""The studio page in Chromium: a cold load, the uploads of one generation, round trips of edits.

STUDIO_CHROMIUM=/usr/bin/chromium python -m benchmarks.page [--json]
"""

import json
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, Request, expect, sync_playwright

from benchmarks.report import (
    Measurement,
    elapsed_seconds,
    parse_arguments,
    percentile,
    print_measurements,
)
from studio.app import create_app_container
from studio.services.themes.preset_check import check_preset
from studio.settings import Settings
from tests.browser.conftest import CHROMIUM, FLAGS, Server, open_studio
from tests.browser.driving import scribble_a_dress, set_number

EDITS = 40
HANDLER_CALLS = 200
SETTLED_MS = 450
"""A little more than the inspector waits after an edit."""


def main() -> None:
    as_json = parse_arguments(__doc__)
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        server = Server(Path(home))
        server.start()
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page()
        measurements = [
            *_cold_load(page, server),
            *_generation(page),
            *_round_trips(page),
            *_check_handler(),
        ]
        browser.close()
        server.stop()
    print_measurements(measurements, as_json)


def _cold_load(page: Page, server: Server) -> list[Measurement]:
    sizes: list[int] = []
    page.on("requestfinished", lambda request: sizes.append(_transferred_bytes(request)))
    seconds = elapsed_seconds(lambda: open_studio(page, server))
    page.wait_for_timeout(1000)
    return [
        Measurement("cold load, requests", len(sizes)),
        Measurement("cold load, transferred", sum(sizes) / 1e6, "MB", 2),
        Measurement("cold load, until interactive", seconds, "s", 1),
    ]


def _transferred_bytes(request: Request) -> int:
    sizes = request.sizes()
    return sizes["responseBodySize"] + sizes["responseHeadersSize"]


def _generation(page: Page) -> list[Measurement]:
    """Requests that upload the drawing during one generation after one stroke."""
    scribble_a_dress(page)
    for slot in "ABCD":
        set_number(page, f"{slot}-steps", "2")
    page.wait_for_timeout(1000)
    uploads: list[str] = []
    page.on("request", lambda request: uploads.append(request.url) if _has_image(request) else None)
    page.locator("#generate").click()
    expect(page.locator(".card-done")).to_have_count(4, timeout=180_000)
    return [Measurement("uploads of the drawing in one generation", len(uploads))]


def _has_image(request: Request) -> bool:
    return "data:image/png;base64" in (request.post_data or "")


def _round_trips(page: Page) -> list[Measurement]:
    """Round trips of the check that follows an edit: invalid fields, tokens, seconds per step."""
    page.evaluate(
        "performance.clearResourceTimings(); performance.setResourceTimingBufferSize(5000)"
    )
    for number in range(EDITS):
        set_number(page, "D-steps", str(3 + number))
        page.wait_for_timeout(SETTLED_MS)
    entries: list[dict[str, Any]] = json.loads(
        page.evaluate("JSON.stringify(performance.getEntriesByType('resource'))")
    )
    milliseconds = [
        entry["responseEnd"] - entry["requestStart"]
        for entry in entries
        if entry["name"].endswith("/preset-checks")
    ]
    return _median_and_p95("check of an edit", milliseconds, 0)


def _check_handler() -> list[Measurement]:
    """The check alone, without the browser and HTTP."""
    with tempfile.TemporaryDirectory() as home:
        studio = create_app_container(Settings(data_dir=Path(home)))
        document = studio.stores.themes.latest_saved().preset.model_dump(mode="json")
        milliseconds = []
        for number in range(HANDLER_CALLS):
            document["recipes"]["D"]["steps"] = 3 + number % 90
            started = time.perf_counter()
            check_preset(document, "", studio.models.token_counter)
            milliseconds.append(1000 * (time.perf_counter() - started))
    return _median_and_p95("handler of an edit", milliseconds, 1)


def _median_and_p95(name: str, milliseconds: Sequence[float], digits: int) -> list[Measurement]:
    return [
        Measurement(f"{name}, median", statistics.median(milliseconds), "ms", digits),
        Measurement(f"{name}, p95", percentile(milliseconds, 0.95), "ms", digits),
    ]


if __name__ == "__main__":
    main()
