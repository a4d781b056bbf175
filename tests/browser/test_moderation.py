"""Moderation and the audit log: words tried and kept, a policy saved, pictures scored, a decision reviewed."""

import io
import re
from collections.abc import Sequence

import pytest
from PIL import Image
from playwright.sync_api import FilePayload, Page, expect

from tests.browser.conftest import Log, Server
from tests.browser.driving import scribble_a_dress

pytestmark = pytest.mark.browser


def test_words_are_tried_and_added_to(page: Page, server: Server, log: Log) -> None:
    page.goto(f"{server.url}/admin/moderation")
    tried = page.get_by_label("Prompt text")
    tried.fill("a frobnicated n4ked dress")
    page.get_by_role("button", name="Check").click()
    expect(page.locator("#verdict")).to_contain_text("“n4ked” matches the entry “naked”")
    expect(page.locator("#verdict > b")).to_have_text("Blocked")
    page.get_by_label("One entry per line").fill("[mask]\nfrobnicat*\n")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#word-list-status")).to_have_text("1 entries active")
    tried.fill("a frobnicated dress")
    page.get_by_role("button", name="Check").click()
    expect(page.locator("#verdict > b")).to_have_text("Masked")
    expect(page.locator("#verdict")).to_contain_text(
        re.compile("(After masking: |打码后：)a dress")
    )
    page.get_by_label("One entry per line").fill("frobnicate")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#error")).to_contain_text(
        "own.txt, line 1: no section. Start with one, such as [block]."
    )
    page.reload()
    expect(page.get_by_label("One entry per line")).to_have_value("[mask]\nfrobnicat*\n")
    assert [error for error in log.errors if "422" not in error] == []


def test_a_policy_is_the_themes_next_version(page: Page, server: Server, quick: str) -> None:
    page.goto(f"{server.url}/admin/moderation?theme={quick}")
    page.wait_for_url(f"**/themes/{quick}/policy")  # Where it was before.
    expect(page.get_by_label("NSFW threshold")).to_have_value("0.8")
    page.get_by_label("NSFW threshold").fill("0.6")
    page.get_by_label("Theme negative prompt").fill("gore")
    page.get_by_role("button", name="Save as new version").click()
    expect(page.locator("#policy-status")).to_contain_text(
        "Saved as version 2. Publish it to take effect."
    )
    page.locator("#policy-status a").click()
    page.wait_for_url(f"**/themes/{quick}/versions/2/review")
    expect(page.locator("#changes")).to_contain_text("NSFW threshold")


def test_images_are_scored_against_a_threshold(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/admin/moderation")
    page.get_by_label("PNG images").set_input_files(_images(["white", "red", "blue"]))
    expect(page.locator("#withheld")).to_have_text("0 of 3 withheld at 0.80")
    expect(page.locator("#scored img")).to_have_count(3)
    page.locator("[name=threshold]").fill("0")
    expect(page.locator("#withheld")).to_have_text("3 of 3 withheld at 0.00")
    expect(page.locator("#scored .over")).to_have_count(3)


def test_what_was_blocked_is_on_record_and_reviewed(page: Page, server: Server, quick: str) -> None:
    page.goto(f"{server.url}/?preset={quick}&version=1")
    page.wait_for_selector("html[data-opened]")
    scribble_a_dress(page)
    page.locator("#user-prompt textarea, #user-prompt input").first.fill("a n4ked statue")
    page.locator("#generate").click()
    expect(page.locator("body")).to_contain_text(
        "Prompt contains blocked terms: naked. Use other words, or edit the word lists."
    )
    page.goto(f"{server.url}/admin/audit")
    row = page.locator("#rows tr").filter(has_text="a n4ked statue").first
    expect(row).to_contain_text("Prompt")
    row.get_by_role("button", name="Review").click()
    row.get_by_label("Reason").fill("a museum's")
    row.get_by_role("button", name="False positive", exact=True).click()
    expect(row).to_contain_text(re.compile("(False positive|误判) a museum's"))
    page.reload()
    expect(page.locator("#rows tr").filter(has_text="a museum's").first).to_be_visible()
    page.get_by_label("Stage").select_option("image")
    expect(page.locator("#rows")).not_to_contain_text("statue")


@pytest.mark.parametrize("width", [390, 1440])
def test_the_page_fits_its_window(page: Page, server: Server, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(f"{server.url}/admin/moderation")
    expect(page.locator("[data-waits]")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def _images(colors: Sequence[str]) -> list[FilePayload]:
    made: list[FilePayload] = []
    for color in colors:
        png = io.BytesIO()
        Image.new("RGB", (64, 64), color).save(png, "PNG")
        made.append({"name": f"{color}.png", "mimeType": "image/png", "buffer": png.getvalue()})
    return made
