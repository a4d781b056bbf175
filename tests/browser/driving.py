"""How the tests drive the page: drawing, typing, choosing."""

import base64
import io
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image
from playwright.sync_api import Page, expect

READ_LAYER = "() => document.querySelector('doodle-canvas').layer.encode()"
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
    return {color for _, color in image.getcolors(100_000) or [] if color[3] in (0, 255)}


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


def set_number(page: Page, elem_id: str, value: str) -> None:
    field = page.locator(f"#{elem_id} input[type=number]")
    with inspector(page):
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
    field = page.locator(f"[id='{elem_id}']")
    field.locator("input").click()
    field.get_by_role("option", name=option, exact=True).click()
