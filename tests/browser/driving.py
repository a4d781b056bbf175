"""How the tests drive the page: drawing, typing, choosing."""

import base64
import io
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image
from playwright.sync_api import Locator, Page, expect

from studio.recipes.themes.preset import SLOTS

READ_LAYER = "() => document.querySelector('doodle-canvas').layers.encode()"
KEPT = "document.querySelector('doodle-canvas').saved"
"""Whether the browser keeps the drawing as it is."""
CLEAR = "document.querySelector('doodle-canvas').clear()"
STILL = """() => document.getAnimations().every(({ playState, effect }) =>
  playState !== 'running' || effect.getComputedTiming().endTime === Infinity)"""
DRAWN_AT_THE_WAIST = """() => {
  const sheet = document.querySelector('.sketch canvas');
  const [x, y] = [sheet.width / 2, Math.round(sheet.height * 0.55)];
  return sheet.getContext('2d').getImageData(x, y, 1, 1).data[3] > 0;
}"""


def settle(page: Page) -> None:
    """Until nothing moves any more, and what scripts changed last is drawn."""
    page.wait_for_function(STILL)
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")  # fmt: skip


def layer(page: Page) -> Image.Image:
    """The drawing as it is sent."""
    url: str = page.evaluate(READ_LAYER)
    return Image.open(io.BytesIO(base64.b64decode(url.split(",")[1]))).convert("RGBA")


def colors(image: Image.Image) -> set[object]:
    """Those of the pixels that are covered wholly or not at all: edges are soft."""
    found = (color for _, color in image.getcolors(100_000) or [] if isinstance(color, tuple))
    return {color for color in found if color[3] in (0, 255)}


def drag(page: Page, *points: tuple[float, float]) -> None:
    """Draws with the mouse; points are shares of the canvas, brought to where they can be seen."""
    canvas = page.locator(".sketch canvas")
    canvas.evaluate("it => it.scrollIntoView({ block: 'center', behavior: 'instant' })")
    box = canvas.bounding_box()
    assert box is not None
    spots = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*spots[0])
    page.mouse.down()
    for spot in spots[1:]:
        page.mouse.move(*spot, steps=4)
    page.mouse.up()


def scribble_a_dress(page: Page) -> None:
    drag(page, *((0.42 + 0.16 * (i % 2), 0.45 + 0.03 * i) for i in range(10)))


@contextmanager
def inspector(page: Page) -> Iterator[None]:
    """The recipes, whose drawer is opened meanwhile where the window has no room for their pane."""
    toggle = page.locator("#inspector-toggle")
    is_drawer = toggle.is_visible()
    if is_drawer:
        toggle.click()
    yield
    if is_drawer:
        page.keyboard.press("Escape")
        expect(page.locator("#inspector-pane")).to_be_hidden()


def open_field(page: Page, elem_id: str) -> Locator:
    """A field: of a recipe with its tab and section open ("B-steps"), or another of the page."""
    slot, dash, _ = elem_id.partition("-")
    if dash and slot in SLOTS:
        tab = page.locator(f"#tab-{slot}")
        if tab.get_attribute("aria-selected") != "true":
            tab.click()
    field = page.locator(f"[id='{elem_id}']")
    field.evaluate("it => { const section = it.closest('details'); if (section) section.open = true; }")  # fmt: skip
    return field


def set_number(page: Page, elem_id: str, value: str) -> None:
    with inspector(page):
        field = open_field(page, elem_id).locator("input[type=number]")
        field.fill(value)
        field.press("Tab")


def start_long_run(page: Page) -> None:
    """Starts a run whose first variant takes a minute or more, and waits until it is being rendered.

    However slow the browser is beside the server, the run is still there when the test acts on it.
    """
    for name, value in (("steps", "150"), ("width", "512"), ("height", "512")):
        set_number(page, f"A-{name}", value)
    page.locator("#generate").click()
    expect(page.locator("#card-A")).to_contain_text("Step")


def choose(page: Page, elem_id: str, option: str) -> None:
    """Chooses in a list: a field of a recipe, or Gradio's dropdown."""
    field = open_field(page, elem_id)
    if field.locator("select").count():
        field.locator("select").select_option(label=option)
        return
    field.locator("[aria-haspopup=listbox], input").first.click()
    field.get_by_role("option", name=option, exact=True).click()
