"""For everyone: screen readers and contrast by axe-core, light and dark; English and Chinese."""

import re
from collections.abc import Iterator
from importlib.resources import files

import pytest
from playwright.sync_api import Browser, Page, expect

from studio.server.places import PLAIN_PAGES
from tests.browser.conftest import LANGUAGES, SIZES, Server, open_studio
from tests.browser.driving import choose, inspector, settle

pytestmark = pytest.mark.browser

ADDRESSES = [page.address for page in PLAIN_PAGES]
AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text()
RULES = "{ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] }"
NAMES = frozenset(
    [
        "Token",
        "API",
        "CFG",
        "CLIP",
        "NSFW",
        "OpenPose",
        "DeepCache",
        "webhook",
        "Scribble",
        "Lineart",
        "Canny",
        "LoRA",
        "VAE",
        "VAEs",
        "ControlNet",
        "ControlNets",
        "PNG",
        "ZIP",
        "Ctrl",
        "Shift",
        "Tab",
        "RAM",
        "prompt",
        "pocket",
        "Mia",
        "Noah",
        "Ruby",
        "Kofi",
        "Rosa",
        "Ada",
    ]
)
HASH = re.compile(r"\b[0-9a-f]{10}\b")
LATIN = re.compile(r"[A-Za-z]{3,}")


def violations(page: Page) -> list[str]:
    page.evaluate(AXE)
    found = page.evaluate(f"axe.run(document, {RULES})")["violations"]
    return [f"{v['id']}: {n['html'][:160]}" for v in found for n in v["nodes"]]


def open_plain(page: Page, server: Server, address: str) -> None:
    page.goto(f"{server.url}{address}")
    if address == "/admin/system":  # It asks for news for ever.
        expect(page.locator("#versions")).to_contain_text("diffusers")
    else:
        page.wait_for_load_state("networkidle")
    settle(page)


@pytest.fixture(params=["light", "dark"])
def themed(request: pytest.FixtureRequest, browser: Browser, place: str) -> Iterator[Page]:
    """Light and dark, at each place: `make test-pages` has two sizes and two languages."""
    size, _, language = place.partition("-")
    with browser.new_context(
        color_scheme=request.param,
        locale=LANGUAGES[language],
        viewport=SIZES[size],
        has_touch=size == "phone",
    ) as context:
        yield context.new_page()


def test_the_studio_has_no_barriers(themed: Page, server: Server) -> None:
    open_studio(themed, server)
    themed.locator("#account").click()
    settle(themed)
    assert violations(themed) == []
    themed.keyboard.press("Escape")
    with inspector(themed):
        themed.locator("#tab-All").click()
        settle(themed)
        assert violations(themed) == []


def test_the_plain_pages_have_no_barriers(themed: Page, server: Server) -> None:
    """In one page, since a browser's context takes as long to open as a page. The pages of a theme are looked at where
    they are filled (test_themes.py), /play with its images (test_play.py)."""
    found = {}
    for address in [*ADDRESSES, "/themes/first-light/policy", "/nowhere"]:
        open_plain(themed, server, address)
        found[address] = violations(themed)
    themed.goto(f"{server.url}/tests")
    themed.locator("#new").click()
    found["new test"] = violations(themed)
    open_plain(themed, server, "/assets/base-images#zones")
    found["zones"] = violations(themed)
    assert {place: each for place, each in found.items() if each} == {}


@pytest.fixture
def chinese(browser: Browser) -> Iterator[Page]:
    with browser.new_context(locale="zh-CN") as context:
        yield context.new_page()


def left_in_english(page: Page) -> set[str]:
    """Words of three letters and more that are seen and are no names."""
    text: str = page.evaluate("""() => {
      for (const own of document.querySelectorAll('[translate=no]')) own.remove();
      return document.body.innerText;
    }""")
    return {word for word in LATIN.findall(HASH.sub("", text)) if word not in NAMES}


