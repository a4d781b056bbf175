"""The page of base images: upload one, place its joints, paint its zones, draw on it; retire it again."""

import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server, open_studio

pytestmark = pytest.mark.browser


@pytest.fixture
def bases(page: Page, server: Server) -> Page:
    page.goto(f"{server.url}/assets/base-images")
    expect(page.locator("#gallery button").first).to_be_visible()
    return page


def listed(server: Server, image_id: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{server.url}/api/v1/base-images") as answer:
        return next(b for b in json.load(answer)["base_images"] if b["id"] == image_id)


def test_a_base_image_is_added_posed_drawn_on_and_retired(
    bases: Page, server: Server, tmp_path: Path
) -> None:
    broken = tmp_path / "notes.png"
    broken.write_bytes(b"no image")
    bases.locator("#add [name=file]").set_input_files(broken)
    expect(bases.locator("#add-error")).to_contain_text("cannot read “notes.png” as an image")
    file = tmp_path / "zoe.jpg"
    Image.new("RGB", (3000, 2250), (230, 220, 200)).save(file)
    bases.locator("#add [name=file]").set_input_files(file)
    expect(bases.locator("#add output")).to_have_text("Stored as 1024 × 768 px")
    bases.get_by_label("Square").check(force=True)
    expect(bases.locator("#add output")).to_have_text("Stored as 1024 × 1024 px")
    expect(bases.locator("#add [name=name]")).to_have_value("zoe")
    bases.locator("#add [name=name]").fill("Zoe")
    bases.locator("#add").get_by_role("button", name="Add base image").click()
    expect(bases.locator("#chosen")).to_contain_text("Zoe, 1024 × 1024")
    stage = bases.locator(".pose-stage")
    box = stage.bounding_box()
    assert box is not None
    for x, y in ((0.5, 0.2), (0.5, 0.35), (0.4, 0.36)):  # Nose, neck, right shoulder in turn.
        stage.click(position={"x": x * box["width"], "y": y * box["height"]})
    bases.keyboard.press("Control+z")
    expect(bases.locator(".pose-stage ellipse")).to_have_count(2)
    stage.click(position={"x": 0.4 * box["width"], "y": 0.36 * box["height"]})
    bases.get_by_role("button", name="Save keypoints").click()
    expect(bases.locator("#status")).to_have_text("Keypoints saved.")
    expect(bases.locator(".pose-stage ellipse")).to_have_count(3)
    points = listed(server, "zoe")["keypoints"]
    assert points[0] == pytest.approx([0.5, 0.2], abs=0.01)
    assert points[2] == pytest.approx([0.4, 0.36], abs=0.01)
    assert points[3] is None
    open_studio(bases, server)
    bases.locator("#base-images [data-id=zoe]").click()
    expect(bases.locator(".sketch-base")).to_have_attribute("alt", "Zoe")
    assert bases.evaluate("document.querySelector('doodle-canvas').layers.width") == 1024
    bases.goto(f"{server.url}/assets/base-images")
    bases.locator("[data-base=zoe]").click()
    bases.get_by_role("button", name="Archive").click()
    expect(bases.get_by_role("button", name="Restore")).to_be_visible()
    assert listed(server, "zoe")["retired"]


def test_a_joint_is_dragged_and_hidden(bases: Page, server: Server) -> None:
    bases.locator("[data-base=noah]").click()
    joint = bases.locator("ellipse[data-joint='4']")
    joint.evaluate("it => it.scrollIntoView({ block: 'center', behavior: 'instant' })")
    dot = joint.bounding_box()
    assert dot is not None
    bases.mouse.move(dot["x"] + dot["width"] / 2, dot["y"] + dot["height"] / 2)
    bases.mouse.down()
    bases.mouse.move(dot["x"] - 30, dot["y"] - 40, steps=4)
    bases.mouse.up()
    before = listed(server, "noah")["keypoints"]
    bases.get_by_role("radio", name="Left ankle").click()
    bases.get_by_role("button", name="Mark as not visible").click()
    bases.get_by_role("button", name="Save keypoints").click()
    expect(bases.locator("#status")).to_have_text("Keypoints saved.")
    expect(bases.get_by_role("radio", name="Left ankle (not visible)")).to_be_visible()
    after = listed(server, "noah")["keypoints"]
    assert after[4] != before[4]
    assert after[13] is None
    assert after[0] == before[0]


# Issue 23, 1.
def test_zones_are_painted_saved_and_brought_back(bases: Page, server: Server) -> None:
    before = listed(server, "ruby")
    bases.locator("[data-base=ruby]").click()
    bases.get_by_role("tab", name="Zones").click()
    canvas = bases.locator(".zone-stage canvas")
    save = bases.get_by_role("button", name="Save zones")
    expect(canvas).to_be_visible()
    bases.wait_for_function("document.querySelector('.zone-stage doodle-canvas').getPng()")
    expect(save).to_be_disabled()
    bases.get_by_role("button", name="Clear", exact=True).click()
    save.click()
    expect(bases.locator(".undo-notice")).to_contain_text("Zones saved.")
    cleared = listed(server, "ruby")
    assert (cleared["clothes_zone"], cleared["protected_zone"]) == (None, None)
    bases.locator(".undo-notice button").click()
    expect(bases.locator(".undo-notice")).to_have_count(0)
    bases.wait_for_function("document.querySelector('.zone-stage doodle-canvas').getPng()")
    assert listed(server, "ruby") == before  # To the byte: zones are named by their hash.
    bases.locator("#zone [value=protected]").check(force=True)
    canvas.click(position={"x": 12, "y": 12})
    save.click()
    expect(save).to_be_disabled()
    after = listed(server, "ruby")
    assert after["clothes_zone"] == before["clothes_zone"]
    assert after["protected_zone"] != before["protected_zone"]
    bases.get_by_role("button", name="Propose", exact=True).click()
    expect(bases.locator("#zone-status")).to_have_text("Zones proposed. Correct them, then save.")
    bases.keyboard.press("Control+z")
    expect(save).to_be_disabled()
    bases.get_by_role("tab", name="Keypoints").click()
    expect(bases.get_by_role("button", name="Save keypoints")).to_be_visible()


@pytest.mark.parametrize("width", [390, 1440])
def test_the_page_fits_its_window(bases: Page, width: int) -> None:
    bases.set_viewport_size({"width": width, "height": 844})
    assert bases.evaluate("document.documentElement.scrollWidth") <= width
