"""What the browser sends is checked before it is a doodle."""

import base64
from typing import Any

import gradio as gr
import pytest

from studio.errors import InvalidImageError
from studio.recipes.palette import NAME_IDS, PALETTE
from studio.ui.components import ImageOption, ImageRadio, to_data_url
from studio.ui.sketch_canvas import CanvasBackground, SketchCanvas
from tests import examples

BASE = CanvasBackground(src="data:,", name="Mia", width=256, height=256)


def test_a_drawing_goes_to_the_page_and_back() -> None:
    canvas = SketchCanvas(BASE)
    assert canvas.preprocess(canvas.postprocess(examples.png())) == examples.png()
    assert canvas.preprocess(canvas.postprocess(None)) is None


def test_the_same_drawing_that_is_set_twice_is_told_apart() -> None:
    canvas = SketchCanvas(BASE)
    assert canvas.postprocess(examples.png()) != canvas.postprocess(examples.png())


def test_a_handler_may_update_base_image_and_preview() -> None:
    """Gradio builds the component anew with the updated parameters, as here."""
    other = CanvasBackground(src="data:,other", name="Ruby", width=512, height=512)
    updated = SketchCanvas(**SketchCanvas(BASE).constructor_args | {"preview": "data:,x"})
    assert updated.props["preview"] == "data:,x"
    updated = SketchCanvas(**updated.constructor_args | {"base": other})
    assert updated.props["base"] == other


def test_an_event_reads_the_drawing_into_the_place_of_the_canvas() -> None:
    with gr.Blocks():
        before, canvas, after = gr.Number(), SketchCanvas(BASE), gr.Number()
    script = canvas.read_drawing({after, canvas, before})
    assert script.endswith("['canvas/index.js']).withDrawing(1, ...inputs)")


@pytest.mark.parametrize(
    "payload",
    [
        {"png": "data:image/svg+xml;base64,AAAA"},
        {"png": "file:///etc/passwd"},
        {"png": "data:image/png;base64,!!!"},
        {"png": 7},
        {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}},
        "/etc/passwd",
        [1],
        {"png": "data:image/png;base64," + "A" * 40_000_000},
    ],
    ids=["svg", "path", "is not valid base64", "number", "file data", "text", "list", "huge"],
)
def test_anything_but_a_png_is_refused(payload: Any) -> None:
    with pytest.raises(InvalidImageError):
        SketchCanvas(BASE).preprocess(payload)


def test_tiles_take_an_id_and_nothing_else() -> None:
    tiles = ImageRadio("Bases", [ImageOption(id="mia", name="Mia", src="data:,")], "mia")
    assert tiles.preprocess("mia") == "mia"
    assert tiles.preprocess({"path": "/etc/passwd"}) is None
    assert tiles.preprocess(None) is None


def test_png_addresses_hold_the_bytes() -> None:
    assert base64.b64decode(to_data_url(b"abc").split(",")[1]) == b"abc"


def test_every_color_has_a_name_in_each_language() -> None:
    assert list(NAME_IDS) == [name for name, _ in PALETTE]


def test_the_palette_is_the_drawn_worlds() -> None:
    from training.colors import NAMED_COLORS

    assert dict(PALETTE) == {name: "#" + bytes(rgb).hex() for name, rgb in NAMED_COLORS.items()}
