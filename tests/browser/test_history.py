"""The history page: an endless list, a filter, a closer look, restoring, deleting."""

import pytest
from playwright.sync_api import Page, Route, expect

from studio.store.database import Database
from studio.store.images.files import FileImageStore
from studio.store.variants import VariantStore
from tests.browser.conftest import Server
from tests.history import keep_variants
from tests.waiting import until

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module", autouse=True)
def kept(server: Server) -> VariantStore:
    database = Database(f"sqlite:///{server.home / 'studio.db'}")
    store = VariantStore(database, FileImageStore(server.home / "pictures"))
    keep_variants(store, 200)
    return store


@pytest.fixture
def history(page: Page, server: Server) -> Page:
    page.goto(f"{server.url}/history")
    expect(page.locator("#list figure").first).to_be_visible()
    return page


def scrolled_end(page: Page) -> str:
    """What the list says at its end, after one more turn of the wheel."""
    page.mouse.wheel(0, 4000)
    return page.locator("#end").inner_text()


def test_the_list_grows_as_one_scrolls_and_ends(history: Page) -> None:
    assert history.locator("#list figure").count() < 200
    until(lambda: scrolled_end(history))
    expect(history.locator("#end")).to_have_text("End of results")
    expect(history.locator("#list figure")).to_have_count(200)
    expect(history.locator("#count")).to_have_text("200 variants")


HELD_BACK = """
window.IntersectionObserver = class extends IntersectionObserver {
  constructor(call, options) {
    const kept = [];
    super((entries) => {
      if (!kept.length) setTimeout(() => call(kept.splice(0), this), 300);
      kept.push(...entries);
    }, options);
  }
};
"""
"""An observer as on a busy page: what it sees within 300 ms comes in one call."""


def test_the_list_ends_on_a_busy_page_and_after_a_failed_answer(page: Page, server: Server) -> None:
    page.add_init_script(HELD_BACK)
    asked = []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        if len(asked) == 3:
            route.fulfill(status=503, json={"detail": "away"})
        else:
            route.continue_()

    page.route("**/api/v1/variants?*", answer)
    page.goto(f"{server.url}/history")
    expect(page.locator("#list figure").first).to_be_visible()
    until(lambda: scrolled_end(page))
    expect(page.locator("#list figure")).to_have_count(200)


def test_the_filter_narrows_the_list(history: Page) -> None:
    history.locator("[name=slot]").select_option("B")
    history.get_by_label("Prompt contains").fill("dress 19")
    expect(history.locator("#list figure")).to_have_count(2)  # 193 and 197 are B's.
    history.get_by_label("Prompt contains").fill("no such thing")
    expect(history.locator("#end")).to_have_text("No matches")


def test_a_variant_is_looked_at_and_restored_in_the_studio(history: Page) -> None:
    history.get_by_label("Prompt contains").fill("dress 198")
    expect(history.locator("#list figure")).to_have_count(1)
    history.get_by_title("View").click()
    detail = history.locator("#detail")
    expect(detail).to_contain_text("a red dress 198")
    expect(detail).to_contain_text("pocket-ink")
    detail.get_by_text("Open in studio").click()
    expect(history.locator("#notice")).to_contain_text("Restored recipe C (seed 198).")
    expect(history.locator("#seed input")).to_have_value("198")
    expect(history.locator(".sketch-base")).to_have_attribute("alt", "Ada")
    assert "variant" not in history.url


def test_chosen_variants_are_deleted_with_their_files(
    history: Page, kept: VariantStore, server: Server
) -> None:
    history.get_by_label("Prompt contains").fill("dress 10")
    figures = history.locator("#list figure")
    expect(figures).to_have_count(11)  # 10 and 100 to 109.
    figures.first.get_by_role("checkbox").check()
    figures.nth(1).get_by_role("checkbox").check()
    history.on("dialog", lambda dialog: dialog.accept())
    history.get_by_role("button", name="Delete 2 selected").click()
    expect(figures).to_have_count(9)


@pytest.mark.parametrize("width", [390, 1440])
def test_the_history_fits_its_window(history: Page, width: int) -> None:
    history.set_viewport_size({"width": width, "height": 844})
    assert history.evaluate("document.documentElement.scrollWidth") <= width
