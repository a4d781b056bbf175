"""What the studio's page costs: bytes and requests of a cold load, seconds until it takes clicks,
uploads of one generation, and how long its handlers take.

    STUDIO_CHROMIUM=/usr/bin/chromium python -m tests.benchmarks.page

Prints one table. Figures depend on the machine: compare only what one run prints.
"""

import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, Request, expect, sync_playwright

from studio.app import create_app_container as studio_at
from studio.settings import Settings
from studio.ui.page import StudioPage
from studio.ui.texts import Texts
from tests.browser.conftest import CHROMIUM, FLAGS, Server, open_studio
from tests.browser.driving import scribble_a_dress, set_number

EDITS = 40


def main() -> None:
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        server = Server(Path(home))
        server.start()
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page()
        rows = [*_cold_load(page, server), *_generation(page), *_round_trips(page), *_handler()]
        browser.close()
        server.stop()
    width = max(len(name) for name, _ in rows)
    for name, figure in rows:
        print(f"{name:{width}}  {figure}")


def _cold_load(page: Page, server: Server) -> list[tuple[str, str]]:
    sizes: list[int] = []
    page.on("requestfinished", lambda request: sizes.append(_bytes(request)))
    began = time.monotonic()
    open_studio(page, server)
    seconds = time.monotonic() - began
    page.wait_for_timeout(1000)
    return [
        ("cold load, requests", str(len(sizes))),
        ("cold load, bytes on the wire", f"{sum(sizes) / 1e6:.2f} MB"),
        ("seconds until it takes clicks", f"{seconds:.1f}"),
    ]


def _bytes(request: Request) -> int:
    sizes = request.sizes()
    return sizes["responseBodySize"] + sizes["responseHeadersSize"]


def _generation(page: Page) -> list[tuple[str, str]]:
    """Requests that carry the drawing, of one generation after one stroke."""
    scribble_a_dress(page)
    for slot in "ABCD":
        page.get_by_role("tab", name=slot).click()
        set_number(page, f"{slot}-steps", "2")
    page.wait_for_timeout(1000)
    carried: list[str] = []
    page.on("request", lambda r: carried.append(r.url) if _carries_a_drawing(r) else None)
    page.locator("#generate").click()
    expect(page.locator(".card-done")).to_have_count(4, timeout=180_000)
    return [("uploads of the drawing in one generation", str(len(carried)))]


def _carries_a_drawing(request: Request) -> bool:
    return "data:image/png;base64" in (request.post_data or "")


def _round_trips(page: Page) -> list[tuple[str, str]]:
    """Round trips of edits: each tells what is unsaved, counts tokens, and keeps the draft."""
    page.evaluate(
        "performance.clearResourceTimings(); performance.setResourceTimingBufferSize(5000)"
    )
    for number in range(EDITS):
        set_number(page, "D-steps", str(3 + number))
        page.wait_for_timeout(120)
    timings: list[dict[str, Any]] = json.loads(
        page.evaluate("JSON.stringify(performance.getEntriesByType('resource'))")
    )
    taken = sorted(t["responseEnd"] - t["requestStart"] for t in timings if "/run/" in t["name"])
    p95 = taken[int(0.95 * (len(taken) - 1))]
    return [
        (f"an edit's round trip, median of {len(taken)}", f"{statistics.median(taken):.0f} ms"),
        ("an edit's round trip, p95", f"{p95:.0f} ms"),
    ]


def _handler() -> list[tuple[str, str]]:
    """What of an edit is ours: hashes stamped, tokens counted, differences told, the draft kept."""
    with tempfile.TemporaryDirectory() as home:
        studio = studio_at(Settings(data_dir=Path(home)))
        page = StudioPage(studio, Texts())
        values = {part: getattr(part, "value", None) for part in page.drafts.drafted}
        values |= {page.theme.loaded: page.theme.first, page.drawing.base_image: "mia"}
        steps = page.theme.forms[3].fields[("steps",)]
        taken = []
        for number in range(200):
            began = time.perf_counter()
            page.drafts._save({**values, steps: 3 + number % 90})
            taken.append(1000 * (time.perf_counter() - began))
    taken.sort()
    return [
        ("an edit's handler, median", f"{statistics.median(taken):.1f} ms"),
        ("an edit's handler, p95", f"{taken[int(0.95 * len(taken))]:.1f} ms"),
    ]


if __name__ == "__main__":
    main()
