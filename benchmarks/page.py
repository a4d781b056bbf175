"""The pages in Chromium: what they transfer, how soon they take a stroke and a click, how smooth they stay.

STUDIO_CHROMIUM=/usr/bin/chromium python -m benchmarks.page [--json] [--requests]

Alone on the machine: times are those of the browser and the server together.
"""

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from benchmarks.page_driving import SETTLED_MS, Traffic, Visit, new_browser, visit
from benchmarks.page_grid import GRID_URL, serve_grid
from benchmarks.page_play import measure_play
from benchmarks.report import Measurement, argument_parser, percentile, print_measurements
from studio.server.places import PLAIN_PAGES
from tests.browser.conftest import CHROMIUM, FLAGS, Server
from tests.browser.driving import drag

GENERATE_AT_ONCE = "window.generateAtOnce = true;"
CLICKS = ("#tab-B", "#tab-All", "#tab-A", ".sketch [data-tool=eraser]", ".sketch [data-tool=brush]")
"""Controls that change something at once."""
THEME_PAGES = ("", "/versions", "/releases", "/versions/1/review")
MAX_TABS = 60
STROKES = 6
RUN_MS = 6_000
"""How long a run is watched."""
SCROLLS = 120


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--requests", action="store_true", help="List the workbench's requests.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        server = Server(Path(home))
        server.start()
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            measurements = [
                *_load(browser, server, options.requests),
                *_acceptance(browser, server),
                *_drawing(browser, server),
                *_other_pages(browser, server),
                *_grid(browser, server),
                *measure_play(browser, Path(home) / "play"),
            ]
        finally:
            browser.close()
            server.stop()
    print_measurements(measurements, options.as_json)


def _load(browser: Browser, server: Server, lists_requests: bool) -> list[Measurement]:
    """The workbench with an empty cache, then from the cache."""
    with new_browser(browser) as context:
        cold = _open_workbench(visit(context, server.url))
        tabs = _tabs_to_generate(cold.page)
        cold.page.close()
        warm = _open_workbench(visit(context, server.url))
        if lists_requests:
            _list_requests(cold.traffic)
        return [
            Measurement("workbench, requests", len(cold.traffic.urls)),
            Measurement("workbench, transferred", cold.traffic.bytes / 1e3, "kB"),
            Measurement("workbench, drawable", cold.drawable, "ms"),
            Measurement("workbench, layout shift", cold.shift, "", 3),
            Measurement("workbench, longest task", cold.longest, "ms"),
            Measurement("workbench, Tab stops to Generate", tabs),
            Measurement("workbench from the cache, requests", len(warm.traffic.urls)),
            Measurement("workbench from the cache, transferred", warm.traffic.bytes / 1e3, "kB"),
            Measurement("workbench from the cache, drawable", warm.drawable, "ms"),
        ]


class _Opened:
    """The workbench once it has settled."""

    def __init__(self, opened: Visit) -> None:
        self.page, self.traffic = opened
        self.drawable: float = opened.probe("drawable")
        self.shift: float = opened.probe("shift")
        self.longest: float = opened.probe("longest")


def _open_workbench(opened: Visit) -> _Opened:
    opened.page.wait_for_function("probe.drawable && document.documentElement.dataset.opened")
    opened.page.wait_for_timeout(SETTLED_MS)
    return _Opened(opened)


def _list_requests(traffic: Traffic) -> None:
    for url in traffic.urls:
        print(f"{traffic.by_url.get(url, 0):>8}  {url}")


def _tabs_to_generate(page: Page) -> int:
    """How often Tab is pressed from the top of the page until Generate has the focus."""
    for count in range(1, MAX_TABS):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement?.id") == "generate":
            return count
    return MAX_TABS


def _acceptance(browser: Browser, server: Server) -> list[Measurement]:
    """From the navigation until the server has accepted a run, where Generate is pressed as soon as it can be."""
    measurements = []
    with new_browser(browser, GENERATE_AT_ONCE) as context:
        for cache in ("empty", "filled"):
            opened = visit(context, server.url)
            opened.page.wait_for_function("probe.accepted")
            seconds = opened.probe("accepted") / 1e3
            measurements.append(Measurement(f"Generate accepted, {cache} cache", seconds, "s", 2))
            _stop(opened.page)
            opened.page.close()
    return measurements


