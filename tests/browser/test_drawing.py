"""The canvas: tools, pen and finger, base images under a doodle, live preview."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, Route, expect

from studio.imaging.png_metadata import png_with_metadata
from tests import examples
from tests.browser.conftest import Server, open_studio
from tests.browser.driving import (
    CLEAR,
    DRAWN_AT_THE_WAIST,
    KEPT,
    colors,
    drag,
    layer,
    scribble_a_dress,
)

pytestmark = pytest.mark.browser


RED, BLUE, NOTHING = (214, 40, 48, 255), (48, 100, 214, 255), (0, 0, 0, 0)


def test_strokes_undo_redo_eraser_fill_and_clear_ask_nothing_of_the_server(page: Page) -> None:
    page.wait_for_load_state("networkidle")  # The page has checked the recipes that it opened.
    sent: list[str] = []
    page.on("request", lambda it: sent.append(it.url) if it.method == "POST" else None)
    drag(page, (0.3, 0.3), (0.7, 0.3))
    assert colors(layer(page)) == {NOTHING, RED}
    drawn = layer(page).tobytes()
    page.locator("[data-action=undo]").click()
    assert colors(layer(page)) == {NOTHING}
    page.locator(".sketch canvas").focus()
    page.keyboard.press("Control+Shift+z")
    assert layer(page).tobytes() == drawn
    page.locator("[data-color='#3064d6']").click()
    page.locator("[data-tool=fill]").click()
    drag(page, (0.1, 0.9))
    filled = layer(page)
    assert filled.getpixel((128, 77)) == RED
    assert filled.getpixel((5, 5)) == BLUE
    assert set(np.asarray(filled)[..., 3].flat) == {255}  # No fringe at the stroke's edge.
    page.locator("[data-tool=eraser]").click()
    drag(page, (0.1, 0.5), (0.9, 0.5))
    assert NOTHING in colors(layer(page))
    page.get_by_role("button", name="More canvas options").click()
    page.locator(".sketch-menu [data-action=clear]").click()
    assert colors(layer(page)) == {NOTHING}
    page.keyboard.press("Control+z")
    assert len(colors(layer(page))) > 1
    page.wait_for_function(KEPT)
    assert sent == []


def test_a_drawing_and_its_undo_survive_a_reload(page: Page, server: Server) -> None:
    drag(page, (0.3, 0.3), (0.7, 0.3))
    drawn = layer(page).tobytes()
    drag(page, (0.3, 0.6), (0.7, 0.6))
    both = layer(page).tobytes()
    page.wait_for_function(KEPT)
    open_studio(page, server)
    assert layer(page).tobytes() == both
    page.keyboard.press("Control+z")
    assert layer(page).tobytes() == drawn


def test_the_canvas_is_drawn_on_while_gradio_is_still_loading(page: Page, server: Server) -> None:
    drag(page, (0.3, 0.3), (0.7, 0.3))
    page.wait_for_function(KEPT)
    kept = layer(page).tobytes()
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/assets/*.js", hold)
    page.goto(server.url, wait_until="commit")
    page.wait_for_selector(".workbench-skeleton .sketch canvas")
    page.wait_for_function("!document.querySelector('doodle-canvas').isEmpty")
    assert layer(page).tobytes() == kept
    place = page.locator(".sketch canvas").bounding_box()
    drag(page, (0.3, 0.6), (0.7, 0.6))
    drawn = layer(page).tobytes()
    assert drawn != kept
    expect(page.locator("#generate")).to_have_count(0)
    for route in held:
        route.continue_()
    page.unroute("**/assets/*.js")
    page.wait_for_selector("html[data-opened]")
    assert page.locator("#canvas .sketch canvas").bounding_box() == place
    assert layer(page).tobytes() == drawn
    png = page.evaluate("document.querySelector('doodle-canvas').getPng()")
    with page.expect_request(
        lambda it: "/queue/join" in it.url and "data:image" in str(it.post_data)
    ) as sent:
        page.locator("#generate").click()
    assert png in str(sent.value.post_data)
    page.locator("#stop").click()
    expect(page.locator("#generate")).to_be_enabled()
    page.keyboard.press("Control+z")
    assert layer(page).tobytes() == kept


def test_a_pen_presses_wider_and_a_finger_draws_until_a_pen_does(page: Page) -> None:
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
    strokes = (("touch", 0.5, 0.2), ("pen", 0.1, 0.4), ("pen", 1.0, 0.6), ("touch", 0.5, 0.85))
    for how in strokes:
        page.evaluate(stroke, dict(zip(("type", "pressure", "y"), how, strict=True)))
        column = layer(page).crop((128, int(256 * how[2]) - 20, 129, int(256 * how[2]) + 20))
        widths.append(int(np.count_nonzero(np.asarray(column)[..., 3])))
    assert 0 < widths[1] < widths[0] < widths[2]
    assert widths[3] == 0


def test_another_base_slides_in_under_the_doodle(page: Page) -> None:
    scribble_a_dress(page)
    before = layer(page).tobytes()
    first = page.locator(".sketch-base").get_attribute("src")
    page.locator("#base-images [data-id=ruby]").click()
    expect(page.locator(".sketch-base")).to_have_attribute("alt", "Ruby")
    assert page.locator(".sketch-base").get_attribute("src") != first
    assert layer(page).tobytes() == before


def test_a_test_doodle_brings_its_base_image(page: Page) -> None:
    page.locator("#sample-doodles [data-id=sporty]").click()
    expect(page.locator(".sketch-base")).to_have_attribute("alt", "Kofi")
    expect(page.locator("#base-images [data-id=kofi]")).to_have_attribute("aria-checked", "true")
    page.wait_for_function(DRAWN_AT_THE_WAIST)
    sample = layer(page).tobytes()
    drag(page, (0.1, 0.1), (0.2, 0.1))
    page.locator("#sample-doodles [data-id=sporty]").click()
    told = page.locator(".sketch-message")
    expect(told).to_contain_text("Replaced your drawing.")
    assert layer(page).tobytes() == sample
    told.get_by_role("button", name="Undo").click()
    assert layer(page).getpixel((38, 25)) == RED


def test_the_live_preview_follows_the_last_stroke(page: Page) -> None:
    live = page.get_by_role("button", name="Live preview")
    live.click()
    scribble_a_dress(page)
    preview = page.get_by_alt_text("Live preview of recipe A")
    expect(preview).to_be_visible()
    first = preview.get_attribute("src")
    drag(page, (0.3, 0.3), (0.7, 0.3))
    page.wait_for_function(
        "first => document.querySelector('.sketch-preview').src !== first", arg=first
    )
    live.click()
    expect(preview).to_be_hidden()


def test_lines_and_shapes_are_drawn_from_corner_to_corner(page: Page) -> None:
    page.locator("[data-tool=line]").click()
    drag(page, (0.2, 0.2), (0.6, 0.5), (0.8, 0.2))
    at = layer(page)
    assert at.getpixel((128, 51)) == (214, 40, 48, 255)  # Straight, whatever way the hand took.
    assert at.getpixel((153, 115)) == (0, 0, 0, 0)
    page.evaluate(CLEAR)
    page.locator("[data-tool=ellipse]").click()
    drag(page, (0.25, 0.25), (0.75, 0.75))
    alpha = np.asarray(layer(page))[..., 3]
    assert alpha[64, 128] == 255
    assert alpha[128, 128] == alpha[68, 68] == 0

    page.evaluate(CLEAR)
    page.locator("[data-tool=rectangle]").click()
    page.keyboard.down("Shift")
    drag(page, (0.2, 0.2), (0.7, 0.3))
    page.keyboard.up("Shift")
    left, top, right, bottom = layer(page).getbbox() or (0, 0, 0, 0)
    assert abs((right - left) - (bottom - top)) <= 2

    page.evaluate(CLEAR)
    page.locator("[data-tool=brush]").click()
    page.locator("[data-action=mirror]").click()
    drag(page, (0.2, 0.4), (0.3, 0.6))
    alpha = np.asarray(layer(page))[..., 3]
    assert (alpha[:, :128] > 0).sum() > 50
    assert np.array_equal(alpha, alpha[:, ::-1])


def test_a_color_is_picked_from_the_doodle_or_the_base(page: Page) -> None:
    page.locator("[data-color='#3064d6']").click()
    drag(page, (0.4, 0.5), (0.6, 0.5))
    page.locator("[data-color='#d62830']").click()
    page.locator("[data-tool=eyedropper]").click()
    drag(page, (0.5, 0.5))
    expect(page.locator(".sketch-custom-color input")).to_have_value("#3064d6")
    expect(page.locator("[data-tool=brush]")).to_have_attribute("aria-pressed", "true")
    page.locator("[data-tool=eyedropper]").click()
    drag(page, (0.02, 0.02))
    expect(page.locator(".sketch-custom-color input")).not_to_have_value("#3064d6")


def test_strokes_land_under_the_pointer_when_zoomed_and_moved(page: Page) -> None:
    for _ in range(3):
        page.locator("[data-action=zoom-in]").click()
    page.locator("[data-tool=hand]").click()
    frame = page.locator(".sketch-page").bounding_box()
    assert frame is not None
    x, y = frame["x"] + frame["width"] / 2, frame["y"] + frame["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y + 60, steps=3)
    page.mouse.up()
    page.locator("[data-tool=brush]").click()
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.up()
    expect(page.locator(".sketch-percent")).to_have_text("338%")
    canvas = page.locator(".sketch canvas").bounding_box()
    assert canvas is not None
    left, top, right, bottom = layer(page).getbbox() or (0, 0, 0, 0)
    assert abs((left + right) / 2 - (x - canvas["x"]) * 256 / canvas["width"]) < 1.5
    assert abs((top + bottom) / 2 - (y - canvas["y"]) * 256 / canvas["height"]) < 1.5
    assert canvas["width"] > 3 * frame["width"]
    page.locator("[data-action=zoom-fit]").click()
    whole = page.locator(".sketch canvas").bounding_box()
    assert whole is not None
    assert abs(whole["width"] - frame["width"]) < 3


def test_two_fingers_zoom_and_leave_no_stroke(page: Page) -> None:
    page.evaluate("""() => {
      const c = document.querySelector('.sketch canvas'), b = c.getBoundingClientRect();
      const at = (id, x, y) => ({clientX: b.left + x * b.width, clientY: b.top + y * b.height,
        pointerType: 'touch', pointerId: id, button: 0, bubbles: true, isPrimary: id === 1});
      c.setPointerCapture = () => {};
      c.dispatchEvent(new PointerEvent('pointerdown', at(1, 0.4, 0.5)));
      c.dispatchEvent(new PointerEvent('pointermove', at(1, 0.42, 0.5)));
      c.dispatchEvent(new PointerEvent('pointerdown', at(2, 0.6, 0.5)));
      c.dispatchEvent(new PointerEvent('pointermove', at(1, 0.2, 0.5)));
      c.dispatchEvent(new PointerEvent('pointermove', at(2, 0.8, 0.5)));
      c.dispatchEvent(new PointerEvent('pointerup', at(1, 0.2, 0.5)));
      c.dispatchEvent(new PointerEvent('pointerup', at(2, 0.8, 0.5)));
    }""")
    frame, canvas = (page.locator(s).bounding_box() for s in (".sketch-page", ".sketch canvas"))
    assert frame is not None
    assert canvas is not None
    assert canvas["width"] > 2 * frame["width"]
    assert colors(layer(page)) == {(0, 0, 0, 0)}


def test_a_doodle_is_downloaded_and_imported_again(page: Page, tmp_path: Path) -> None:
    scribble_a_dress(page)
    drawn = layer(page)
    page.get_by_role("button", name="More canvas options").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download doodle").click()
    file = tmp_path / "doodle.png"
    download.value.save_as(file)
    assert Image.open(file).convert("RGBA").tobytes() == drawn.tobytes()
    page.evaluate(CLEAR)
    page.locator(".sketch-file").set_input_files(file)
    page.wait_for_function(DRAWN_AT_THE_WAIST)
    assert layer(page).tobytes() == drawn.tobytes()
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    page.locator(".sketch-file").set_input_files(broken)
    expect(page.locator(".sketch-message")).to_contain_text("Unsupported image file.")
    assert layer(page).tobytes() == drawn.tobytes()


def test_keys_choose_tools_and_a_sheet_tells_them(page: Page) -> None:
    page.locator(".sketch canvas").focus()
    for key, tool in (("e", "eraser"), ("l", "line"), ("s", "lasso"), ("b", "brush")):
        page.keyboard.press(key)
        expect(page.locator(f"[data-tool={tool}]")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("?")
    expect(page.locator("dialog.shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("dialog.shortcuts")).not_to_be_visible()


def test_layers_a_sticker_and_a_lasso_are_sent_flattened_and_kept(
    page: Page, server: Server
) -> None:
    drag(page, (0.2, 0.5), (0.8, 0.5))
    page.get_by_role("button", name="Layers (Y)").click()
    page.get_by_role("button", name="Add layer").click()
    page.locator("[data-color='#3064d6']").click()
    page.get_by_role("button", name="Stickers and patterns (T)").click()
    page.get_by_role("button", name="Heart").click()
    expect(page.locator(".sketch-stickers")).to_be_hidden()
    handle = page.get_by_role("button", name="Selection size (arrow keys)")
    handle.focus()
    for _ in range(2):
        page.keyboard.press("Shift+ArrowRight")
    page.get_by_role("button", name="Place selection (Enter)").click()
    placed = layer(page)
    assert placed.getpixel((128, 128)) == BLUE  # It covers the stroke below.
    assert placed.getpixel((64, 128)) == RED
    page.get_by_role("button", name="Lasso: select, move and scale (S)").click()
    corners = ((0.3, 0.3), (0.7, 0.3), (0.7, 0.75), (0.3, 0.75))
    drag(page, *corners)
    page.keyboard.press("Shift+ArrowDown")
    drag(page, (0.5, 0.5), (0.5, 0.2))  # By its inside, with the pointer.
    moved = layer(page)
    assert moved.getpixel((128, 128)) == RED
    assert moved.getpixel((128, 70)) == BLUE
    page.get_by_role("button", name="Show Layer 2").click()
    assert colors(layer(page)) == {NOTHING, RED}
    page.keyboard.press("Control+z")
    assert layer(page).tobytes() == moved.tobytes()
    page.wait_for_function(KEPT)
    open_studio(page, server)
    assert layer(page).tobytes() == moved.tobytes()
    page.keyboard.press("Control+z")
    assert layer(page).tobytes() == placed.tobytes()
    page.get_by_role("button", name="Layers (Y)").click()
    expect(page.locator(".sketch-layer-list li")).to_have_count(2)


HAND = """([name, type, bytes, how]) => {
  const held = new DataTransfer();
  held.items.add(new File([new Uint8Array(bytes)], name, { type }));
  const more = how === 'paste' ? { clipboardData: held } : { dataTransfer: held };
  const kind = how === 'paste' ? ClipboardEvent : DragEvent;
  const at = document.querySelector(how === 'paste' ? '#generate' : '.sketch canvas');
  at.dispatchEvent(new kind(how, { ...more, bubbles: true, cancelable: true }));
}"""


def image_file(kind: str, *, settings: bool = False) -> list[int]:
    """A blue picture twice as wide as high."""
    image = Image.new("RGB", (600, 300), (20, 60, 220))
    if settings:
        return list(png_with_metadata(image, examples.variant(slot="B").model_dump_json()))
    held = io.BytesIO()
    image.save(held, kind)
    return list(held.getvalue())


# Issue 18, 16.
@pytest.mark.parametrize(("kind", "how"), [("JPEG", "drop"), ("WEBP", "paste")])
def test_an_ordinary_image_becomes_the_doodle(page: Page, kind: str, how: str) -> None:
    scribble_a_dress(page)
    drawn = layer(page).tobytes()
    page.evaluate(HAND, [f"it.{kind}", f"image/{kind.lower()}", image_file(kind), how])
    page.wait_for_function(
        "() => document.querySelector('.sketch canvas').getContext('2d').getImageData(16, 512, 1, 1).data[3] === 255"
    )
    laid = layer(page)
    assert laid.getbbox() == (0, 64, 256, 192)  # As large as fits, in the middle.
    red, green, blue, _ = np.asarray(laid)[128, 128]
    assert abs(int(red) - 20) + abs(int(green) - 60) + abs(int(blue) - 220) < 12
    expect(page.locator("#notice")).to_have_text("")
    page.keyboard.press("Control+z")
    assert layer(page).tobytes() == drawn


# Issue 18, 16.
def test_a_image_with_settings_is_asked_about(page: Page) -> None:
    made = ["made.png", "image/png", image_file("PNG", settings=True), "drop"]
    page.evaluate(HAND, made)
    asked = page.get_by_role("dialog", name="This image contains settings")
    asked.get_by_role("button", name="Use as doodle").click()
    page.wait_for_function(DRAWN_AT_THE_WAIST)
    expect(page.locator("#notice")).to_have_text("")
    page.evaluate(HAND, made)
    asked.get_by_role("button", name="Restore settings").click()
    expect(page.locator("#notice")).to_contain_text("Restored recipe B")


def test_a_file_that_is_no_image_is_told_at_the_canvas(page: Page) -> None:
    page.evaluate(HAND, ["notes.txt", "text/plain", [104, 105], "drop"])
    expect(page.locator(".sketch-message")).to_contain_text("Unsupported image file.")
    drag(page, (0.3, 0.3), (0.7, 0.3))
    expect(page.locator(".sketch-message")).to_have_text("")


def test_where_a_image_may_be_dropped_is_shown_while_it_is_dragged(page: Page) -> None:
    zone = page.get_by_text("Use as doodle", exact=True)
    expect(zone).to_be_hidden()
    drag_over = """type => {
      const held = new DataTransfer();
      held.items.add(new File([], 'it.png', { type: 'image/png' }));
      document.querySelector('.sketch canvas').dispatchEvent(
        new DragEvent(type, { dataTransfer: held, bubbles: true, cancelable: true }));
    }"""
    page.evaluate(drag_over, "dragover")
    expect(zone).to_be_visible()
    expect(page.get_by_text("Restore settings", exact=True)).to_be_visible()
    page.evaluate(drag_over, "dragleave")
    expect(zone).to_be_hidden()


# Issue 18, 16.
def test_undo_works_wherever_the_focus_is_but_in_a_text(page: Page) -> None:
    page.locator("#sample-doodles [data-id=star-dress]").click()
    page.wait_for_function(DRAWN_AT_THE_WAIST)
    drawn = layer(page).tobytes()
    words = page.locator("#user-prompt textarea, #user-prompt input").first
    words.press_sequentially("red")
    page.keyboard.press("Control+z")
    assert layer(page).tobytes() == drawn
    page.locator("#sample-doodles [data-id=star-dress]").focus()
    page.keyboard.press("Control+z")
    assert colors(layer(page)) == {(0, 0, 0, 0)}
    page.keyboard.press("Control+Shift+z")
    assert layer(page).tobytes() == drawn
