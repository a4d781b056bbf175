"""A theme's whole life as an operator lives it: tuned, compared, tried, deployed, taken back."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from studio.app import create_app_container as studio_at
from studio.settings import Settings
from tests.browser.conftest import Server
from tests.browser.driving import set_number
from tests.browser.test_everyone import violations
from tests.fake_renderer import FakeRenderer
from tests.waiting import until

pytestmark = pytest.mark.browser


def begin(page: Page, button: Locator) -> None:
    """Presses a button that costs many pictures, and says yes to that."""
    button.click()
    asked = page.get_by_role("dialog")
    expect(asked).to_contain_text(re.compile(r"\d+ (images|张图像)"))
    asked.locator(".actions .primary").click()
    expect(asked).to_have_count(0)


def publish(page: Page, author: str = "") -> None:
    """Ticks all that the publish dialog asks for, once the checks are there, and says yes."""
    asked = page.get_by_role("dialog")
    if author:
        asked.get_by_label("Your name").fill(author)
    go = asked.locator(".actions button").first

    def is_ready() -> bool:
        """The checks of a canary's other version come later."""
        for box in asked.locator("#checks input[type=checkbox]").all():
            box.check()
        return go.is_enabled()

    until(is_ready)
    go.click()
    page.wait_for_url("**/releases")


def confirm_by_name(page: Page, button: str, name: str) -> None:
    """Presses a dangerous button and types the theme's name."""
    page.get_by_role("button", name=button).click()
    asked = page.get_by_role("dialog")
    go = asked.locator(".actions .danger")
    expect(go).to_be_disabled()
    asked.get_by_label(f"Type “{name}” to confirm").fill(name)
    go.click()
    expect(asked).to_have_count(0)


def test_a_theme_is_tuned_reviewed_published_and_taken_back(
    page: Page, server: Server, quick: str
) -> None:
    page.goto(f"{server.url}/?preset={quick}&version=1")
    page.wait_for_selector("html[data-opened]")
    set_number(page, "A-steps", "4")
    page.locator("#save").click()
    expect(page.locator("#notice")).to_contain_text("Saved Quick as version 2.")
    page.get_by_role("link", name="Review & publish…").click()
    page.wait_for_url(f"**/themes/{quick}/versions/2/review")
    expect(page.locator("#changes")).to_contain_text("A, Sampling steps")

    # Each warning has its fix; the images of both versions are side by side.
    begin(page, page.locator("[data-fix=run_regression]"))
    expect(page.locator(".review-grid tbody tr").first.locator(".cell")).to_have_count(8)
    expect(page.locator("#compared")).to_have_text("Version 2 beside version 1")
    page.keyboard.press("b")
    expect(page.locator("[data-mode=blink]")).to_have_attribute("aria-pressed", "true")
    page.locator("[data-mode=side]").click()
    page.locator(".review-grid .cell").nth(2).click()
    page.get_by_role("button", name="Comment on this image").click()
    page.get_by_label("Add a comment…").fill("C loses the stripes.")
    page.locator(".comment-form").get_by_label("Your name").fill("ada")
    page.get_by_role("button", name="Request changes").click()
    expect(page.locator(".review-log")).to_contain_text("C loses the stripes.")
    expect(page.locator("#theme-states")).to_have_text("Changes requested v2")
    page.get_by_role("button", name="Approve").click()
    expect(page.locator("#theme-states")).to_have_text("Approved v2")

    page.get_by_role("button", name="Publish…").click()
    asked = page.get_by_role("dialog")
    expect(asked.locator(".approval")).to_contain_text("Approved by ada")
    asked.get_by_label("Note").fill("season opens")
    publish(page, "ada")
    expect(page.locator(".channel .chip-live")).to_have_text("Live v2")
    page.goto(f"{server.url}/themes/{quick}/versions/1/review")
    page.get_by_role("button", name="Publish…").click()
    asked.get_by_label("Canary:").check()
    publish(page, "ada")
    expect(page.locator(".channel .chips")).to_have_text("Live v2Canary v1 · 10%")
    expect(page.locator(".arm")).to_have_count(2)
    page.goto(f"{server.url}/themes/{quick}/versions/1/review")
    page.get_by_role("button", name="Publish…").click()
    publish(page)
    expect(page.locator(".channel .chip-live")).to_have_text("Live v1")
    confirm_by_name(page, "Roll back to version 2", "Quick")
    expect(page.locator(".channel .chip-live")).to_have_text("Live v2")
    confirm_by_name(page, "Take down", "Quick")
    expect(page.locator(".channel")).to_have_count(0)
    expect(page.locator("#deployments tbody tr")).to_have_count(5)
    expect(page.locator("#deployments")).to_contain_text("season opens")


