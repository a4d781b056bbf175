"""Sweeps on the page: what they take, a contact sheet, stopping and going on."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.driving import set_number

pytestmark = pytest.mark.browser


def axis(page: Page, name: str, field: str, values: str) -> None:
    page.locator(f"#sweep-{name} input").fill(field)
    page.locator(f"#sweep-{name} input").press("Enter")
    box = page.locator(f"#sweep-{name}-values textarea, #sweep-{name}-values input").first
    box.fill(values)
    box.press("Tab")


@pytest.fixture
def sweep(page: Page) -> Page:
    set_number(page, "A-steps", "4")
    page.locator("#sweep button").first.click()
    return page


def confirm(page: Page) -> None:
    """Says yes to what the sweep costs."""
    asked = page.get_by_role("dialog")
    expect(asked).to_contain_text(re.compile("cached|已有缓存"))
    asked.locator(".actions .primary").click()
    expect(asked).to_have_count(0)


def test_a_sweep_says_what_it_takes_runs_and_shows_its_sheet(sweep: Page) -> None:
    axis(sweep, "X", "denoising_strength", "0.4,0.7")
    axis(sweep, "Y", "preset", "first-light,picnic")
    sweep.locator("#sweep-estimate").click()
    told = sweep.locator("#sweep-status")
    expect(told).to_contain_text("4 images (0 cached), 0 base model switches.")
    sweep.locator("#sweep-start").click()
    confirm(sweep)
    expect(told).to_contain_text("Sweep finished.")
    expect(sweep.get_by_alt_text("Contact sheet")).to_have_count(1)
    sweep.locator("#sweep-estimate").click()
    expect(told).to_contain_text("4 images (4 cached), 0 base model switches.")


def test_a_sweep_is_stopped_and_goes_on(sweep: Page) -> None:
    set_number(sweep, "A-steps", "40")  # So that there is still something to stop after a reload.
    axis(sweep, "X", "seed", "1..100/100")
    sweep.locator("#sweep-start").click()
    confirm(sweep)
    told = sweep.locator("#sweep-status")
    expect(told).to_contain_text(re.compile("of 100|共 100"))
    # Issue 18, 16: a reload loses neither its progress nor its Stop.
    sweep.reload()
    sweep.wait_for_selector("html[data-opened]")
    sweep.locator("#sweep button").first.click()
    expect(told).to_contain_text(re.compile("of 100|共 100"))
    sweep.locator("#sweep-stop").click()
    # The picture that is being drawn ends first.
    expect(told).to_contain_text("Stopped. Finished images are kept", timeout=120_000)
    expect(sweep.locator("#sweep-start")).to_be_enabled()
    axis(sweep, "X", "seed", "1..100/100")
    sweep.locator("#sweep-estimate").click()
    expect(told).to_contain_text(re.compile(r"100 (images \(|张图像（)[1-9]"))


def test_an_axis_that_cannot_be_is_told(sweep: Page) -> None:
    axis(sweep, "X", "denoising_strength", "0.4..0.8")
    sweep.locator("#sweep-start").click()
    expect(sweep.locator("#sweep-status [role=alert]")).to_contain_text("is not a valid range")
    axis(sweep, "X", "color", "red")
    sweep.locator("#sweep-start").click()
    expect(sweep.locator("#sweep-status [role=alert]")).to_contain_text(
        "Recipe field not found: “color”"
    )
