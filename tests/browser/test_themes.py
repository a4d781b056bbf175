"""A theme's whole life as an operator lives it: tuned, compared, tried, deployed, taken back."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server
from tests.browser.driving import set_number

pytestmark = pytest.mark.browser


def test_a_theme_is_tuned_compared_tried_deployed_and_taken_back(
    page: Page, server: Server, quick: str, tmp_path: Path
) -> None:
    page.goto(f"{server.url}/?preset={quick}&version=1")
    page.wait_for_selector("html[data-opened]")
    expect(page.locator("#notice")).to_contain_text(re.compile("Quick(, version |，版本 )1"))
    set_number(page, "A-steps", "4")
    page.locator("#save").click()
    expect(page.locator("#notice")).to_contain_text("Saved Quick, version 2.")

    page.goto(f"{server.url}/themes?theme={quick}")
    page.get_by_label("Who").fill("ada")
    expect(page.locator("#versions tr")).to_have_count(2)
    expect(page.locator("#diff")).to_contain_text("A, Sampling steps")
    newest = page.locator("#versions tr").first
    newest.get_by_role("button", name="Draw").click()
    expect(newest.get_by_role("link", name="Look at it")).to_be_visible()
    with page.context.expect_page() as opened:
        newest.get_by_role("link", name="Look at it").click()
    sheet = opened.value
    expect(sheet.locator("h1")).to_have_text("Quick, version 2")
    expect(sheet.locator("body")).to_contain_text("compared with version 1")
    expect(sheet.locator("tr.worst img")).to_have_count(3)
    newest.get_by_role("button", name="Run").click()
    expect(newest.locator("b.good, b.bad")).to_have_text(re.compile(r"\d+ %"))

    newest.get_by_role("button", name="Deploy").click()
    expect(page.locator("#findings")).to_contain_text("regression sheet seen by ada")  # fmt: skip
    page.get_by_label("Note for the log").fill("season opens")
    stopped = page.locator("#force").is_visible()
    page.locator("#force" if stopped else "#deploy").click()
    expect(page.locator("#served")).to_contain_text("version 2")
    page.locator("#versions tr").nth(1).get_by_role("button", name="Deploy").click()
    expect(page.locator("#findings li").first).not_to_have_text("Checking …")
    page.get_by_label("Channel").fill("live")
    page.locator("#deploy").click()
    expect(page.locator("#served")).to_contain_text("version 1")
    page.get_by_role("button", name="Roll back").click()
    expect(page.locator("#served")).to_contain_text("version 2")
    page.get_by_role("button", name="Take down").click()
    expect(page.locator("#served")).to_have_text("Nothing.")
    expect(page.locator("#log tr")).to_have_count(4)
    expect(page.locator("#log")).to_contain_text("season opens")

    with page.expect_download() as file:
        newest.get_by_role("link", name="Export").click()
    page.locator("#take-in").set_input_files(file.value.path())
    expect(page.locator("#versions tr")).to_have_count(2)
    page.on("dialog", lambda dialog: dialog.accept("Quick winter"))
    newest.get_by_role("button", name="Branch").click()
    expect(page.locator("#name")).to_have_text("Quick winter")
    expect(page.locator("#versions")).to_contain_text("branched from quick version 2")
    page.get_by_role("button", name="Archive", exact=True).click()
    expect(page.get_by_role("button", name="Out of the archive")).to_be_visible()
    expect(page.locator("#themes")).not_to_contain_text("Quick winter")
    page.get_by_label("Archived, too").check()
    expect(page.locator("#themes")).to_contain_text("Quick winter")


@pytest.mark.parametrize("width", [390, 1440])
def test_the_page_fits_its_window(page: Page, server: Server, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(f"{server.url}/themes")
    page.wait_for_selector("#versions tr")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
