"""The canvas: tools, pen and finger, base images under a doodle, live preview."""

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.browser.driving import (
    DRAWN_AT_THE_WAIST,
    colours,
    drag,
    layer,
    scribble_a_dress,
)

pytestmark = pytest.mark.browser


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
