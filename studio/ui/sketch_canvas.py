"""The Gradio component of the canvas, what the canvas is given before, and the JavaScript of its drawing."""

import base64
import binascii
import uuid
from collections.abc import Sequence
from typing import Any, TypedDict

import gradio as gr

from studio.errors import InvalidImageError
from studio.imaging.png_io import MAX_BYTES
from studio.recipes.base_image import BaseImage
from studio.server.canvas_texts import canvas_palette, canvas_texts
from studio.server.routers.base_images import base_image_url
from studio.ui.browser_calls import on_event, on_load
from studio.ui.components import to_data_url
from studio.ui.events import Components
from studio.ui.texts import Texts

_MODULE = "canvas/index.js"
_PNG_URL = "data:image/png;base64,"


class CanvasBackground(TypedDict):
    """The base image as the canvas shows it."""

    src: str
    name: str
    width: int
    height: int


def canvas_background(base: BaseImage) -> CanvasBackground:
    """A base image for the canvas."""
    src = base_image_url(base)
    return CanvasBackground(src=src, name=base.name, width=base.width, height=base.height)


def canvas_start(bases: Sequence[BaseImage], texts: Texts) -> dict[str, object]:
    """What the studio page tells its canvas in the HTML, for `studio/web/studio/opening-canvas.js`.

    Args:
        bases: the base images that can be chosen, the default first.
        texts: of the page's language.
    """
    backgrounds = [{"id": base.id, **canvas_background(base)} for base in bases]
    return {
        "texts": canvas_texts(texts),
        "palette": canvas_palette(texts),
        "bases": backgrounds,
    }


class SketchCanvas(gr.HTML):  # type: ignore[misc]
    """A drawing layer over a base image: `<doodle-canvas>` of `studio/web/canvas`.

    The canvas is in the page's own HTML, and can be drawn on before Gradio has loaded. This component is the
    place where it is shown from then on, and its tie with Python.

    The drawing stays in the browser until an event is sent whose `js` is `read_drawing(inputs)`. In the
    event's handler the value is then the layer as a PNG file, RGBA at the base image's size, or None when
    it is empty. A value that a handler returns replaces the drawing. `input` asks for a live preview, and
    `preview` is the image that the canvas shows as one, as a `data:` URL. Gradio makes an update by building
    a copy from the parameters of `__init__`.
    """

    def __init__(self, base: CanvasBackground, preview: str = "", **options: Any) -> None:
        super().__init__(
            value=None,
            html_template="<div class=sketch-slot></div>",
            js_on_load=on_load(_MODULE, "mountCanvas"),
            apply_default_css=False,
            base=base,
            preview=preview,
            **options,
        )

    def read_drawing(self, inputs: Components) -> str:
        """The `js` of an event with these inputs, of which this is one."""
        ordered = sorted(inputs, key=lambda component: component._id)  # As Gradio sends a set.
        return on_event(_MODULE, "withDrawing", ordered.index(self))

    def preprocess(self, payload: Any) -> bytes | None:
        """The drawing as a PNG file. Raises InvalidImageError for what is no data URL of one."""
        if payload is None or payload == "":
            return None
        url = payload.get("png") if isinstance(payload, dict) else None
        if not isinstance(url, str) or not url.startswith(_PNG_URL) or len(url) > 2 * MAX_BYTES:
            raise InvalidImageError("studio.doodle_not_png")
        try:
            return base64.b64decode(url[len(_PNG_URL) :], validate=True)
        except binascii.Error:
            raise InvalidImageError("studio.doodle_damaged") from None

    def postprocess(self, value: bytes | None) -> Any:
        """With an id: the browser shows a drawing that is set twice again, since it does not tell its own."""
        return None if value is None else {"png": to_data_url(value), "id": uuid.uuid4().hex}

    def api_info(self) -> dict[str, Any]:
        return {"type": "object", "properties": {"png": {"type": "string"}}}
