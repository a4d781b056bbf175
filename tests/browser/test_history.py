"""The history page: runs and images in an endless list, filters in the address, one image closely, labels,
comparing, deleting."""

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
    expect(page.locator(".tile").first).to_be_visible()
    return page


def scrolled_end(page: Page) -> str:
    """What the list says at its end, after one more turn of the wheel."""
    page.mouse.wheel(0, 4000)
    return page.locator("#end").inner_text()


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


def test_runs_are_listed_to_the_end_on_a_busy_page_and_after_a_failed_answer(
    page: Page, server: Server
) -> None:
    page.add_init_script(HELD_BACK)
    asked = []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        if len(asked) == 2:
            route.fulfill(status=503, json={"detail": "away"})
        else:
            route.continue_()

    page.route("**/api/v1/variants/runs?*", answer)
    page.goto(f"{server.url}/history")
    expect(page.locator(".run .tile").first).to_be_visible()
    until(lambda: scrolled_end(page))
    expect(page.locator(".run")).to_have_count(50)
    expect(page.locator("#count")).to_have_text("50 runs")


def test_filters_are_in_the_address_and_back_takes_them_back(history: Page) -> None:
    history.get_by_text("Images", exact=True).click()
    history.get_by_label("Prompt contains").fill("dress 19")
    expect(history.locator(".tile")).to_have_count(11)  # 19 and 190 to 199.
    history.get_by_role("button", name="Filters", exact=True).click()
    history.locator("[name=slot]").select_option("B")
    expect(history.locator(".tile")).to_have_count(2)  # 193 and 197 are B's.
    history.go_back()
    expect(history.locator(".tile")).to_have_count(11)
    history.reload()
    expect(history.locator(".tile")).to_have_count(11)
    history.get_by_label("Prompt contains").fill("no such thing")
    expect(history.locator("#end")).to_contain_text("No matches")
    history.locator("#end").get_by_role("button", name="Clear filters").click()
    expect(history.locator(".tile").first).to_be_visible()


def test_one_image_after_another_is_looked_at_starred_tagged_and_restored(history: Page) -> None:
    history.get_by_label("Prompt contains").fill("dress 198")
    expect(history.locator(".run")).to_have_count(1)
    history.locator(".open").nth(1).click()
    detail = history.locator("#detail")
    expect(detail).to_contain_text("a red dress 197")
    history.keyboard.press("ArrowRight")
    expect(detail).to_contain_text("a red dress 198")
    expect(detail).to_contain_text("pocket-ink")
    history.keyboard.press("s")
    expect(detail.get_by_role("button", name="Star")).to_have_attribute("aria-pressed", "true")
    detail.get_by_label("Tag", exact=True).fill("gold")
    history.keyboard.press("Enter")
    expect(detail.locator("[data-kind=tag] li")).to_contain_text("gold")
    history.keyboard.press("Escape")
    expect(history.locator(".tile.starred")).to_have_count(1)
    history.get_by_role("button", name="Clear filters").click()
    history.get_by_text("Starred").click()
    expect(history.locator(".run")).to_have_count(1)
    history.locator(".starred .open").click()
    detail.get_by_text("Use this recipe").click()
    expect(history.locator("#notice")).to_contain_text("Restored recipe C (seed 198).")
    expect(history.locator("#seed input")).to_have_value("198")
    assert "variant" not in history.url


def test_selected_images_are_compared_and_deleted(history: Page, kept: VariantStore) -> None:
    history.goto(f"{history.url}?view=images&text=dress+10")
    tiles = history.locator(".tile")
    expect(tiles).to_have_count(11)  # 10 and 100 to 109.
    for tile in (tiles.first, tiles.nth(1)):
        tile.get_by_role("checkbox").check()
    history.get_by_role("button", name="Compare").click()
    expect(history.locator(".lightbox .pane")).to_have_count(2)
    history.keyboard.press("Escape")
    history.get_by_role("button", name="Delete 2").click()
    history.get_by_role("dialog").get_by_role("button", name="Delete 2").click()
    expect(tiles).to_have_count(9)


def test_a_search_is_saved_under_a_name(history: Page) -> None:
    history.get_by_label("Prompt contains").fill("dress 15")
    expect(history.locator("#clear-filters")).to_be_visible()
    history.get_by_role("button", name="Save search").click()
    history.get_by_role("dialog").get_by_label("Name").fill("Fifteen")
    history.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(history.locator("#searches")).to_have_value("1")
    history.goto(history.url.partition("?")[0])
    history.locator("#searches").select_option("Fifteen")
    expect(history.get_by_label("Prompt contains")).to_have_value("dress 15")


@pytest.mark.parametrize("width", [390, 1440])
def test_the_history_fits_its_window(history: Page, width: int) -> None:
    history.set_viewport_size({"width": width, "height": 844})
    assert history.evaluate("document.documentElement.scrollWidth") <= width
