"""Runs on the page: four pictures as they come, stopping, what cannot be asked for."""

import hashlib
import io
import re

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from studio.app import create_app_container as studio_at
from studio.recipes.history import HistoryFilter
from studio.settings import Settings
from tests.browser.conftest import Log, Server
from tests.browser.driving import (
    CLEAR,
    DRAWN_AT_THE_WAIST,
    colors,
    layer,
    scribble_a_dress,
    set_number,
    start_long_run,
)
from tests.fake_renderer import FakeRenderer
from tests.waiting import until

pytestmark = pytest.mark.browser


def image_of(page: Page, slot: str) -> bytes:
    """The PNG that a finished card shows."""
    image = page.locator(f"#card-{slot} .open img")
    return page.request.get(str(image.evaluate("it => it.src"))).body()


def few_steps(page: Page) -> None:
    for slot in "ABCD":
        set_number(page, f"{slot}-steps", "4")


def test_a_doodle_becomes_four_different_images(page: Page, log: Log, server: Server) -> None:
    scribble_a_dress(page)
    page.locator("#user-prompt textarea, #user-prompt input").first.fill("a red dress")
    page.locator("#generate").click()
    expect(page.locator(".card-done")).to_have_count(4)
    images = [Image.open(io.BytesIO(image_of(page, slot))) for slot in "ABCD"]
    assert all(image.size == (256, 256) for image in images)
    assert len({hashlib.sha256(image.tobytes()).digest() for image in images}) == 4
    expect(page.locator("#notice")).to_contain_text("Generated 4 variants in")
    expect(page.locator("#generate")).to_be_enabled()
    assert log.errors == []
    outside = [a for a in log.addresses if not a.startswith((server.url, "data:", "blob:"))]
    assert outside == []


def test_cards_report_progress_to_assistive_technology(page: Page) -> None:
    start_long_run(page)
    bar = page.locator("#card-A [role=progressbar]")
    expect(bar).to_have_attribute("aria-valuemax", "100")
    page.locator("#stop").click()
    expect(page.locator("#grid [role=progressbar]")).to_have_count(0)


def test_stop_midway_leaves_the_page_usable(page: Page) -> None:
    scribble_a_dress(page)
    start_long_run(page)
    page.locator("#stop").click()
    expect(page.locator(".card-cancelled")).to_have_count(4)
    expect(page.locator("#notice")).to_contain_text("Stopped. 0 of 4 variants finished.")
    for name, value in (("steps", "4"), ("width", "256"), ("height", "256")):
        set_number(page, f"A-{name}", value)
    page.locator("#generate").click()
    expect(page.locator(".card-done")).to_have_count(4)


def test_too_many_words_are_told_on_the_page_and_nothing_runs(page: Page) -> None:
    page.locator("#user-prompt textarea, #user-prompt input").first.fill("x" * 10_000)
    page.locator("#generate").click()
    alert = page.locator("#notice [role=alert]")
    expect(alert).to_contain_text("Prompt too long: 10,000 characters (max 500).")
    expect(page.locator(".card-idle")).to_have_count(4)


def test_a_value_that_does_not_hold_is_told_with_its_recipe_and_field(page: Page) -> None:
    set_number(page, "A-width", "250")
    expect(page.locator("#unsaved [role=alert]")).to_contain_text("Recipe A, Width")
    expect(page.locator("#A-width .field-error")).to_contain_text("multiple of 8")
    page.locator("#generate").click()
    expect(page.locator("#notice [role=alert]")).to_contain_text("Recipe A: width")


def test_a_reload_goes_on_with_the_run_of_the_address(page: Page, browser: Browser) -> None:
    set_number(page, "A-steps", "60")
    page.locator("#generate").click()
    expect(page.locator("#card-A")).to_contain_text("Step")
    expect(page).to_have_url(re.compile(r"\?run=[0-9a-f]{32}$"))
    with browser.new_context() as context:
        second = context.new_page()
        second.goto(page.url)
        page.reload()
        for each in (page, second):
            expect(each.locator(".card-done")).to_have_count(4)
            expect(each.locator("#notice")).to_contain_text("Generated 4 variants in")
        images = [each.locator("#card-D .open img").get_attribute("src") for each in (page, second)]
    assert images[0] == images[1]