def test_the_studio_speaks_chinese(chinese: Page, server: Server) -> None:
    open_studio(chinese, server)
    expect(chinese.locator("#generate")).to_have_text("生成")
    expect(chinese.get_by_label("提示词", exact=True)).to_be_visible()
    expect(chinese.locator("#A-steps")).to_contain_text("采样步数")
    assert chinese.evaluate("document.documentElement.lang") == "zh-CN"
    assert left_in_english(chinese) == set()


def test_a_phone_shows_no_name_a_sign_a_line(chinese: Page, server: Server) -> None:
    chinese.set_viewport_size({"width": 390, "height": 844})
    open_studio(chinese, server)
    with inspector(chinese):
        name = chinese.locator("#A-steps label").bounding_box()
    assert name is not None
    assert name["height"] < name["width"]


def test_errors_and_the_gate_speak_chinese(chinese: Page, server: Server) -> None:
    open_studio(chinese, server)
    chinese.locator("#user-prompt textarea, #user-prompt input").first.fill("裙" * 501)
    chinese.locator("#generate").click()
    expect(chinese.locator("#notice")).to_have_text("提示词过长：501 个字符（最多 500 个）。")
    chinese.goto(f"{server.url}/themes/first-light/versions/1/review")
    chinese.get_by_role("button", name="发布…").click()
    chinese.locator("#checks summary").click()
    expect(chinese.locator("#checks")).to_contain_text("模型相互兼容")
    known = {"scribble", "lineart", "pose", "ink", "water", "pocket", "studio", "themes", "regression", "sheet",
             "robustness", "first", "light", "version", "out", "mia", "noah", "ruby", "kofi", "rosa", "ada", "ControlNet", "NSFW", "token"}  # fmt: skip
    told = chinese.locator("#checks").inner_text()
    assert set(LATIN.findall(told)) - known == set()


def test_what_is_chosen_is_shown_in_chinese_too(chinese: Page, server: Server) -> None:
    open_studio(chinese, server)
    preprocessor = chinese.locator("[id='A-control_units-0-preprocessor'] select")
    expect(preprocessor).to_have_value("scribble")
    choose(chinese, "A-control_units-0-preprocessor", "线稿（Lineart）")
    expect(preprocessor).to_have_value("lineart")
    expect(chinese.locator("#unsaved")).to_contain_text(
        "A，控制单元 pocket-scribble，预处理器：涂鸦（Scribble） → 线稿（Lineart）"
    )
    chinese.reload()
    chinese.wait_for_selector("html[data-opened]")
    expect(preprocessor).to_have_value("lineart")


@pytest.mark.parametrize("address", ADDRESSES)
def test_the_plain_pages_speak_chinese(chinese: Page, server: Server, address: str) -> None:
    open_plain(chinese, server, address)
    assert left_in_english(chinese) == set()


def test_the_language_is_chosen_and_kept(chinese: Page, server: Server) -> None:
    chinese.goto(f"{server.url}/history")
    chinese.locator("#account").click()
    chinese.get_by_role("link", name="English").click()
    expect(chinese.locator(".rail")).to_contain_text("History")
    chinese.goto(f"{server.url}/assets/models")
    expect(chinese.locator("h1")).to_have_text("Models")
    chinese.locator("#account").click()
    chinese.get_by_role("link", name="中文").click()
    expect(chinese.locator("h1")).to_have_text("模型")


def test_a_choice_of_before_counts_once(chinese: Page, server: Server) -> None:
    """Browsers kept the language for themselves before the server wrote the pages. Issue 19, 1."""
    chinese.goto(f"{server.url}/assets/models")
    chinese.evaluate("localStorage.setItem('doodle-theme-studio-language', 'en')")
    chinese.goto(f"{server.url}/history?slot=B")
    expect(chinese.locator(".rail")).to_contain_text("History")
    assert chinese.url.endswith("?slot=B")
    assert chinese.evaluate("localStorage.getItem('doodle-theme-studio-language')") is None
    [cookie] = [c for c in chinese.context.cookies() if c["name"] == "studio_language"]
    assert cookie["value"] == "en"
