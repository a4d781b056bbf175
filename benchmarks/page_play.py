"""The phone's page of a theme (`/play`) as an API client serves it: how soon it takes a stroke, what it transfers."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser

from benchmarks.page_driving import SETTLED_MS, new_browser, visit
from benchmarks.report import Measurement, percentile
from studio.app import create_app_container
from studio.recipes.serving.request_status import ApiClient
from studio.recipes.themes.deployment import DeploymentSpec
from studio.settings import Settings
from tests.browser.driving import drag
from tests.fake_renderer import FakeRenderer
from tests.servers.api import serving
from tests.waiting import until

STROKES = 6


def measure_play(browser: Browser, home: Path) -> list[Measurement]:
    """The page with an empty cache and a key, on a phone; `home` is the server's data directory."""
    with (
        _serve(home) as (address, key),
        new_browser(browser, _with_key(key), phone=True) as context,
    ):
        opened = visit(context, f"{address}/play/first-light")
        page = opened.page
        until(
            lambda: opened.probe("drawable")
        )  # The page's policy forbids what wait_for_function evaluates.
        page.wait_for_timeout(SETTLED_MS)
        requests, size = len(opened.traffic.urls), opened.traffic.bytes / 1e3
        for row in range(STROKES):
            drag(page, *((0.25 + 0.05 * step, 0.4 + 0.04 * row) for step in range(10)))
            page.wait_for_timeout(500)
        strokes: Sequence[float] = opened.probe("strokes")
        return [
            Measurement("/play, requests", requests),
            Measurement("/play, transferred", size, "kB"),
            Measurement("/play, drawable", opened.probe("drawable"), "ms"),
            Measurement("/play, layout shift", opened.probe("shift"), "", 3),
            Measurement("/play, longest task", opened.probe("longest"), "ms"),
            Measurement("/play, stroke to frame, p95", percentile(strokes, 0.95), "ms", 1),
        ]


@contextmanager
def _serve(home: Path) -> Iterator[tuple[str, str]]:
    """The API server with a theme that is live: its address, and a key."""
    studio = create_app_container(Settings(data_dir=home), FakeRenderer)
    try:
        studio.stores.deployments.add(DeploymentSpec(slug="first-light", version=1))
        key = studio.stores.clients.create_or_rotate_key(ApiClient(name="play"))
        with serving(studio) as address:
            yield address, key
    finally:
        studio.close()


def _with_key(key: str) -> str:
    return f"try {{ sessionStorage.setItem('doodle-key', {key!r}); }} catch {{ /* about:blank */ }}"