def test_a_run_of_before_a_restart_is_shown_as_it_was_kept(page: Page, server: Server) -> None:
    few_steps(page)
    page.locator("#generate").click()
    expect(page.locator(".card-done")).to_have_count(4)
    expect(page).to_have_url(re.compile(r"\?run="))
    address = page.url
    server.stop()
    server.start()
    page.goto(f"{server.url}/?{address.split('?')[1]}")
    expect(page.locator("#notice")).to_contain_text(
        "Showing 4 stored variants from an earlier run."
    )
    expect(page.locator(".card-done")).to_have_count(4)
    page.goto(f"{server.url}/?run={'0' * 32}")
    expect(page.locator("#notice [role=alert]")).to_contain_text("is not active")


def test_results_are_looked_at_compared_picked_and_used(page: Page, server: Server) -> None:
    scribble_a_dress(page)
    few_steps(page)
    page.locator("#generate").click()
    expect(page.locator(".card-done")).to_have_count(4)
    page.keyboard.press("Escape")  # The run has ended: there is nothing to stop.
    page.locator("#card-B .open").click()
    lightbox = page.locator(".lightbox")
    shown = lightbox.locator(".pane img").first
    expect(shown).to_have_attribute("alt", re.compile("^B"))
    page.keyboard.press("ArrowRight")
    expect(shown).to_have_attribute("alt", re.compile("^C"))
    page.keyboard.down("Space")
    expect(shown).to_have_attribute("alt", "Doodle")
    page.keyboard.up("Space")
    lightbox.get_by_role("radio", name="Slider").click()
    expect(lightbox.locator("figcaption")).to_have_text(re.compile(r"^C.* \| Doodle$"))
    lightbox.get_by_label("Split position").fill("80")
    assert "80%" in str(lightbox.locator(".pane").get_attribute("style"))
    lightbox.get_by_role("button", name=re.compile(r"^D\b")).click()
    lightbox.get_by_role("radio", name="Difference").click()
    expect(lightbox.locator("figcaption")).to_contain_text(re.compile(r"\d% of the pixels differ"))
    lightbox.get_by_role("radio", name="Side by side").click()
    expect(lightbox.locator(".pane")).to_have_count(4)
    page.keyboard.press("Escape")
    expect(lightbox).to_have_count(0)
    page.locator("#card-B [data-action=seed]").click()
    kept = page.locator("#card-B").get_attribute("data-seed")
    expect(page.locator("#seed input")).to_have_value(str(kept))
    page.locator("#card-D").focus()
    page.keyboard.press("s")
    expect(page.locator(".card-picked")).to_have_attribute("data-slot", "D")
    run = page.url.partition("?run=")[2]
    stores = studio_at(Settings(data_dir=server.home), FakeRenderer).stores
    until(lambda: stores.selections.list_slots([run]) == {run: "D"})
    page.locator("#card-C [data-action=edit]").click()
    page.wait_for_function(
        "() => document.querySelector('.sketch canvas').getContext('2d')"
        ".getImageData(2, 2, 1, 1).data[3] === 255"
    )
    expect(page.locator("#card-A .card-tag")).to_have_text("Earlier settings")
    page.locator("[data-action=undo]").click()
    assert len(colors(layer(page))) == 2
    expect(page.locator(".card-tag:visible")).to_have_count(0)
    page.keyboard.press("Control+Enter")
    expect(page).not_to_have_url(re.compile(run))
    expect(page.locator(".card-done")).to_have_count(4)
    page.evaluate(CLEAR)
    page.reload()  # The runs come from the server.
    earlier = page.locator(f".strip-runs [data-run='{run}']")
    earlier.click()
    expect(page.locator(".card-picked")).to_have_attribute("data-slot", "D")
    expect(page.locator("#card-A .card-tag")).to_have_text("Earlier settings")
    page.get_by_role("button", name="Continue from this run").click()
    expect(page.locator("#notice")).to_contain_text("recipes, prompt, seed and doodle restored")
    expect(page.locator("#seed input")).to_have_value(str(kept))
    assert len(colors(layer(page))) == 2
    expect(page.locator(".card-tag:visible")).to_have_count(0)


