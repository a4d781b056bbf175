"""Takes the screenshots of README and docs anew: `python -m tests.screenshots`, with STUDIO_CHROMIUM set."""

import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.browser.conftest import CHROMIUM, FLAGS, Server

FOLDER = Path(__file__).parent.parent / "docs" / "images"
DOODLE = "star-dress"
WORDS = "a red dress with a star"


def main() -> None:
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        server = Server(Path(home))
        server.start()
        try:
            with playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS) as chromium:
                _take(chromium.new_page(locale="en-US"), server.url)
        finally:
            server.stop()


def _take(page: Page, url: str) -> None:
    _draw(page, url)
    _shoot(page, "studio", 1180)
    for name, address, height in (
        ("base-images", "base-images", 1000),
        ("themes", "themes", 820),
    ):
        page.goto(f"{url}/{address}")
        page.wait_for_load_state("networkidle")
        _shoot(page, name, height)


def _draw(page: Page, url: str) -> None:
    """A test doodle and its four variants."""
    page.goto(url)
    page.wait_for_selector("html[data-opened]")
    page.locator(f"#sample-doodles [data-id={DOODLE}]").click()
    page.locator("#user-prompt textarea, #user-prompt input").first.fill(WORDS)
    page.locator("#generate").click()
    page.wait_for_function("document.querySelectorAll('.card-done').length === 4", timeout=180_000)


def _shoot(page: Page, name: str, height: int) -> None:
    page.set_viewport_size({"width": 1440, "height": height})
    page.wait_for_timeout(1500)
    page.screenshot(path=FOLDER / f"{name}.png")
    print(FOLDER / f"{name}.png")


if __name__ == "__main__":
    main()
