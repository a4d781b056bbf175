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

pytestmark = pytest.mark.browser


def begin(page: Page, button: Locator) -> None:
    """Presses a button that costs many pictures, and says yes to that."""
    button.click()
    asked = page.get_by_role("dialog")
    expect(asked).to_contain_text(re.compile(r"\d+ (images|张图像)"))
    asked.locator(".actions .primary").click()
    expect(asked).to_have_count(0)


def confirm(page: Page) -> None:
    """Ticks everything a dialog asks to be ticked, once it is there, and says yes."""
    asked = page.get_by_role("dialog")
    expect(asked.locator(".actions button").first).to_be_visible()
    for checks in asked.locator(".checks").all():
        expect(checks.locator("summary")).to_be_visible()
    for box in asked.locator("#checks input[type=checkbox]").all():
        box.check()
    asked.locator(".actions button").first.click()
    expect(asked).to_have_count(0)


def test_a_theme_is_tuned_compared_tried_deployed_and_taken_back(
    page: Page, server: Server, quick: str, tmp_path: Path
) -> None:
    page.goto(f"{server.url}/?preset={quick}&version=1")
    page.wait_for_selector("html[data-opened]")
    expect(page.locator("#notice")).to_contain_text(re.compile("Quick(, version |，版本 )1"))
    set_number(page, "A-steps", "4")
    page.locator("#save").click()
    expect(page.locator("#notice")).to_contain_text("Saved Quick as version 2.")

    page.goto(f"{server.url}/themes?theme={quick}")
    page.get_by_label("Author").fill("ada")
    expect(page.locator("#versions tr")).to_have_count(2)
    expect(page.locator("#diff")).to_contain_text("A, Sampling steps")
    newest = page.locator("#versions tr").first
    begin(page, newest.get_by_role("button", name="Render"))
    expect(newest.get_by_role("link", name="View report")).to_be_visible()
    with page.context.expect_page() as opened:
        newest.get_by_role("link", name="View report").click()
    sheet = opened.value
    expect(sheet.locator("h1")).to_have_text("Quick, version 2")
    expect(sheet.locator("body")).to_contain_text("Compared with version 1")
    expect(sheet.locator("tr.worst img")).to_have_count(3)
    newest.get_by_role("button", name="Mark as reviewed").click()
    expect(newest.get_by_role("link", name="View again")).to_be_visible()
    begin(page, newest.get_by_role("button", name="Run"))
    expect(newest.locator("b.good, b.bad")).to_have_text(re.compile(r"\d+%"))

    newest.get_by_role("button", name="Deploy").click()
    asked = page.get_by_role("dialog")
    asked.locator(".checks summary").click()
    expect(asked.locator("#checks")).to_contain_text("Regression report reviewed by ada")
    asked.get_by_label("Note").fill("season opens")
    confirm(page)
    expect(page.locator("#active")).to_contain_text("version 2")
    page.locator("#versions tr").nth(1).get_by_role("button", name="Deploy").click()
    confirm(page)
    expect(page.locator("#active")).to_contain_text("version 1")
    page.get_by_role("button", name="Roll back").click()
    expect(asked).to_contain_text("Version 2 goes live again immediately.")
    confirm(page)
    expect(page.locator("#active")).to_contain_text("version 2")
    page.get_by_role("button", name="Undeploy").click()
    confirm(page)
    expect(page.locator("#active")).to_have_text("None")
    expect(page.locator("#deployments tr")).to_have_count(4)
    expect(page.locator("#deployments")).to_contain_text("season opens")

    with page.expect_download() as file:
        newest.get_by_role("link", name="Export").click()
    page.locator("#import").set_input_files(file.value.path())
    expect(page.locator("#versions tr")).to_have_count(2)
    page.on("dialog", lambda dialog: dialog.accept("Quick winter"))
    newest.get_by_role("button", name="Duplicate").click()
    expect(page.locator("#name")).to_have_text("Quick winter")
    expect(page.locator("#versions")).to_contain_text("branched from quick version 2")
    page.get_by_role("button", name="Archive", exact=True).click()
    expect(page.get_by_role("button", name="Unarchive")).to_be_visible()
    expect(page.locator("#themes")).not_to_contain_text("Quick winter")
    page.get_by_label("Include archived").check()
    expect(page.locator("#themes")).to_contain_text("Quick winter")


