"""The phone's page of a theme: a key, a doodle, four pictures as they come, one picked."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from studio.app import AppContainer, create_app_container
from studio.messages import message
from studio.recipes.palette import NAME_IDS, PALETTE
from studio.recipes.serving.request_status import ApiClient
from studio.recipes.themes.deployment import DeploymentSpec
from studio.settings import Settings
from tests.browser.driving import drag, layer
from tests.browser.test_everyone import violations
from tests.fake_renderer import FakeRenderer
from tests.servers.api import serving

pytestmark = pytest.mark.browser


@pytest.fixture
def studio(tmp_path: Path) -> AppContainer:
    opened = create_app_container(
        Settings(data_dir=tmp_path / "home"), lambda: FakeRenderer(steps=3)
    )
    opened.stores.deployments.add(DeploymentSpec(slug="first-light", version=1))
    return opened


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    with browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True) as context:
        page = context.new_page()
        yield page


def _css(color: str) -> str:
    return f"rgb({', '.join(str(part) for part in bytes.fromhex(color[1:]))})"


def test_a_theme_is_played_with_by_its_api_alone(phone: Page, studio: AppContainer) -> None:
    key = studio.stores.clients.create_or_rotate_key(ApiClient(name="play"))
    errors: list[str] = []
    phone.on("pageerror", lambda error: errors.append(str(error)))
    with serving(studio) as address:
        phone.goto(f"{address}/play/first-light")
        phone.get_by_label("API key").fill("nobody's")
        phone.get_by_role("button", name="Connect").click()
        expect(phone.locator("#error")).to_contain_text("API key missing or invalid")
        phone.get_by_label("API key").fill(key)
        phone.get_by_role("button", name="Connect").click()
        expect(phone.locator("#theme")).to_have_text("First light")
        expect(phone.locator(".sketch-base")).not_to_have_js_property("naturalWidth", 0)
        assert violations(phone) == []
        # Issue 18, 17: the studio's own colours, which the models were trained on.
        offered = phone.locator(".sketch-palette button")
        expect(offered).to_have_count(len(PALETTE))
        for button, (name, color) in zip(offered.all(), PALETTE, strict=True):
            expect(button).to_have_attribute("aria-label", str(message(NAME_IDS[name])))
            expect(button).to_have_css("background-color", _css(color))
        drag(phone, (0.45, 0.5), (0.55, 0.6))
        drawn = layer(phone)
        assert drawn.getpixel((128, 141)) == (*bytes.fromhex(PALETTE[0][1][1:]), 255)
        phone.get_by_role("button", name="Eraser (E)").click()
        drag(phone, (0.4, 0.4), (0.6, 0.7))
        assert layer(phone).tobytes() != drawn.tobytes()
        phone.get_by_role("button", name="Undo (Ctrl Z)").click()
        assert layer(phone).tobytes() == drawn.tobytes()
        phone.get_by_label("Prompt").fill("a red dress")
        phone.get_by_role("button", name="Generate").click()
        expect(phone.locator("#four img")).to_have_count(4)
        assert violations(phone) == []
        second = phone.get_by_role("button", name="Variant B")
        second.click()
        expect(second).to_have_attribute("aria-pressed", "true")
        assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    assert studio.stores.jobs.requests.selection_counts("first-light")[1]["B"] == 1
    [variant, *_] = studio.stores.variants.list_latest(4)
    assert variant.doodle_sha256 is not None
    assert "a red dress" in variant.prompt
    assert errors == []


def test_what_does_not_pass_is_told_in_place(phone: Page, studio: AppContainer) -> None:
    key = studio.stores.clients.create_or_rotate_key(ApiClient(name="play"))
    with serving(studio) as address:
        phone.goto(f"{address}/play/first-light")
        phone.get_by_label("API key").fill(key)
        phone.get_by_role("button", name="Connect").click()
        phone.get_by_label("Prompt").fill("a n4ked man")
        phone.get_by_role("button", name="Generate").click()
        expect(phone.locator("#error")).to_have_text(
            "Prompt rejected by moderation. Use a different prompt."
        )
        phone.goto(f"{address}/play/nothing")
        expect(phone.locator("#error")).to_contain_text("Theme “nothing” is not deployed.")
