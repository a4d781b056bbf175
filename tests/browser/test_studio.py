"""An operator's first five minutes, in a real browser on the real pocket weights."""

import base64
import hashlib
import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from studio.imaging.metadata import png_with_metadata
from tests import examples
from tests.browser.conftest import Log, Server, open_studio

pytestmark = pytest.mark.browser

READ_LAYER = "() => document.querySelector('.sketch canvas').toDataURL('image/png')"
DRAWN_AT_THE_WAIST = "() => document.querySelector('.sketch canvas').getContext('2d').getImageData(128, 140, 1, 1).data[3] > 0"  # fmt: skip


def layer(page: Page) -> Image.Image:
    url: str = page.evaluate(READ_LAYER)
    return Image.open(io.BytesIO(base64.b64decode(url.split(",")[1]))).convert("RGBA")


def colours(picture: Image.Image) -> set[object]:
    return {colour for _, colour in picture.getcolors(100_000) or []}


def drag(page: Page, *points: tuple[float, float]) -> None:
    """Draws with the mouse; points are shares of the canvas."""
    box = page.locator(".sketch canvas").bounding_box()
    assert box is not None
    spots = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*spots[0])
    page.mouse.down()
    for spot in spots[1:]:
        page.mouse.move(*spot, steps=4)
    page.mouse.up()


def scribble_a_dress(page: Page) -> None:
    drag(page, *((0.42 + 0.16 * (i % 2), 0.45 + 0.03 * i) for i in range(10)))


def set_number(page: Page, elem_id: str, value: str) -> None:
    field = page.locator(f"#{elem_id} input[type=number]")
    field.fill(value)
    field.press("Tab")


def choose(page: Page, elem_id: str, option: str) -> None:
    page.locator(f"[id='{elem_id}'] input").click()
    page.get_by_role("option", name=option, exact=True).click()


def test_a_doodle_becomes_four_different_pictures(page: Page, log: Log, server: Server) -> None:
    scribble_a_dress(page)
    page.locator("#words textarea, #words input").first.fill("a red dress")
    page.locator("#generate").click()
    expect(page.locator(".card-done")).to_have_count(4, timeout=180_000)
    sources = [str(page.locator(f"#card-{letter} img").get_attribute("src")) for letter in "ABCD"]
    pictures = [Image.open(io.BytesIO(base64.b64decode(s.split(",")[1]))) for s in sources]
    assert all(picture.size == (256, 256) for picture in pictures)
    assert len({hashlib.sha256(picture.tobytes()).digest() for picture in pictures}) == 4
    expect(page.locator("#notice")).to_contain_text("Four variants in")
    expect(page.locator("#generate")).to_be_enabled()
    assert log.errors == []
    outside = [a for a in log.addresses if not a.startswith((server.url, "data:", "blob:"))]
    assert outside == []


def test_cards_report_progress_to_assistive_technology(page: Page) -> None:
    page.locator("#generate").click()
    bar = page.locator("#card-A [role=progressbar]")
    expect(bar).to_have_attribute("aria-valuemax", "100")
    expect(page.locator(".card-done")).to_have_count(4, timeout=180_000)


def test_stop_midway_leaves_the_page_usable(page: Page) -> None:
    scribble_a_dress(page)
    set_number(page, "A-steps", "150")
    page.locator("#generate").click()
    expect(page.locator("#card-A")).to_contain_text("Step", timeout=120_000)
    page.locator("#stop").click()
    expect(page.locator(".card-cancelled")).to_have_count(4, timeout=60_000)
    expect(page.locator("#notice")).to_contain_text("Stopped with 0 of 4")
    set_number(page, "A-steps", "4")
    page.locator("#generate").click()
    expect(page.locator(".card-done")).to_have_count(4, timeout=180_000)


def choose_preset(page: Page, name: str) -> None:
    page.locator("#preset input").click()
    page.get_by_role("option", name=name).click()
    expect(page.locator("#notice")).to_contain_text(f"{name}, version 1")