def test_the_gallery_shows_states_and_does_what_concerns_a_theme(
    page: Page, server: Server, quick: str, tmp_path: Path
) -> None:
    page.goto(f"{server.url}/themes?theme={quick}")
    page.wait_for_url(f"**/themes/{quick}")
    expect(page.locator("#theme-title")).to_have_text("Quick")
    page.get_by_label("Add a tag").fill("winter")
    page.keyboard.press("Enter")
    expect(page.locator(".tag")).to_contain_text("winter")
    page.get_by_role("link", name="Versions").click()
    page.wait_for_url(f"**/themes/{quick}/versions")
    page.go_back()
    page.wait_for_url(f"**/themes/{quick}")

    page.goto(f"{server.url}/themes")
    page.get_by_label("Search themes").fill("winter")
    card = page.locator(".theme-card")
    expect(card).to_have_count(1)
    expect(card.locator(".tag")).to_have_text("winter")
    more = card.get_by_role("button", name="More actions")
    more.click()
    with page.expect_download() as file:
        card.get_by_role("menuitem", name="Export").click()
    more.click()
    card.get_by_role("menuitem", name="Archive").click()
    expect(card).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(card).to_have_count(1)
    more.click()
    card.get_by_role("menuitem", name="Duplicate…").click()
    asked = page.get_by_role("dialog")
    asked.get_by_label("New theme name").fill("Quick winter")
    asked.get_by_label("Your name").fill("ada")
    asked.locator(".actions .primary").click()
    page.wait_for_url("**/themes/quick-winter")
    expect(page.locator(".timeline")).to_contain_text(f"branched from {quick} version")

    page.goto(f"{server.url}/themes")
    page.get_by_role("button", name="Import…").click()
    asked.get_by_label("Preset file").set_input_files(file.value.path())
    asked.get_by_label("Your name").fill("ada")
    asked.locator(".actions .primary").click()
    page.wait_for_url(f"**/themes/{quick}")


@pytest.mark.parametrize("width", [390, 1440])
def test_the_pages_and_the_dialog_fit_their_window(
    page: Page, server: Server, quick: str, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    for address, shown in (
        ("/themes", ".theme-card"),
        (f"/themes/{quick}", ".timeline li"),
        (f"/themes/{quick}/versions", ".timeline li"),
        (f"/themes/{quick}/releases", "#tab h2"),
        (f"/themes/{quick}/versions/1/review", ".checks-summary"),
    ):
        page.goto(f"{server.url}{address}")
        expect(page.locator(shown).first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert violations(page) == []
    page.get_by_role("button", name="Publish…").click()
    asked = page.get_by_role("dialog")
    expect(asked.locator("#checks input").first).to_be_visible()
    assert violations(page) == []
    box, go = asked.bounding_box(), asked.locator(".actions button").first.bounding_box()
    assert box is not None
    assert go is not None
    assert (box["x"] >= 0, box["x"] + box["width"] <= width) == (True, True)
    # What answers is in sight without scrolling.
    assert go["y"] + go["height"] <= 844


def test_nothing_goes_live_unseen_or_unsigned(page: Page, server: Server, slow: str) -> None:
    """Issue 18, 16: one click put an untested version live with no author."""
    studio = studio_at(Settings(data_dir=server.home), FakeRenderer)
    page.goto(f"{server.url}/themes/{slow}/versions/1/review")
    page.get_by_role("button", name="Publish…").click()
    asked = page.get_by_role("dialog")
    go = asked.locator(".actions button").first
    boxes = asked.locator("#checks input[type=checkbox]")
    expect(boxes.first).to_be_visible()
    expect(asked.locator("h2")).to_contain_text("Slow")
    expect(asked.locator(".approval")).to_have_text("Nobody has approved this version yet.")
    expect(go).to_be_disabled()
    asked.get_by_label("Your name").fill("ada")
    expect(go).to_be_disabled()
    for box in boxes.all():
        box.check()
    expect(go).to_be_enabled()
    asked.get_by_label("Your name").fill(" ")
    expect(go).to_be_disabled()
    assert studio.stores.deployments.list_all(slow) == []
    asked.get_by_label("Your name").fill("ada")
    go.click()
    page.wait_for_url("**/releases")
    assert studio.stores.deployments.list_all(slow)[0].spec.author == "ada"


def test_long_work_says_its_cost_and_is_seen_and_stopped_after_a_reload(
    page: Page, server: Server, slow: str
) -> None:
    """Issue 18, 16: 168 pictures were begun without a word, and could be seen and stopped nowhere."""
    page.goto(f"{server.url}/themes/{slow}/versions/1/review")
    run = page.locator("[data-fix=run_robustness]")
    run.click()
    asked = page.get_by_role("dialog")
    expect(asked).to_contain_text("28 images (0 already cached).")
    asked.get_by_role("button", name="Cancel").click()
    task = page.locator(".tasks .task")
    expect(task).to_have_count(0)
    begin(page, run)
    expect(task).to_contain_text(re.compile("of 28|/ 28"))
    page.reload()
    expect(task).to_contain_text(re.compile("of 28|/ 28"))
    task.get_by_role("button", name="Stop").click()
    expect(task).to_have_count(0)
    expect(run).to_be_visible()
