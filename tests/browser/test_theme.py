"""The theme's editor: saving, restoring, what is unsaved, control maps, LoRAs."""

import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Route, expect

from studio.imaging.png_metadata import png_with_metadata
from tests import examples
from tests.browser.conftest import Server, open_studio
from tests.browser.driving import (
    CLEAR,
    DRAWN_AT_THE_WAIST,
    KEPT,
    choose,
    colors,
    layer,
    open_field,
    scribble_a_dress,
    set_number,
    settle,
    start_long_run,
)
from tests.unit.models.test_identification import ip_adapter, write

pytestmark = pytest.mark.browser


def choose_preset(page: Page, name: str) -> None:
    page.locator("#theme input").click()
    page.get_by_role("option", name=name).click()
    expect(page.locator("#notice")).to_contain_text(re.compile(f"{name}(, version |，版本 )1"))


def test_a_saved_preset_is_found_again_after_a_restart(page: Page, server: Server) -> None:
    theme = page.locator("#theme-prompt textarea")
    strength = page.locator("#A-denoising_strength input[type=number]")
    set_number(page, "A-denoising_strength", "0.55")
    theme.fill("autumn leaves")
    set_number(page, "B-steps", "13")
    page.locator("#theme-name input, #theme-name textarea").first.fill("Autumn party")
    page.locator("#save").click()
    expect(page.locator("#notice")).to_contain_text("Saved Autumn party as version 1.")
    server.stop()
    server.start()
    open_studio(page, server)
    expect(theme).to_have_value("autumn leaves")
    choose_preset(page, "First light")
    expect(theme).not_to_have_value("autumn leaves")
    expect(strength).not_to_have_value("0.55")
    choose_preset(page, "Autumn party")
    expect(theme).to_have_value("autumn leaves")
    expect(strength).to_have_value("0.55")
    page.locator("#tab-B").click()
    expect(page.locator("#B-steps input[type=number]")).to_have_value("13")


def test_what_the_control_units_see_is_shown_before_anything_is_rendered(page: Page) -> None:
    page.locator("#sample-doodles [data-id=star-dress]").click()
    page.wait_for_function(DRAWN_AT_THE_WAIST)
    page.locator(".preview-maps").click()
    images = page.locator(".control-maps img")
    expect(images).to_have_count(2)
    expect(page.get_by_alt_text("Control map: pocket-scribble")).to_be_visible()
    page.evaluate(CLEAR)
    settle(page)
    page.locator(".preview-maps").click()
    expect(page.locator(".control-maps")).to_contain_text(
        "Nothing drawn; pocket-scribble will be skipped"
    )
    expect(images).to_have_count(1)