@pytest.mark.parametrize("width", [390, 1440])
def test_the_page_fits_its_window(page: Page, server: Server, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(f"{server.url}/themes")
    page.wait_for_selector("#versions tr")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_nothing_goes_live_unseen_unsigned_or_by_one_click(
    page: Page, server: Server, slow: str
) -> None:
    """Issue 18, 16: one click put an untested version live with no author; roll back and take
    down acted at once."""
    studio = studio_at(Settings(data_dir=server.home), FakeRenderer)
    page.goto(f"{server.url}/themes?theme={slow}")
    page.evaluate("localStorage.removeItem('doodle-theme-studio-who')")
    page.reload()
    page.locator("#versions tr").first.get_by_role("button", name="Deploy").click()
    asked = page.get_by_role("dialog")
    go = asked.locator(".actions button").first
    boxes = asked.locator("#checks input[type=checkbox]")
    expect(boxes.first).to_be_visible()
    expect(asked.locator("h2")).to_contain_text("Slow")
    expect(go).to_be_disabled()
    asked.get_by_label("Your name").fill("ada")
    expect(go).to_be_disabled()
    for box in boxes.all():
        box.check()
    expect(go).to_be_enabled()
    boxes.last.uncheck()
    expect(go).to_be_disabled()
    boxes.last.check()
    asked.get_by_label("Your name").fill(" ")
    expect(go).to_be_disabled()
    assert studio.stores.deployments.list_all(slow) == []
    asked.get_by_label("Your name").fill("ada")
    go.click()
    expect(page.locator("#active")).to_contain_text("version 1")
    assert studio.stores.deployments.list_all(slow)[0].spec.author == "ada"
    page.get_by_role("button", name="Undeploy").click()
    expect(asked.locator("h2")).to_contain_text("Slow")
    asked.get_by_role("button", name="Cancel").click()
    expect(asked).to_have_count(0)
    assert len(studio.stores.deployments.list_all(slow)) == 1
    page.get_by_role("button", name="Undeploy").click()
    confirm(page)
    expect(page.locator("#active")).to_have_text("None")
    assert studio.stores.deployments.list_all(slow)[0].spec.author == "ada"


def test_long_work_says_its_cost_and_is_seen_and_stopped_after_a_reload(
    page: Page, server: Server, slow: str
) -> None:
    """Issue 18, 16: 168 pictures were begun without a word, and could be seen and stopped nowhere."""
    page.goto(f"{server.url}/themes?theme={slow}")
    page.locator("#versions tr").first.get_by_role("button", name="Run").click()
    asked = page.get_by_role("dialog")
    expect(asked).to_contain_text("28 images (0 already cached).")
    asked.get_by_role("button", name="Cancel").click()
    expect(page.locator(".task")).to_have_count(0)
    begin(page, page.locator("#versions tr").first.get_by_role("button", name="Run"))
    expect(page.locator(".task")).to_contain_text(re.compile("of 28|/ 28"))
    page.reload()
    expect(page.locator(".task")).to_contain_text("Slow")
    page.goto(f"{server.url}/admin/system")
    task = page.locator(".task")
    expect(task).to_contain_text("Slow")
    expect(task).to_contain_text(re.compile("of 28|/ 28"))
    expect(page.locator("#runs .nothing")).not_to_be_visible()
    task.get_by_role("button", name="Stop").click()
    expect(task).to_have_count(0)
    expect(page.locator("#runs .nothing")).to_be_visible()
    page.goto(f"{server.url}/themes?theme={slow}")
    expect(page.locator("#versions tr").first.locator("b.good, b.bad")).to_have_count(0)


@pytest.mark.parametrize("width", [390, 1440])
def test_the_dialogs_fit_the_window(page: Page, server: Server, quick: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(f"{server.url}/themes?theme={quick}")
    page.locator("#versions tr").first.get_by_role("button", name="Deploy").click()
    asked = page.get_by_role("dialog")
    expect(asked.locator("#checks input").first).to_be_visible()
    assert violations(page) == []
    box, go = asked.bounding_box(), asked.locator(".actions button").first.bounding_box()
    assert box is not None
    assert go is not None
    assert (box["x"] >= 0, box["x"] + box["width"] <= width) == (True, True)
    # What answers is in sight without scrolling.
    assert go["y"] + go["height"] <= 844