def test_the_first_visit_shows_what_to_do(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/?preset=first-light&version=1")
    page.wait_for_selector("html[data-opened]")
    examples = page.locator(".card .example")
    expect(examples).to_have_count(4)
    assert all(examples.nth(i).evaluate("it => it.decode().then(() => true)") for i in range(4))
    page.get_by_role("button", name="Show me around").click()
    tour = page.locator(".coach")
    expect(tour).to_contain_text("1 of 3")
    tour.get_by_role("button", name="Skip").click()
    page.evaluate("sessionStorage.removeItem('doodle-theme-studio-empty-doodle')")
    page.locator("#generate").click()
    question = page.locator(".empty-doodle")
    expect(question).to_contain_text("Nothing drawn yet.")
    expect(page.locator(".card-idle")).to_have_count(4)
    question.get_by_role("button", name="Try the star dress").click()
    page.wait_for_function(DRAWN_AT_THE_WAIST)
    few_steps(page)
    # What the browser shows before the server has answered: in the task of the click itself.
    shown = page.evaluate(
        "() => { document.querySelector('#generate').click();"
        " return document.querySelectorAll('.card-starting').length; }"
    )
    assert shown == 4
    expect(page.locator(".card-done")).to_have_count(4)
    expect(page.locator(".first-run")).to_be_hidden()


# Issue 18, 16.
@pytest.mark.parametrize(
    ("seed", "told"),
    [
        ("99999999999", "is out of range"),
        ("-5", "is out of range"),
        ("1.5", "is not a whole number"),
    ],
)
def test_a_seed_that_cannot_be_is_told_in_its_field(
    page: Page, log: Log, seed: str, told: str
) -> None:
    set_number(page, "seed", seed)
    expect(page.locator("#unsaved [role=alert]")).to_contain_text(told)
    shown = page.locator("#seed").evaluate("e => getComputedStyle(e, '::after').content")
    assert "4294967295" in shown
    page.locator("#generate").click()
    expect(page.locator("#notice [role=alert]")).to_contain_text(f"Seed {seed} ")
    expect(page.locator(".card-idle")).to_have_count(4)
    expect(page.locator("#grid").first).not_to_contain_text("Error")
    page.locator("#random-seed").click()
    expect(page.locator("#notice [role=alert]")).to_be_hidden()
    expect(page.locator("#unsaved [role=alert]")).to_have_count(0)
    assert page.locator("#seed").get_attribute("data-error") is None
    assert log.errors == []


# Issue 18, 16.
def test_two_clicks_in_one_tick_start_one_run(page: Page, server: Server) -> None:
    variants = studio_at(Settings(data_dir=server.home), FakeRenderer).stores.variants
    before = variants.query(HistoryFilter(), None).rows
    few_steps(page)
    page.evaluate(
        "() => { const it = document.querySelector('#generate'); it.click(); it.click(); }"
    )
    expect(page.locator(".card-done")).to_have_count(4)
    expect(page.locator("#generate")).to_be_enabled()
    expect(page).to_have_url(re.compile(r"\?run="))
    first = page.url
    page.locator("#generate").click()  # Whatever was begun before is done when this is.
    expect(page).not_to_have_url(first)
    expect(page.locator("#generate")).to_be_enabled()
    expect(page.locator("#notice")).to_contain_text("Generated 4 variants in")
    after = variants.query(HistoryFilter(), None).rows
    assert (
        len({row.variant.request_id for row in after} - {row.variant.request_id for row in before})
        == 2
    )


# Issue 18, 16 (security review, 4.12).
def test_a_server_that_is_killed_in_mid_run_is_told_and_come_back_to(
    page: Page, server: Server
) -> None:
    scribble_a_dress(page)
    drawn = colors(layer(page))
    start_long_run(page)
    port = server.kill()
    lost = page.get_by_role("alert").filter(has_text="Connection lost. Reconnecting…")
    expect(lost).to_be_visible()
    expect(lost).to_contain_text("the run is lost")
    expect(page.locator("#card-A")).to_contain_text("Connection lost")
    expect(page.locator("#grid [role=progressbar]")).to_have_count(0)
    server.start(port)
    expect(page.locator("#notice [role=alert]")).to_contain_text("the run is lost")
    expect(lost).to_have_count(0)
    expect(page.locator("#A-steps input[type=number]")).to_have_value("150")
    assert colors(layer(page)) == drawn
