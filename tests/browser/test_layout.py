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
USED = """() => {
  const boxes = ['left', 'right'].map((id) => document.getElementById(id).getBoundingClientRect());
  const across = Math.max(...boxes.map((b) => b.right)) - Math.min(...boxes.map((b) => b.left));
  const beside = Math.abs(boxes[0].top - boxes[1].top) < 5;
  const width = boxes.reduce((sum, b) => sum + b.width, 0);
  // Side by side, both together; one below the other, each by itself.
  return { across, beside, narrowest: Math.min(...boxes.map((b) => b.width)), width };
}"""


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_no_two_buttons_of_a_card_overlap_and_the_workbench_uses_the_width(
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
        used = page.evaluate(USED)
        found = list(page.evaluate(OVERLAPS))
        if any(page.evaluate(ROWS)):
            found.append("a card's words stand at several heights in a row")
        whole = width - 2 * 32  # The page's own gutters.
        if used["across"] < whole or (not used["beside"] and used["narrowest"] < whole):
            found.append(f"the workbench takes {used}")
        if used["beside"] and used["width"] < whole - 40:
            found.append(f"the workbench is half empty: {used}")
        if page.evaluate("document.documentElement.scrollWidth") > width:
            found.append("the page is wider than its window")
        if found:
            wrong[width] = found
    assert wrong == {}
