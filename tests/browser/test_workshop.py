"""The pages Models, System and Log as an operator reads them."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Log, Server
from tests.browser.driving import start_long_run

pytestmark = pytest.mark.browser


def test_models_say_where_they_are_and_a_pull_that_cannot_be_says_why(
    page: Page, server: Server, log: Log
) -> None:
    page.goto(f"{server.url}/assets/models")
    card = page.locator(".model").filter(has_text="pocket-water")
    expect(card).to_contain_text("On disk")
    expect(card).to_contain_text("Used by")
    expect(page.locator("#models section").first).to_contain_text("Base model")
    page.locator("#kinds label").filter(has_text="LoRA").click()
    expect(card).to_have_count(0)
    expect(page.locator(".model").filter(has_text="glow")).to_contain_text("glow, night")
    page.get_by_role("button", name="Rescan").click()
    expect(page.locator("#problems li")).to_have_count(1)
    page.get_by_label("Repository").fill("../etc")
    page.get_by_role("button", name="Download").click()
    expect(page.locator("#download-error")).to_contain_text("is not a valid repository")
    assert log.errors == []


def test_the_system_page_follows_a_run(page: Page, server: Server) -> None:
    with page.context.expect_page() as opened:
        page.evaluate("window.open('/admin/system')")
    system = opened.value
    expect(system.locator("#versions")).to_contain_text("diffusers")
    page.locator("#generate").click()
    expect(page.locator(".card-done")).to_have_count(4)
    start_long_run(page)
    expect(system.locator("#runs a")).to_have_count(1)
    page.locator("#stop").click()
    expect(system.locator("#runs")).to_contain_text("None")
    expect(system.locator("#engine")).to_contain_text(
        re.compile("pocket-ink · (On device|在设备上)")
    )
    system.goto(f"{server.url}/admin/log")
    expect(system.locator("#log")).to_contain_text("variant D of")


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize(
    ("address", "content"),
    [("assets/models", ".model"), ("admin/system", "#versions dt"), ("admin/audit", "#rows tr"), ("admin/api-keys", "#rows tr")],
)  # fmt: skip
def test_the_page_fits_its_window(
    page: Page, server: Server, address: str, content: str, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(f"{server.url}/{address}")
    page.wait_for_selector(content)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