def test_a_saved_preset_is_found_again_after_a_restart(page: Page, server: Server) -> None:
    theme = page.locator("#theme-prompt textarea, #theme-prompt input").first
    strength = page.locator("#A-strength input[type=number]")
    set_number(page, "A-strength", "0.55")
    theme.fill("autumn leaves")
    page.get_by_role("tab", name="B").click()
    set_number(page, "B-steps", "13")
    page.locator("#preset-name input, #preset-name textarea").first.fill("Autumn party")
    page.locator("#save").click()
    expect(page.locator("#notice")).to_contain_text("Saved Autumn party, version 1")
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
    page.get_by_role("tab", name="B").click()
    expect(page.locator("#B-steps input[type=number]")).to_have_value("13")


def test_strokes_undo_redo_eraser_fill_and_clear(page: Page) -> None:
    drag(page, (0.3, 0.3), (0.7, 0.3))
    assert colours(layer(page)) == {(0, 0, 0, 0), (214, 40, 48, 255)}
    drawn = layer(page).tobytes()
    page.locator("[data-act=undo]").click()
    assert colours(layer(page)) == {(0, 0, 0, 0)}
    page.locator(".sketch canvas").focus()
    page.keyboard.press("Control+Shift+z")
    assert layer(page).tobytes() == drawn
    page.locator("[data-colour='#3064d6']").click()
    page.locator("[data-tool=fill]").click()
    drag(page, (0.1, 0.9))
    assert colours(layer(page)) == {(48, 100, 214, 255), (214, 40, 48, 255)}
    page.locator("[data-tool=eraser]").click()
    drag(page, (0.1, 0.5), (0.9, 0.5))
    assert (0, 0, 0, 0) in colours(layer(page))
    page.locator("[data-act=clear]").click()
    assert colours(layer(page)) == {(0, 0, 0, 0)}
    page.keyboard.press("Control+z")
    assert len(colours(layer(page))) > 1


def test_a_pen_presses_wider_and_a_finger_draws(page: Page) -> None:
    stroke = """({type, pressure, y}) => {
      const c = document.querySelector('.sketch canvas'), b = c.getBoundingClientRect();
      const at = (x) => ({clientX: b.left + x * b.width, clientY: b.top + y * b.height,
        pointerType: type, pressure, pointerId: 1, button: 0, bubbles: true, isPrimary: true});
      c.setPointerCapture = () => {};
      c.dispatchEvent(new PointerEvent('pointerdown', at(0.3)));
      c.dispatchEvent(new PointerEvent('pointermove', at(0.7)));
      c.dispatchEvent(new PointerEvent('pointerup', at(0.7)));
    }"""
    widths = []
    for how in (("pen", 0.1, 0.2), ("pen", 1.0, 0.5), ("touch", 0.5, 0.8)):
        page.evaluate(stroke, dict(zip(("type", "pressure", "y"), how, strict=True)))
        column = layer(page).crop((128, int(256 * how[2]) - 25, 129, int(256 * how[2]) + 25))
        widths.append(int(np.count_nonzero(np.asarray(column)[..., 3])))
    assert widths[0] < widths[2] < widths[1]


def test_another_base_slides_in_under_the_doodle(page: Page) -> None:
    scribble_a_dress(page)
    before = layer(page).tobytes()
    first = page.locator(".sketch-base").get_attribute("src")
    page.locator("#bases [data-id=ruby]").click()
    expect(page.locator(".sketch-base")).to_have_attribute("alt", "Ruby")
    assert page.locator(".sketch-base").get_attribute("src") != first
    assert layer(page).tobytes() == before


def test_a_test_doodle_brings_its_base_image(page: Page) -> None:
    page.locator("#pack [data-id=sporty]").click()
    expect(page.locator(".sketch-base")).to_have_attribute("alt", "Kofi")
    expect(page.locator("#bases [data-id=kofi]")).to_have_attribute("aria-checked", "true")
    page.wait_for_function(DRAWN_AT_THE_WAIST)


