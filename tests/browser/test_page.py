"""The page as a whole: it fits its window, and takes the first click."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Server, open_studio
from tests.browser.driving import DRAWN_AT_THE_WAIST, settle

pytestmark = pytest.mark.browser

WATCH_SHIFTS = """window.shift = 0;
new PerformanceObserver((list) => {
  for (const { value, hadRecentInput } of list.getEntries()) window.shift += hadRecentInput ? 0 : value;
}).observe({ type: 'layout-shift', buffered: true });"""


@pytest.mark.parametrize("width", [390, 1440])
def test_the_page_fits_its_window(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    page.wait_for_function(f"document.documentElement.scrollWidth <= {width}")
    settle(page)
    box = page.locator(".sketch canvas").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width


def test_nothing_moves_while_the_page_loads(browser: Browser, server: Server) -> None:
    """Review, screen 1: a layout shift (CLS) of 1.56; less than 0.1 is good."""
    with browser.new_context(viewport={"width": 1440, "height": 900}) as context:
        opened = context.new_page()
        opened.add_init_script(WATCH_SHIFTS)
        open_studio(opened, server)
        settle(opened)
        assert opened.evaluate("window.shift") < 0.1


def test_a_click_right_after_the_page_opened_is_answered(browser: Browser, server: Server) -> None:
    """Through Gradio's queue one such click in fifteen was lost, so ten are made."""
    for _ in range(10):
        with browser.new_context() as context:
            opened = context.new_page()
            open_studio(opened, server)
            opened.locator("#sample-doodles [data-id=star-dress]").click()
            opened.wait_for_function(DRAWN_AT_THE_WAIST)


def test_the_keyboard_reaches_generate_soon_and_every_command(page: Page) -> None:
    """Issue 22, 10: at most 12 Tab stops to Generate (72 before); a palette, found in any language."""
    focused = "document.activeElement.id"
    stops = 0
    while page.evaluate(focused) != "generate":
        page.keyboard.press("Tab")
        stops += 1
        assert stops <= 12
    page.keyboard.press("?")
    expect(page.locator(".shortcuts")).to_contain_text("Ctrl+Enter")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    palette = page.get_by_role("dialog", name="Search and commands")
    palette.get_by_role("combobox").fill("历史")
    expect(palette.get_by_role("option")).to_have_text(["HistoryPage"])
    page.keyboard.press("Enter")
    page.wait_for_url("**/history")


def test_the_themes_name_and_version_are_readable(page: Page) -> None:
    name = page.locator("#theme-name").get_by_role("textbox")
    for width in (390, 768, 1440):
        page.set_viewport_size({"width": width, "height": 844})
        settle(page)
        seen = "it => document.elementFromPoint(...['left', 'top'].map((side) => it.getBoundingClientRect()[side] + 12)) === it"  # fmt: skip
        assert name.evaluate(seen), width
        assert name.evaluate("it => it.clientWidth >= 60"), width
        expect(page.locator("#version-state b")).to_be_visible()
    expect(page.locator("#version-state")).to_have_text("v1 · savedDraft")
    name.fill("Garden party")
    expect(page.locator("#version-state")).to_contain_text("1 unsaved change")


def test_controls_wait_for_their_script_and_links_do_not(page: Page, server: Server) -> None:
    page.route("**/tests*.js", lambda _: None)  # It does not come.
    page.goto(f"{server.url}/tests", wait_until="commit")
    takes_focus = "it => { it.focus(); return document.activeElement === it; }"
    assert not page.locator("#kind").evaluate(takes_focus)
    page.locator(".rail [data-place=themes]").click()
    page.wait_for_url("**/themes")
    page.unroute("**/tests*.js")
    page.goto(f"{server.url}/tests", wait_until="commit")
    page.locator("#new").click()
    expect(page.get_by_role("dialog", name="New test")).to_be_visible()
