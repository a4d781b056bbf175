"""A studio open to other machines: one signs in, what one saves bears one's name, one signs out."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from studio.app import AppContainer, create_app_container
from studio.settings import Settings
from tests.browser.conftest import Server
from tests.browser.driving import set_number
from tests.browser.test_themes import publish

pytestmark = pytest.mark.browser

PASSWORD = "correct horse battery"


@pytest.fixture
def studio(tmp_path: Path) -> AppContainer:
    opened = create_app_container(Settings(data_dir=tmp_path / "home"))
    opened.stores.users.set_password("Ada B", PASSWORD)
    return opened


@pytest.fixture
def page(browser: Browser, studio: AppContainer) -> Iterator[Page]:
    server = Server(studio.settings.data_dir, "--host", "0.0.0.0")
    server.start()
    with browser.new_context(locale="en-US") as context:
        opened = context.new_page()
        opened.goto(server.url)
        yield opened
    server.stop()


def test_an_operator_signs_in_saves_and_deploys_under_her_name_and_leaves(
    page: Page, studio: AppContainer
) -> None:
    page.get_by_label("Name").fill("Ada B")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_selector("html[data-opened]")
    set_number(page, "A-steps", "9")
    page.locator("#save").click()
    expect(page.locator("#notice")).to_contain_text("Saved First light as version 2.")
    assert studio.stores.themes.get_version("first-light", 2).author == "Ada B"
    page.get_by_role("link", name="Review & publish…").click()
    page.get_by_role("button", name="Publish…").click()
    publish(page)
    expect(page.locator("#deployments")).to_contain_text("Ada B")
    add_a_person_and_a_key(page, studio)
    account = page.get_by_role("button", name="Account")
    expect(account).to_have_attribute("title", "Signed in as Ada B")
    account.click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Password")).to_be_visible()
    page.goto(page.url.replace("/sign-in", "/history"))
    expect(page.get_by_label("Password")).to_be_visible()


def add_a_person_and_a_key(page: Page, studio: AppContainer) -> None:
    """On the pages of Admin; the key is shown once."""
    page.goto(f"{page.url.split('/', 3)[0]}//{page.url.split('/', 3)[2]}/admin/people")
    expect(page.locator("#rows tr")).to_have_count(1)
    page.get_by_role("button", name="Add person").click()
    asked = page.get_by_role("dialog")
    asked.get_by_label("Name").fill("Bob")
    asked.get_by_label("Password").fill("another long password")
    asked.get_by_role("button", name="Add person").click()
    expect(page.locator("#rows tr")).to_have_count(2)
    page.locator("#rows tr").nth(1).get_by_role("button", name="Remove").click()
    asked.get_by_role("button", name="Remove").click()
    expect(page.locator("#rows tr")).to_have_count(1)
    page.locator("#rows").get_by_role("button", name="Remove").click()
    expect(asked).to_contain_text("This is the last person who can sign in.")
    asked.get_by_role("button", name="Cancel").click()
    page.get_by_role("link", name="API keys").first.click()
    page.wait_for_url("**/admin/api-keys")
    expect(page.locator("#count")).not_to_have_text("")
    page.get_by_role("button", name="Create API key").click()
    asked.get_by_label("Name").fill("game-ios")
    asked.get_by_role("button", name="Create API key").click()
    key = asked.get_by_label("API key").input_value()
    found = studio.stores.clients.find_by_key(key)
    assert found is not None
    assert found.name == "game-ios"
    asked.get_by_role("button", name="Done").click()
    expect(page.locator("#rows")).to_contain_text("game-ios")
    assert key not in page.content()


@pytest.mark.parametrize(
    ("locale", "said"),
    [("en-US", r"Too many failed sign-in attempts\. Try again in \d+ seconds\."), ("zh-CN", r"登录失败次数过多。请在 \d+ 秒后重试。")],
)  # fmt: skip
def test_too_many_wrong_passwords_are_told_in_ones_language(
    browser: Browser, studio: AppContainer, locale: str, said: str
) -> None:
    """Issue 18, 6."""
    server = Server(
        studio.settings.data_dir
    )  # On loopback: with a user one signs in here, too (7).
    server.start()
    with browser.new_context(locale=locale) as context:
        page = context.new_page()
        page.goto(server.url)
        expect(page.locator("input[name=password]")).to_be_visible()
        form: dict[str, str | float | bool] = {"name": "Ada B", "password": "wrong"}
        for _ in range(9):
            page.request.post(f"{server.url}/sign-in", form=form, max_redirects=0)
        for told in ("", said):
            page.locator("input[name=name]").fill("Ada B")
            page.locator("input[name=password]").fill("wrong")
            page.locator("form button").click()
            if told:
                expect(page.locator("#error")).to_have_text(re.compile(told))
            else:
                page.wait_for_url("**/sign-in?failed")
    server.stop()