def test_what_the_control_units_see_is_shown_before_anything_is_rendered(page: Page) -> None:
    page.locator("#pack [data-id=star-dress]").click()
    page.wait_for_function(DRAWN_AT_THE_WAIST)
    page.locator("#show-maps-A").click()
    pictures = page.locator("#maps-A img")
    expect(pictures).to_have_count(2)
    expect(page.get_by_alt_text("What pocket-scribble sees")).to_be_visible()
    page.locator("[data-act=clear]").click()
    page.wait_for_timeout(500)  # The page hears of it a moment later.
    page.locator("#show-maps-A").click()
    expect(page.locator("#maps-A")).to_contain_text("pocket-scribble sees no strokes")
    expect(pictures).to_have_count(1)


def test_a_control_unit_reads_an_uploaded_picture(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "own.png"
    file.write_bytes(examples.png((120, 120), (9, 8, 7, 255)))
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    choose(page, "A-control_units-0-source", "Own picture")
    unit = page.locator(".unit").filter(has=page.locator("[id='A-control_units-0-source']"))
    chooser = unit.locator("input[type=file]").first
    chooser.set_input_files(broken)
    expect(page.locator("#notice [role=alert]")).to_contain_text("is not a PNG")
    chooser.set_input_files(file)
    box = page.locator("[id='A-control_units-0-picture'] textarea, [id='A-control_units-0-picture'] input")  # fmt: skip
    expect(box.first).to_have_value(re.compile(r"[0-9a-f]{64}"))
    choose(page, "A-control_units-0-preprocessor", "None: the picture as it is")
    page.locator("#show-maps-A").click()
    expect(page.locator("#maps-A img")).to_have_count(2)


def test_a_lora_shows_the_words_that_call_for_it(page: Page) -> None:
    choose(page, "A-loras-0-model-name", "glow")
    field = page.locator("[id='A-loras-0-model-name']")
    expect(field).to_contain_text("Trigger words: glow, night")
    choose(page, "A-loras-0-model-name", "none")
    expect(field).not_to_contain_text("Trigger words")


def test_a_finished_picture_restores_what_made_it(page: Page, tmp_path: Path) -> None:
    recipe = examples.recipe(steps=33, control_units=(examples.unit("pose", weight=0.35),))
    made = examples.variant(letter="C", recipe=recipe, seed=4711, prompt="a gown", base_image="ada")
    file = tmp_path / "variant.png"
    file.write_bytes(png_with_metadata(Image.new("RGB", (64, 64)), made.model_dump_json()))
    page.locator("#header input[type=file]").set_input_files(file)
    expect(page.locator("#notice")).to_contain_text("Recipe C is the picture's, with its seed 4711")
    expect(page.locator(".sketch-base")).to_have_attribute("alt", "Ada")
    expect(page.locator("#seed input")).to_have_value("4711")
    expect(page.locator("#words textarea, #words input").first).to_have_value("a gown")
    page.get_by_role("tab", name="C").click()
    expect(page.locator("#C-steps input[type=number]")).to_have_value("33")
    expect(page.locator("[id='C-control_units-0-weight'] input[type=number]")).to_have_value("0.35")


def test_too_many_words_are_told_on_the_page_and_nothing_runs(page: Page) -> None:
    page.locator("#words textarea, #words input").first.fill("x" * 10_000)
    page.locator("#generate").click()
    alert = page.locator("#notice [role=alert]")
    expect(alert).to_contain_text("10,000 characters; at most 500")
    expect(page.locator(".card-idle")).to_have_count(4)


def test_a_value_that_does_not_hold_is_told_with_its_recipe_and_field(page: Page) -> None:
    set_number(page, "A-width", "250")
    page.locator("#generate").click()
    expect(page.locator("#notice [role=alert]")).to_contain_text("recipe A: width")


@pytest.mark.parametrize("width", [390, 1440])
def test_the_page_fits_its_window(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    page.wait_for_timeout(500)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    box = page.locator(".sketch canvas").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width


def test_a_click_right_after_the_page_opened_is_answered(browser: Browser, server: Server) -> None:
    """Through Gradio's queue one such click in fifteen was lost, so ten are made."""
    for _ in range(10):
        with browser.new_context() as context:
            opened = context.new_page()
            open_studio(opened, server)
            opened.locator("#pack [data-id=star-dress]").click()
            opened.wait_for_function(DRAWN_AT_THE_WAIST)


def test_unsaved_changes_are_counted_marked_and_kept_over_a_reload(
    page: Page, server: Server
) -> None:
    set_number(page, "A-steps", "31")
    unsaved = page.locator("#unsaved")
    expect(unsaved).to_contain_text("1 unsaved change")
    unsaved.locator("summary").click()
    expect(unsaved).to_contain_text("A, Sampling steps: 14 → 31")
    shadow = "e => getComputedStyle(e).boxShadow"
    assert page.locator("#A-steps").evaluate(shadow) != page.locator("#A-strength").evaluate(shadow)
    page.locator("#words textarea, #words input").first.fill("a warm coat")
    scribble_a_dress(page)
    drawn = colours(layer(page))
    page.wait_for_timeout(2500)  # The browser hears of it a moment later.
    open_studio(page, server)
    expect(page.locator("#A-steps input[type=number]")).to_have_value("31")
    expect(page.locator("#notice")).to_contain_text("Your unsaved changes are here")
    expect(page.locator("#words textarea, #words input").first).to_have_value("a warm coat")
    page.wait_for_function(DRAWN_AT_THE_WAIST)
    assert colours(layer(page)) == drawn
    page.get_by_role("button", name="Reset to saved").first.click()
    expect(page.locator("#A-steps input[type=number]")).to_have_value("14")
    expect(unsaved).not_to_contain_text("unsaved")


def test_a_recipe_is_copied_to_another(page: Page) -> None:
    set_number(page, "A-steps", "33")
    page.get_by_role("button", name="Copy to C").first.click()
    expect(page.locator("#unsaved")).to_contain_text("unsaved changes")
    page.get_by_role("tab", name="C").click()
    expect(page.locator("#C-steps input[type=number]")).to_have_value("33")


def test_two_operators_do_not_overwrite_one_another(
    page: Page, browser: Browser, server: Server
) -> None:
    with browser.new_context() as context:
        other = context.new_page()
        open_studio(other, server)
        for each, steps in ((other, "21"), (page, "22")):
            each.get_by_role("tab", name="B").click()
            set_number(each, "B-steps", steps)
            expect(each.locator("#unsaved")).to_contain_text("unsaved change")
        other.locator("#save").click()
        expect(other.locator("#notice")).to_contain_text("Saved")
        page.locator("#save").click()
        expect(page.locator("#notice [role=alert]")).to_contain_text("was saved meanwhile")


def test_a_theme_is_checked_deployed_and_taken_back_on_the_page(page: Page) -> None:
    name = page.locator("#preset-name input, #preset-name textarea").first
    name.fill("Season")
    name.press("Tab")
    page.locator("#save").click()
    expect(page.locator("#notice")).to_contain_text("Saved Season, version 1")
    page.get_by_role("button", name="Deployment").click()
    expect(page.locator("#served")).to_contain_text("never deployed to this channel")
    page.locator("#check").click()
    expect(page.locator("#findings")).to_contain_text("was never rendered")
    page.locator("#author input, #author textarea").first.fill("ada")
    page.locator("#author input, #author textarea").first.press("Tab")
    page.locator("#deploy").click()
    expect(page.locator("#findings")).to_contain_text("Version 1 of Season is served in live")
    expect(page.locator("#served")).to_contain_text("ada")
    page.locator("#rollback").click()
    expect(page.locator("#findings [role=alert]")).to_contain_text("served no other version")
    page.locator("#take-down").click()
    expect(page.locator("#findings")).to_contain_text("Season is no longer served in live")
    expect(page.locator("#served")).to_contain_text("taken down")


def test_the_live_preview_follows_the_last_stroke(page: Page) -> None:
    page.get_by_label("Live preview").check()
    scribble_a_dress(page)
    preview = page.get_by_alt_text("Live preview of recipe A")
    expect(preview).to_be_visible(timeout=60_000)
    first = preview.get_attribute("src")
    drag(page, (0.3, 0.3), (0.7, 0.3))
    page.wait_for_function(
        "first => document.querySelector('#glimpse img').src !== first", arg=first
    )
    page.get_by_label("Live preview").uncheck()
    expect(preview).to_have_count(0)
