"""Pages in Chromium that observe themselves (`page_probe.js`), and what they transfer."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize

from tests.browser.conftest import SEEN_BEFORE

PROBE = Path(__file__).with_name("page_probe.js")
DESK: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
SETTLED_MS = 2_000
"""How long after it was loaded a page is left alone, and what it transfers counted."""


class Traffic:
    """Requests of a page, and their bytes as they are transferred: compressed, with headers."""

    def __init__(self, page: Page) -> None:
        self.urls: list[str] = []
        self.bytes = 0
        self.by_url: dict[str, int] = {}
        self._ids: dict[str, str] = {}
        devtools = page.context.new_cdp_session(page)
        devtools.on("Network.requestWillBeSent", self._sent)
        devtools.on("Network.loadingFinished", self._finished)
        devtools.send("Network.enable")

    def _sent(self, event: Mapping[str, Any]) -> None:
        url = str(event["request"]["url"])
        if url.startswith(("data:", "blob:")):
            return
        self._ids[event["requestId"]] = url
        self.urls.append(url)

    def _finished(self, event: Mapping[str, Any]) -> None:
        url = self._ids.get(event["requestId"])
        if url is not None:
            size = int(event["encodedDataLength"])
            self.bytes += size
            self.by_url[url] = self.by_url.get(url, 0) + size


class Visit(NamedTuple):
    """A page that was opened, with its traffic."""

    page: Page
    traffic: Traffic

    def probe(self, name: str) -> Any:
        """A value of `window.probe`."""
        return json.loads(self.page.evaluate(f"JSON.stringify(probe.{name})"))

    def reset(self, name: str, value: str) -> None:
        self.page.evaluate(f"probe.{name} = {value}")


@contextmanager
def new_browser(
    browser: Browser, script: str = "", phone: bool = False
) -> Iterator[BrowserContext]:
    """A context without a cache, 1440 × 900 or as large as a phone's, whose pages observe themselves; `script` runs
    before them."""
    size = PHONE if phone else DESK
    context = browser.new_context(viewport=size, locale="en-US", has_touch=phone)
    context.add_init_script(SEEN_BEFORE)
    if script:
        context.add_init_script(script)
    context.add_init_script(path=PROBE)
    yield context
    context.close()


def visit(context: BrowserContext, url: str) -> Visit:
    """Opens a page and waits until it has settled."""
    page = context.new_page()
    opened = Visit(page, Traffic(page))
    page.goto(url, wait_until="load")
    return opened
