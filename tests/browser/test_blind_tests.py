"""A blind contest on the page: begun, drawn, voted on by keys, told."""

import re

import pytest
from playwright.sync_api import Page, expect

from studio.app import create_app_container as studio_at
from studio.recipes.evaluation.blind_test import Candidate
from studio.settings import Settings
from tests.browser.conftest import Log, Server
from tests.fake_renderer import FakeRenderer

pytestmark = pytest.mark.browser


def test_a_contest_is_begun_and_voted_on_by_keys(
    page: Page, server: Server, quick: str, log: Log
) -> None:
    page.goto(f"{server.url}/tests/blind-tests")
    page.get_by_label("Title").fill("Ink or water")
    for number, slot in ((0, "A"), (1, "C")):
        card = page.locator(".candidate").nth(number)
        card.get_by_label("Theme").select_option(quick)
        card.get_by_label("Recipe").select_option(slot)
        expect(card.get_by_label("Version")).not_to_have_value("")
    page.get_by_role("button", name="Start").click()
    broken: list[str] = []
    page.on("response", lambda r: broken.append(r.url) if r.status >= 400 else None)
    asked = page.get_by_role("dialog")
    expect(asked).to_contain_text("20 images (0 already cached).")
    asked.locator(".actions .primary").click()
    expect(page.locator("#title")).to_have_text("Ink or water")
    expect(page.locator("#count")).to_have_text("Enter your name to vote.")
    expect(page.locator(".ballot")).to_be_hidden()
    page.get_by_label("Your name").fill("ada")
    page.get_by_label("Your name").press("Tab")
    count, left = page.locator("#count"), page.locator("#left img")
    for cast, key in enumerate(("ArrowLeft", "ArrowRight", "ArrowDown")):
        expect(count).to_have_text(f"You have cast {cast} votes")
        expect(left).not_to_have_js_property("naturalWidth", 0)
        expect(page.locator("#tie")).to_be_enabled()
        page.locator("#title").click()
        page.keyboard.press(key)
    expect(count).to_have_text("You have cast 3 votes")
    expect(page.locator("body")).not_to_contain_text("quick v1")
    page.get_by_text("Results", exact=True).click()
    expect(page.locator("#ranking-rows tr")).to_have_count(2)
    expect(page.locator("#ranking-rows")).to_contain_text("quick v1 A")
    expect(page.locator("#ranking-summary")).to_have_text(
        re.compile("No detectable|Not significant|没有可察觉|尚不显著")
    )
    page.reload()
    expect(count).to_have_text("You have cast 3 votes")
    # 404 until the first pair is there.
    assert [url for url in broken if "/matchup" not in url] == []
    page.goto(f"{server.url}/themes/{quick}")
    expect(page.locator(".blind-tests")).to_contain_text("Ink or water")
    assert log.errors == []


def test_a_contest_that_was_broken_off_is_looked_at_without_drawing_and_goes_on(
    page: Page, server: Server, slow: str
) -> None:
    """Issue 18, 16; security review 1.12: opening a contest began 80 pictures, and three broken
    pictures stood there while they were drawn."""
    broken: list[str] = []
    page.on("response", lambda r: broken.append(r.url) if r.status >= 400 else None)
    studio = studio_at(Settings(data_dir=server.home), FakeRenderer)
    entrants = [Candidate(slug=slow, version=1, slot=slot) for slot in ("B", "D")]
    begun = studio.evaluation.blind_tests.create("Pale or bold", entrants)
    page.goto(f"{server.url}/tests/blind-tests?test={begun.id}")
    page.get_by_label("Your name").fill("bo")
    page.get_by_label("Your name").press("Tab")
    expect(page.locator("#incomplete")).to_be_visible()
    expect(page.locator(".ballot")).to_be_hidden()
    expect(page.locator(".task")).to_have_count(0)
    page.get_by_role("button", name="Render remaining images").click()
    page.get_by_role("dialog").locator(".actions .primary").click()
    expect(page.locator(".task")).to_contain_text("Pale or bold")
    expect(page.locator("#incomplete")).to_be_hidden()
    page.reload()
    expect(page.locator(".task")).to_contain_text("Pale or bold")
    page.locator(".task").get_by_role("button", name="Stop").click()
    expect(page.locator("#incomplete")).to_be_visible()
    assert [
        url for url in broken if "/matchup" not in url
    ] == []  # 404 until the first pair is there.


@pytest.mark.parametrize("width", [390, 1440])
def test_the_page_fits_its_window(page: Page, server: Server, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(f"{server.url}/tests/blind-tests")
    page.wait_for_selector("#candidates select")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
