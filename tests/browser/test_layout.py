"""The studio's layout from a phone to a desk: nothing over anything, nothing left blank."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server
from tests.browser.driving import settle

pytestmark = pytest.mark.browser

WIDTHS = (390, 768, 900, 1024, 1107, 1440)
OVERLAPS = """() => [...document.querySelectorAll('.card-done')].flatMap((card) => {
  const boxes = [...card.querySelectorAll('footer > *')].map((it) => [it, it.getBoundingClientRect()])
    .filter(([, box]) => box.width && box.height);
  const frame = card.getBoundingClientRect();
  const outside = boxes.filter(([, b]) => b.left < frame.left || b.right > frame.right + 0.5 || b.bottom > frame.bottom + 0.5);
  const over = boxes.flatMap(([one, a], i) => boxes.slice(i + 1)
    .filter(([, b]) => a.left < b.right - 0.5 && b.left < a.right - 0.5 && a.top < b.bottom - 0.5 && b.top < a.bottom - 0.5)
    .map(([other]) => `${one.textContent} over ${other.textContent}`));
  const cut = boxes.filter(([it]) => it.matches('a, button') && it.scrollWidth > it.clientWidth + 1);
  return [...over, ...[...outside, ...cut].map(([it]) => `${it.textContent} is cut off`)];
})"""
ROWS = """() => [...document.querySelectorAll('.card-done')].map((card) => {
  const range = document.createRange();
  const texts = [...card.querySelectorAll('footer a, footer button')].map((it) => {
    range.selectNodeContents(it);
    return range.getBoundingClientRect();
  });
  const rows = [...new Set(texts.map((b) => Math.round(b.top)))].sort((a, b) => a - b);
  return rows.filter((top, i) => i > 0 && top - rows[i - 1] < 10).length;
})"""
PANES = """() => Object.fromEntries(['canvas', 'results', 'inspector'].map((name) => {
  const { left, right, top, bottom } = document.getElementById(`${name}-pane`).getBoundingClientRect();
  return [name, { left, right, top, bottom }];
}))"""
RAIL, TOPBAR = 56, 48
NEEDED = (".sketch canvas", "#user-prompt", "#generate", "#card-A", "#card-B", "#card-C", "#card-D", "#save")  # fmt: skip
"""What a run needs."""


def wrong_panes(page: Page, width: int, height: int) -> list[str]:
    """What is wrong with the panes of a window of this size."""
    panes = page.evaluate(PANES)
    canvas, results, inspector = (panes[name] for name in ("canvas", "results", "inspector"))
    if width <= 760:
        stacked = canvas["left"] == 0 == results["left"] and canvas["right"] == width
        return [] if stacked and results["top"] >= canvas["bottom"] else [f"not stacked: {panes}"]
    end = inspector["left"] if width > 1100 else width
    edges = [canvas["left"], canvas["right"], results["right"]]
    if any(
        abs(one - other) > 1 for one, other in zip(edges, (RAIL, results["left"], end), strict=True)
    ):
        return [f"there is a gap or an overlap: {panes}"]
    shown = [canvas, results, *([inspector] if width > 1100 else [])]
    if any((pane["top"], pane["bottom"]) != (TOPBAR, height) for pane in shown):
        return [f"not as high as the window: {panes}"]
    scrolled = page.evaluate("document.documentElement.scrollHeight")
    return [] if scrolled == height else [f"the page scrolls: {scrolled}"]


def test_what_a_run_needs_is_in_one_viewport(page: Page) -> None:
    page.set_viewport_size({"width": 1440, "height": 900})
    settle(page)
    boxes = {each: page.locator(each).first.bounding_box() for each in NEEDED}
    below = {
        each: box
        for each, box in boxes.items()
        if box is None or box["y"] < 0 or box["y"] + box["height"] > 900
    }
    assert below == {}


def test_on_a_phone_generate_is_always_within_reach(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    for scroll in (0, 5000):
        page.evaluate(f"window.scrollTo(0, {scroll})")
        generate, rail = (page.locator(each).bounding_box() for each in ("#generate", ".rail"))
        assert generate is not None
        assert rail is not None
        assert generate["y"] + generate["height"] <= rail["y"]
        assert rail["y"] + rail["height"] == 844
    page.get_by_role("button", name="More", exact=True).click()
    page.locator("#more").get_by_role("link", name="System").click()
    page.wait_for_url("**/admin/system")


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_no_two_buttons_of_a_card_overlap_and_the_panes_fill_the_window(
    page: Page, server: Server, quick: str, language: str
) -> None:
    """Issue 18, 16 (review B5): at 390 px a card's buttons lay over one another; from 761 to
    1107 px the right half of the page was blank."""
    page.goto(f"{server.url}/?preset={quick}&version=1&lang={language}")
    page.wait_for_selector("html[data-opened]")
    page.locator("#generate").click()
    expect(page.locator(".card-done")).to_have_count(4)
    wrong = {}
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        settle(page)
        found = list(page.evaluate(OVERLAPS))
        if any(page.evaluate(ROWS)):
            found.append("a card's words stand at several heights in a row")
        found += wrong_panes(page, width, 900)
        if page.evaluate("document.documentElement.scrollWidth") > width:
            found.append("the page is wider than its window")
        if found:
            wrong[width] = found
    assert wrong == {}