def test_a_control_unit_reads_an_uploaded_image(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "own.png"
    file.write_bytes(examples.png((120, 120), (9, 8, 7, 255)))
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    choose(page, "A-control_units-0-source", "Custom image")
    unit = page.locator("[id='A-control_units-0-image_sha256']")
    unit.locator("input[type=file]").set_input_files(broken)
    expect(unit.locator("[role=alert]")).to_contain_text("is not a PNG")
    unit.locator("input[type=file]").set_input_files(file)
    expect(unit.locator("img")).to_have_js_property("naturalWidth", 120)
    choose(page, "A-control_units-0-preprocessor", "None (use image as is)")
    page.locator(".preview-maps").click()
    expect(page.locator(".control-maps img")).to_have_count(2)


# Issue 23, 3.
def test_an_image_dropped_on_a_recipe_becomes_a_reference(page: Page, server: Server) -> None:
    write(server.home / "models" / "ip_adapters" / "plus.safetensors", ip_adapter(width=128))
    open_studio(page, server)
    drop_image(page, "recipe-inspector .recipe", examples.png((120, 120), (9, 8, 7, 255)))
    image = page.locator("[id='A-references-0-image_sha256'] img")
    expect(image).to_have_js_property("naturalWidth", 120)
    expect(page.locator("[id='A-references-0-model']")).to_contain_text("plus")
    expect(page.locator("#unsaved")).to_contain_text(re.compile("plus"))
    page.locator(".list[data-path=references] .remove").click()
    expect(image).to_have_count(0)


def drop_image(page: Page, selector: str, png: bytes) -> None:
    page.evaluate(
        """([selector, bytes]) => {
      const held = new DataTransfer();
      held.items.add(new File([new Uint8Array(bytes)], 'image.png', { type: 'image/png' }));
      document.querySelector(selector).dispatchEvent(
        new DragEvent('drop', { dataTransfer: held, bubbles: true, cancelable: true }));
    }""",
        [selector, list(png)],
    )


def test_models_are_chosen_by_their_images_and_words(page: Page) -> None:
    page.locator(".list[data-path=loras] .add").click()
    lora = open_field(page, "A-loras-0-model")
    lora.locator("[aria-haspopup=listbox]").click()
    page.keyboard.type("GLO")
    option = lora.get_by_role("option", name="glow", exact=True)
    expect(lora.get_by_role("option")).to_have_count(1)
    expect(option.locator("img")).to_have_js_property("naturalWidth", 64)
    page.keyboard.press("Enter")
    chosen = lora.locator("[aria-haspopup=listbox]")
    expect(chosen).to_be_focused()
    expect(chosen).to_contain_text(re.compile("(Trigger words: |触发词：)glow, night"))
    expect(chosen.locator("img")).to_have_js_property("naturalWidth", 64)
    page.locator(".list[data-path=loras] .remove").click()
    expect(lora).to_have_count(0)


def test_a_finished_image_restores_what_made_it(page: Page, tmp_path: Path) -> None:
    recipe = examples.recipe(steps=33, control_units=(examples.unit("pose", weight=0.35),))
    made = examples.variant(slot="C", recipe=recipe, seed=4711, prompt="a gown", base_image="ada")
    file = tmp_path / "variant.png"
    file.write_bytes(png_with_metadata(Image.new("RGB", (64, 64)), made.model_dump_json()))
    page.locator("#header input[type=file]").set_input_files(file)
    expect(page.locator("#notice")).to_contain_text("Restored recipe C (seed 4711).")
    expect(page.locator(".sketch-base")).to_have_attribute("alt", "Ada")
    expect(page.locator("#seed input")).to_have_value("4711")
    expect(page.locator("#user-prompt textarea, #user-prompt input").first).to_have_value("a gown")
    page.locator("#tab-C").click()
    expect(page.locator("#C-steps input[type=number]")).to_have_value("33")
    expect(page.locator("[id='C-control_units-0-weight'] input[type=number]")).to_have_value("0.35")


def test_a_image_dropped_on_the_page_restores_it_too(page: Page) -> None:
    made = examples.variant(slot="B", recipe=examples.recipe(steps=27), base_image="ada")
    png = png_with_metadata(Image.new("RGB", (64, 64)), made.model_dump_json())
    drop_image(page, "#grid", png)
    expect(page.locator("#notice")).to_contain_text("Restored recipe B (seed 7).")
    page.locator("#tab-B").click()
    expect(page.locator("#B-steps input[type=number]")).to_have_value("27")


def test_unsaved_changes_are_counted_marked_and_kept_over_a_reload(
    page: Page, server: Server
) -> None:
    set_number(page, "A-steps", "31")
    unsaved = page.locator("#unsaved")
    expect(unsaved).to_contain_text("1 unsaved change")
    unsaved.locator("summary").click()
    expect(unsaved).to_contain_text("A, Sampling steps: 14 → 31")
    expect(page.locator("#A-steps .was")).to_contain_text("14 →")
    expect(page.locator("#A-denoising_strength .was")).to_be_hidden()
    page.locator("#user-prompt textarea, #user-prompt input").first.fill("a warm coat")
    last = "localStorage.getItem('doodle-theme-studio-last')"
    page.wait_for_function(f"{last}?.includes('a warm coat')")
    scribble_a_dress(page)
    page.wait_for_function(KEPT)
    drawn = colors(layer(page))
    settle(page)
    open_studio(page, server)
    expect(page.locator("#A-steps input[type=number]")).to_have_value("31")
    expect(page.locator("#notice")).to_contain_text("Unsaved changes restored.")
    expect(page.locator("#user-prompt textarea, #user-prompt input").first).to_have_value(
        "a warm coat"
    )
    page.wait_for_function(DRAWN_AT_THE_WAIST)
    assert colors(layer(page)) == drawn
    page.get_by_role("button", name="Revert to saved").first.click()
    expect(page.locator("#A-steps input[type=number]")).to_have_value("14")
    expect(unsaved).not_to_contain_text("unsaved")


def test_a_recipe_is_copied_to_another(page: Page) -> None:
    set_number(page, "A-steps", "33")
    page.get_by_role("button", name="Copy to C").first.click()
    expect(page.locator("#unsaved")).to_contain_text("unsaved changes")
    page.locator("#tab-C").click()
    expect(page.locator("#C-steps input[type=number]")).to_have_value("33")
    page.locator(".copied button").click()
    expect(page.locator("#C-steps input[type=number]")).to_have_value("14")


def test_a_row_of_the_matrix_is_edited_and_tried(page: Page) -> None:
    page.locator("#tab-All").click()
    cells = page.locator("[id^='cell-'][id$='-steps']:not([id*=upscale])")
    expect(cells).to_have_count(4)
    page.locator("#cell-B-steps").click()
    page.keyboard.type("20")
    page.keyboard.press("Escape")
    expect(page.locator("#cell-B-steps")).to_have_class("differs changed")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#cell-C-steps")).to_be_focused()
    page.locator("#cell-A-steps-all").click()
    page.get_by_role("dialog").locator("input[type=number]").fill("3")
    page.keyboard.press("Escape")
    expect(cells).to_have_text(["3", "3", "3", "3"])
    page.locator("#generate").click()
    expect(page.locator(".card-done")).to_have_count(4)
    expect(page.locator("#card-D .card-tag")).to_be_hidden()


def test_two_operators_do_not_overwrite_one_another(
    page: Page, browser: Browser, server: Server
) -> None:
    with browser.new_context() as context:
        other = context.new_page()
        open_studio(other, server)
        for each, steps in ((other, "21"), (page, "22")):
            set_number(each, "B-steps", steps)
            expect(each.locator("#unsaved")).to_contain_text("unsaved change")
        other.locator("#save").click()
        expect(other.locator("#notice")).to_contain_text("Saved")
        page.locator("#save").click()
        expect(page.locator("#notice [role=alert]")).to_contain_text("in the meantime")


def test_fields_that_do_not_apply_are_hidden(page: Page) -> None:
    factor = page.locator("[id='A-upscale-scale_factor']")
    enabled = open_field(page, "A-upscale-enabled")
    expect(factor).to_be_hidden()
    enabled.locator("input").check()
    expect(factor).to_be_visible()
    units = page.locator("[id^='A-control_units-'][id$='-weight']")
    expect(units).to_have_count(2)
    page.get_by_role("button", name="Remove Control unit pocket-pose").click()
    expect(units).to_have_count(1)
    page.get_by_role("button", name="Revert to saved").first.click()
    expect(units).to_have_count(2)
    expect(factor).to_be_hidden()


def test_tokens_are_counted_as_one_types(page: Page) -> None:
    tokens, theme = page.locator("recipe-inspector .tokens"), page.locator("#theme-prompt textarea")
    expect(tokens).to_contain_text(re.compile(r"\d+ of 75 tokens"))
    before = tokens.inner_text()
    theme.fill("a meadow in spring")
    expect(tokens).not_to_have_text(before)
    theme.fill("a meadow, " * 40)
    expect(tokens).to_contain_text(re.compile(r"\d+ tokens in \d chunks"))


# Issue 18, 16 (B2).
def test_another_theme_keeps_what_is_unsaved_of_this_one(page: Page, server: Server) -> None:
    steps, unsaved = page.locator("#A-steps input[type=number]"), page.locator("#unsaved")
    choose_preset(page, "Neon night")
    saved = steps.input_value()
    set_number(page, "A-steps", "37")
    expect(unsaved).to_contain_text("1 unsaved change")
    choose(page, "theme", "Picnic")
    expect(page.locator("#notice")).to_contain_text("Unsaved changes of Neon night kept as a draft")
    expect(unsaved).not_to_contain_text("unsaved change")
    set_number(page, "A-steps", "12")
    expect(unsaved).to_contain_text("1 unsaved change")
    choose(page, "theme", "Neon night")
    expect(page.locator("#notice")).to_contain_text("Unsaved changes restored.")
    expect(steps).to_have_value("37")
    expect(unsaved).to_contain_text("1 unsaved change")
    last = "localStorage.getItem('doodle-theme-studio-last')"
    page.wait_for_function(f"{last}?.includes('neon-night')")
    open_studio(page, server)
    expect(steps).to_have_value("37")
    choose(page, "theme", "Picnic")
    expect(steps).to_have_value("12")
    choose(page, "theme", "Neon night")
    expect(steps).to_have_value("37")
    unsaved.locator("summary").click()
    unsaved.get_by_role("button", name="Discard all changes").click()
    expect(steps).to_have_value(saved)
    expect(unsaved).not_to_contain_text("unsaved change")
    choose(page, "theme", "Picnic")
    choose(page, "theme", "Neon night")
    expect(steps).to_have_value(saved)


# Issue 18, 16 (B2): what cannot be kept is not left behind.
def test_a_value_that_does_not_hold_is_not_lost_to_another_theme(page: Page) -> None:
    opened = page.locator("#theme input").input_value()
    set_number(page, "A-width", "250")
    expect(page.locator("#unsaved [role=alert]")).to_contain_text("Recipe A, Width")
    choose(page, "theme", "Picnic")
    expect(page.locator("#notice [role=alert]")).to_contain_text("before you open another theme")
    expect(page.locator("#theme input")).to_have_value(opened)
    expect(page.locator("#A-width input[type=number]")).to_have_value("250")


def test_of_two_themes_chosen_in_a_row_the_last_is_shown(page: Page) -> None:
    """The second choice was lost while the server answered the first."""
    steps, held = page.locator("#A-steps input[type=number]"), list[Route]()

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/gradio_api/run/**", hold)
    with page.expect_request("**/gradio_api/run/**"):
        choose(page, "theme", "Picnic")
    choose(page, "theme", "Neon night")
    first = held.pop()
    page.route("**/gradio_api/run/**", lambda route: route.continue_())
    first.continue_()
    expect(page.locator("#notice")).to_contain_text("Neon night, version 1")
    expect(steps).to_have_value("16")
    expect(page.locator("#theme input")).to_have_value("Neon night")


# Issue 18, 16 (B2): a link of the page Themes opens a version over a draft of the same theme.
def test_a_version_of_an_address_does_not_replace_a_draft(page: Page, server: Server) -> None:
    name = page.locator("#theme-name input, #theme-name textarea").first
    name.fill("Twice")
    for number in (1, 2):
        set_number(page, "A-steps", str(40 + number))
        expect(page.locator("#unsaved")).to_contain_text("unsaved change")
        page.locator("#save").click()
        expect(page.locator("#notice")).to_contain_text(f"Saved Twice as version {number}.")
    expect(page.locator("#unsaved")).not_to_contain_text("unsaved change")
    set_number(page, "A-steps", "47")
    expect(page.locator("#unsaved")).to_contain_text("1 unsaved change")
    page.goto(f"{server.url}/?preset=twice&version=1")
    expect(page.locator("#notice")).to_contain_text("Save or discard them, then open version 1")
    expect(page.locator("#A-steps input[type=number]")).to_have_value("47")
    choose(page, "theme", "Picnic")
    choose(page, "theme", "First light")  # Its changes were saved as the other theme.
    expect(page.locator("#A-steps input[type=number]")).to_have_value("14")


# Issue 18, 16 (B3).
def test_the_canvas_stays_where_it_is_whatever_is_told(page: Page) -> None:
    top = "document.querySelector('.sketch canvas').getBoundingClientRect().top + scrollY"
    cards = "document.querySelector('#card-A').getBoundingClientRect().top + scrollY"
    before = page.evaluate(top)
    cards_before = page.evaluate(cards)
    set_number(page, "A-steps", "33")
    expect(page.locator("#unsaved")).to_contain_text("1 unsaved change")
    assert page.evaluate(top) == before
    page.locator("#unsaved summary").click()
    assert page.evaluate(top) == before
    set_number(page, "A-width", "250")
    expect(page.locator("#unsaved [role=alert]")).to_contain_text("Recipe A, Width")
    page.locator("#generate").click()
    expect(page.locator("#notice [role=alert]")).to_contain_text("Recipe A: width")
    assert page.evaluate(top) == before
    assert page.evaluate(cards) == cards_before


# Issue 18, 16 (B4).
def test_a_theme_has_a_chinese_name(page: Page) -> None:
    name = page.locator("#theme-name input, #theme-name textarea").first
    name.fill("春日野餐")
    expect(page.locator("#unsaved")).to_contain_text("unsaved change")
    start_long_run(page)
    page.locator("#stop").click()
    expect(page.locator("#notice")).to_contain_text("Stopped")
    page.locator("#save").click()
    expect(page.locator("#notice")).to_contain_text("Saved 春日野餐 as version 1.")
    choose(page, "theme", "Picnic")
    choose(page, "theme", "春日野餐")
    expect(name).to_have_value("春日野餐")
    name.fill("")
    page.locator("#save").click()
    expect(page.locator("#notice [role=alert]")).to_contain_text(
        "The theme has no name. Enter one."
    )
