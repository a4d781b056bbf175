"""Grids: the dialog over what the page shows, live cells, what becomes of a cell; the list of tests."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Log, Server
from tests.browser.driving import open_field, set_number

pytestmark = pytest.mark.browser


def choose_values(page: Page, axis: int, field: str, *values: str) -> None:
    """Varies a field with a list of values by an axis of the editor; it has others on at first."""
    row = page.locator("grid-editor .axis").nth(axis)
    row.locator("select").select_option(field)
    for box in row.locator("[type=checkbox]").all():
        box.set_checked(box.get_attribute("value") in values)


def test_a_grid_is_started_from_the_page_opened_and_applied(page: Page, log: Log) -> None:
    set_number(page, "A-steps", "2")
    page.locator("#open-grid").click()
    editor = page.locator("grid-editor")
    expect(editor.locator(".grid-source")).to_contain_text("First light, unsaved changes")
    for _ in range(3):
        editor.locator(".axis").first.get_by_label("Fewer values").click()
    choose_values(page, 1, "sampler", "Euler", "DDIM")
    expect(editor.locator(".grid-cost")).to_contain_text(re.compile(r"4 images|4 张图像"))
    start = editor.locator(".grid-foot .primary")
    expect(start).to_be_enabled()
    start.click()
    view = page.locator("grid-view")
    expect(view.locator(".cell img")).to_have_count(4)
    expect(view.locator("thead th")).to_have_count(3)
    view.locator(".cell").last.focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    cell = page.locator(".cell-dialog")
    expect(cell.locator("img")).not_to_have_js_property("naturalWidth", 0)
    opened = cell.locator("h2").inner_text()
    page.keyboard.press("ArrowLeft")
    expect(cell.locator("h2")).not_to_have_text(opened)
    page.keyboard.press("ArrowRight")
    expect(cell.locator("h2")).to_have_text(opened)
    strength = opened.split(",")[0].rpartition(" ")[2]
    cell.locator("select").select_option("B")
    cell.locator(".cell-actions .primary").click()
    expect(page.locator("#notice")).to_contain_text(
        re.compile("Applied to recipe B|已应用到配方 B")
    )
    strengths = open_field(page, "B-denoising_strength").locator("input[type=number]")
    expect(strengths).to_have_value(strength)
    assert log.errors == []


def test_a_grid_is_listed_stopped_and_goes_on_after_a_reload(
    page: Page, server: Server, slow: str
) -> None:
    page.goto(f"{server.url}/tests")
    page.locator("#new").click()
    page.locator(".kind").first.click()
    page.locator(".test-form select").first.select_option(slow)
    expect(page.locator(".test-form select[name=version] option")).to_have_count(1)
    page.locator(".test-form .actions .primary").click()
    choose_values(page, 1, "sampler", "Euler", "DDIM")
    start = page.locator("grid-editor .grid-foot .primary")
    expect(start).to_be_enabled()
    start.click()
    expect(page.locator("grid-view .grid-progress")).to_contain_text("10")
    page.goto(f"{server.url}/tests?theme={slow}")
    row = page.locator(".test").first
    expect(row).to_have_attribute("data-state", "running")
    row.get_by_role("button", name="Stop").click()
    expect(row).to_have_attribute("data-state", "stopped", timeout=120_000)
    row.get_by_role("button", name="Resume").click()
    page.get_by_role("dialog").locator(".actions .primary").click()
    expect(row).to_have_attribute("data-state", "running")
    row.get_by_role("button", name="Stop").click()
    expect(row).to_have_attribute("data-state", "stopped", timeout=120_000)
    page.locator("#kind").select_option("study")
    expect(page.locator("#no-tests")).to_be_visible()
    page.locator("#no-tests button").click()
    expect(row).to_be_visible()


@pytest.mark.parametrize("width", [390, 1440])
def test_the_list_fits_its_window(page: Page, server: Server, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(f"{server.url}/tests")
    page.wait_for_selector("#tests[aria-busy=false]")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
