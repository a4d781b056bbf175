"""A study on the page: begun, watched, rated, a trial kept and opened."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Log, Server

pytestmark = pytest.mark.browser


def test_a_study_is_begun_rated_and_a_trial_kept(
    page: Page, server: Server, quick: str, log: Log
) -> None:
    page.goto(f"{server.url}/tests/tuning?theme={quick}")
    expect(page.locator(".space")).to_have_count(2)
    page.get_by_label("Star ratings").check()
    page.get_by_label("Remove CFG scale").click()
    expect(page.locator("#space-count")).to_contain_text("1")
    page.get_by_role("button", name="Start study").click()
    expect(page.locator("#study-name")).to_have_text("Quick v1, recipe A, study 1")
    page.get_by_label("Additional trials").fill("2")
    page.get_by_role("button", name="Resume").click()
    asked = page.get_by_role("dialog")
    expect(asked).to_contain_text("25 images (0 already cached).")
    asked.locator(".actions .primary").click()
    # Issue 18, 16: what is under way is there after a reload, too.
    page.goto(f"{server.url}/tests/tuning?study={quick}/1A/1")
    expect(page.locator("#trials li")).to_have_count(2)
    expect(page.get_by_role("button", name="Resume")).to_be_enabled()
    first = page.locator("#trials li").first
    expect(first.locator("img")).not_to_have_js_property("naturalWidth", 0)
    first.get_by_role("button", name="4 ★").click()
    expect(page.locator("#trials")).to_contain_text("75%")
    page.locator("#trials li").first.get_by_role("button", name="Save as version").click()
    page.get_by_role("link", name="Open version 2").click()
    page.wait_for_selector("html[data-opened]")
    expect(page.locator("#notice")).to_contain_text(re.compile("Quick(, version |，版本 )2"))
    assert log.errors == []


@pytest.mark.parametrize("width", [390, 1440])
def test_the_page_fits_its_window(page: Page, server: Server, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(f"{server.url}/tests/tuning")
    page.wait_for_selector(".space")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
