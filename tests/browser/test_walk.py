"""The whole way at both sizes and in both languages: drawn, tuned, generated, compared, looked up."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Server
from tests.browser.driving import DRAWN_AT_THE_WAIST, inspector, scribble_a_dress, set_number

pytestmark = pytest.mark.browser

SIZES = {"desk": (1440, 900), "phone": (390, 844)}
SAID = {
    "en-US": {
        "unsaved": "1 unsaved change", "done": "Generated 4 variants in", "diverse": "Variety:",
        "themes": "What changed", "axis": "X: columns", "end": "End of results",
    },
    "zh-CN": {
        "unsaved": "1 处未保存的修改", "done": "已生成 4 个方案", "diverse": "多样性：",
        "themes": "变更内容", "axis": "X：列", "end": "没有更多结果",
    },
}  # fmt: skip


EVERYWHERE = [
    ("desk", "en-US"),
    ("phone", "zh-CN"),
    pytest.param(("desk", "zh-CN"), marks=pytest.mark.slow),
    pytest.param(("phone", "en-US"), marks=pytest.mark.slow),
]


@pytest.fixture(params=EVERYWHERE, ids="-".join)
def where(request: pytest.FixtureRequest) -> tuple[str, str]:
    size, language = request.param
    return str(size), str(language)


@pytest.fixture
def walker(browser: Browser, where: tuple[str, str]) -> Iterator[Page]:
    width, height = SIZES[where[0]]
    phone = where[0] == "phone"
    with browser.new_context(
        viewport={"width": width, "height": height}, locale=where[1], has_touch=phone
    ) as context:
        page = context.new_page()
        yield page


def test_the_whole_way(walker: Page, where: tuple[str, str], server: Server, quick: str) -> None:
    said, errors = SAID[where[1]], []
    walker.on("pageerror", lambda error: errors.append(str(error)))
    walker.goto(f"{server.url}/?preset={quick}&version=1")
    walker.wait_for_selector("html[data-opened]")
    expect(walker.locator("#notice")).to_contain_text("Quick")
    walker.locator(".sketch canvas").scroll_into_view_if_needed()
    scribble_a_dress(walker)
    walker.wait_for_function(DRAWN_AT_THE_WAIST)
    walker.locator("#user-prompt textarea, #user-prompt input").first.fill("a red dress")
    set_number(walker, "A-steps", "4")
    expect(walker.locator("#unsaved")).to_contain_text(said["unsaved"])
    walker.locator("#generate").click()
    expect(walker.locator(".card-done")).to_have_count(4)
    expect(walker.locator("#notice")).to_contain_text(said["done"])
    expect(walker.locator("#grid .metrics")).to_contain_text(said["diverse"])
    walker.locator("#card-A .open").click()
    expect(walker.locator("dialog[open] img").first).to_be_visible()
    walker.keyboard.press("Escape")
    with inspector(walker):
        walker.locator("#open-grid").click()
        expect(walker.locator("grid-editor .axis").first).to_contain_text(said["axis"])
        expect(walker.locator("grid-editor .grid-cost")).to_contain_text("5")
        walker.keyboard.press("Escape")
        expect(walker.locator("grid-editor")).to_have_count(0)
    walker.reload()
    walker.wait_for_selector("html[data-opened]")
    walker.wait_for_function(DRAWN_AT_THE_WAIST)
    expect(walker.locator("#unsaved")).to_contain_text(said["unsaved"])

    for address, shown, text in (
        (f"themes/{quick}/versions/1/review", "h2", said["themes"]),
        (f"history?theme={quick}", "#end", said["end"]),
        ("assets/base-images", "#gallery", "Mia"),
        ("assets/models", "#models", "pocket-water"),
        ("admin/system", "#versions", "diffusers"),
    ):
        walker.goto(f"{server.url}/{address}")
        expect(walker.locator(shown).filter(has_text=re.compile(re.escape(text))).first).to_be_visible()  # fmt: skip
        assert walker.evaluate("document.documentElement.scrollWidth") <= SIZES[where[0]][0]
    assert errors == []