def _stop(page: Page) -> None:
    """Stops the run, if it has not ended by itself: Stop is disabled then."""
    page.locator("#stop").evaluate("stop => stop.click()")
    expect(page.locator("#generate")).to_be_enabled(timeout=120_000)


def _drawing(browser: Browser, server: Server) -> list[Measurement]:
    """Strokes, clicks, and the beginning of a run."""
    with new_browser(browser) as context:
        opened = visit(context, server.url)
        page = _open_workbench(opened).page
        opened.reset("longest", "0")
        for row in range(STROKES):
            _stroke(page, 0.4 + 0.04 * row)
        strokes: Sequence[float] = opened.probe("strokes")
        stall = opened.probe("stall")
        opened.reset("changes", "[]")  # A stroke ends with a click, too.
        for selector in CLICKS:
            page.locator(selector).first.click()
            page.wait_for_timeout(300)
        page.locator("#generate").click()
        page.wait_for_function("document.querySelector('result-grid').run.phase !== 'starting'")
        changes = zip([*CLICKS, "#generate"], opened.probe("changes"), strict=True)
        page.wait_for_timeout(RUN_MS)
        measurements = [
            Measurement("stroke to frame, p95", percentile(strokes, 0.95), "ms", 1),
            Measurement("pen-up, longest frame after it", stall, "ms", 1),
            *(
                Measurement(f"click to first change, {selector}", milliseconds, "ms")
                for selector, milliseconds in changes
            ),
            Measurement("drawing and a run, longest task", opened.probe("longest"), "ms"),
            Measurement("drawing and a run, layout shift", opened.probe("shift"), "", 3),
        ]
        _stop(page)
        return measurements


def _stroke(page: Page, height: float) -> None:
    drag(page, *((0.25 + 0.05 * step, height + 0.02 * (step % 2)) for step in range(10)))
    page.wait_for_timeout(900)


def _other_pages(browser: Browser, server: Server) -> list[Measurement]:
    """Every other page with an empty cache."""
    addresses = [page.address for page in PLAIN_PAGES]
    addresses += [f"/themes/first-light{tab}" for tab in THEME_PAGES]
    measurements = []
    shifts, tasks, requests = [], [], []
    for address in addresses:
        with new_browser(browser) as context:
            opened = visit(context, server.url + address)
            opened.page.wait_for_timeout(SETTLED_MS)
            name = f"{address}, transferred"
            measurements.append(Measurement(name, opened.traffic.bytes / 1e3, "kB"))
            requests.append(len(opened.traffic.urls))
            shifts.append((opened.probe("shift"), address))
            tasks.append((opened.probe("longest"), address))
    (shift, jumping), (longest, busy) = max(shifts), max(tasks)
    return [
        *measurements,
        Measurement("other pages, most requests", max(requests)),
        Measurement(f"other pages, largest layout shift ({jumping})", shift, "", 3),
        Measurement(f"other pages, longest task ({busy})", longest, "ms"),
    ]


def _grid(browser: Browser, server: Server) -> list[Measurement]:
    """A grid of 500 cells that fills while somebody scrolls in it."""
    with new_browser(browser) as context:
        opened = visit(context, server.url)
        page = opened.page
        cells = serve_grid(page)
        started = time.perf_counter()
        page.goto(server.url + GRID_URL)
        expect(page.locator("grid-view .cell")).to_have_count(500)
        shown = time.perf_counter() - started
        opening = opened.probe("longest")
        opened.reset("longest", "0")
        page.locator(".grid-tables").hover()
        page.evaluate("probe.watch()")
        for step in range(SCROLLS):
            page.mouse.wheel(0, 240 if step % 40 < 20 else -240)
            page.wait_for_timeout(50)
        frames: Sequence[float] = opened.probe("frames")
        return [
            Measurement("grid of 500 cells, shown", 1e3 * shown, "ms"),
            Measurement("grid of 500 cells, longest task while it opens", opening, "ms"),
            Measurement(
                "grid of 500 cells, frame p95 while it fills", percentile(frames, 0.95), "ms", 1
            ),
            Measurement("grid of 500 cells, longest frame", max(frames), "ms"),
            Measurement("grid of 500 cells, longest task", opened.probe("longest"), "ms"),
            Measurement("grid of 500 cells, images loaded", len(set(cells))),
        ]


if __name__ == "__main__":
    main()
