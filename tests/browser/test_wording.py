"""No page says anything that is not in the languages' files: each is opened in a language that
brackets every text of theirs. Issue 19, 1."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from studio.locales.negotiation import COOKIE
from studio.server.places import PLAIN_PAGES
from tests.browser.conftest import Server, open_studio
from tests.browser.pseudo import LANGUAGE
from tests.browser.test_everyone import open_plain

pytestmark = pytest.mark.browser

HARD_WIRED = """() => {
  const OTHERS = '[translate=no], script, style, textarea, noscript, time';
  const NAMED = ['placeholder', 'title', 'aria-label', 'alt'];
  const bare = (text) => {
    let rest = text;
    for (let before = ''; before !== rest;) [before, rest] = [rest, rest.replace(/⟦[^⟦⟧]*⟧/g, '')];
    rest = rest.replace(/^[^⟦⟧]*⟧|⟦[^⟦⟧]*$/g, ''); // Marked up within.
    return /\\p{L}/u.test(rest) && !/^[\\s,]*[A-D][\\s,]*$/.test(rest);
  };
  const found = bare(document.title) ? [`title: ${document.title}`] : [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const own = node.nodeType === Node.TEXT_NODE ? node.parentElement : node;
    if (own.closest(OTHERS) || !(own.closest('select') ?? own).checkVisibility()) continue;
    const texts = own === node ? NAMED.map((name) => node.getAttribute(name) ?? '') : [node.nodeValue];
    found.push(...texts.filter(bare).map((text) => `${own.tagName.toLowerCase()}: ${text.trim()}`));
  }
  return found;
}"""
"""Texts with letters outside of brackets, but for recipes' slots and what is somebody's own words."""
NO_TEXT = re.compile(
    r"input: (number input|range slider) for ⟦.+⟧"
    r"|(img|button|span): (Mia|Noah|Ruby|Kofi|Rosa|Ada)"
    r"|button: (Ink|Watercolor), (faithful|free)"
    r"|span: \w+ · [\d.]+ MB · [0-9a-f]{10}"
)
"""What Gradio says itself, base images and recipes by their names, and a model's facts."""


@pytest.fixture(scope="module")
def bracketed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("home"), module="tests.browser.pseudo")
    running.start()
    yield running
    running.stop()


@pytest.fixture
def page(browser: Browser, bracketed: Server) -> Iterator[Page]:
    with browser.new_context(locale="en-US") as context:
        context.add_cookies([{"name": COOKIE, "value": LANGUAGE, "url": bracketed.url}])
        yield context.new_page()


@pytest.mark.parametrize("address", [*(page.address for page in PLAIN_PAGES), "/sign-in"])
def test_a_plain_page_has_no_hard_wired_text(page: Page, bracketed: Server, address: str) -> None:
    open_plain(page, bracketed, address)
    assert page.evaluate("document.documentElement.lang") == LANGUAGE
    assert page.locator("h1").first.inner_text().startswith("⟦")
    found = page.evaluate(HARD_WIRED)
    assert found == [], "\n".join(found)


def test_the_studio_has_no_hard_wired_text(page: Page, bracketed: Server) -> None:
    open_studio(page, bracketed)
    found = [each for each in page.evaluate(HARD_WIRED) if not NO_TEXT.fullmatch(each)]
    assert found == [], "\n".join(found)
