"""Components of our own: the sketch canvas, a row of picture tiles, fields as the page wants them."""

import base64
import binascii
import html
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypedDict

import gradio as gr

from studio.errors import InvalidImageError
from studio.imaging.png_io import MAX_BYTES
from studio.recipes.palette import NAME_IDS, PALETTE
from studio.recipes.themes.preset import ThemeVersion
from studio.ui.texts import Texts

_STATIC = Path(__file__).parent / "static"
_MOUNT_CANVAS = """import('/web/canvas/index.js').then(({ Canvas }) => {
  Canvas.mount({ element, props, trigger, watch });
});"""
_MOUNT_TILES = """import('/web/components/image-radio.js').then(({ mountImageRadio }) => {
  mountImageRadio({ element, props, trigger, watch });
});"""
_MOUNT_VIEWER = """import('/web/components/compare-dialog.js').then(({ CompareDialog }) => {
  new CompareDialog({ element, props });
});"""
_PNG_URL = "data:image/png;base64,"
_TEXT = re.compile(r"\{\{t '([a-z0-9_.]+)'\}\}")
"""A text's id in a template of ours, filled before Gradio reads the rest."""
_CANVAS_MESSAGES = {
    "unreadable": "studio.canvas_unreadable",
    "too_many_pixels": "studio.canvas_too_many_pixels",
    "too_large": "studio.canvas_too_large",
}
_VIEWER_MESSAGES = {
    "base": "studio.viewer_base",
    "doodle": "studio.viewer_doodle",
    "left": "studio.viewer_at_left",
    "right": "studio.viewer_at_right",
}
"""What the viewer's script names: pictures beside the variants, and its two sides."""


class CanvasBackground(TypedDict):
    """The base image as the canvas shows it."""

    src: str
    name: str
    width: int
    height: int


class ImageOption(TypedDict):
    id: str
    name: str
    src: str


def _template(name: str, texts: Texts) -> str:
    return _TEXT.sub(lambda found: html.escape(texts(found[1])), (_STATIC / name).read_text())


def to_data_url(png: bytes) -> str:
    return _PNG_URL + base64.b64encode(png).decode()


class SketchCanvas(gr.HTML):  # type: ignore[misc]
    """A drawing layer over a base image. To Python its value is the layer's PNG bytes, or None.

    The pixels are exact RGBA at the base image's size. `input` fires when a stroke ends.
    """

    def __init__(self, base: CanvasBackground, texts: Texts, **more: Any) -> None:
        super().__init__(
            value=None,
            html_template=_template("canvas.html", texts),
            js_on_load=_MOUNT_CANVAS,
            apply_default_css=False,
            base=base,
            palette=[{"name": texts(NAME_IDS[name]), "hex": color} for name, color in PALETTE],
            messages={name: texts(id_) for name, id_ in _CANVAS_MESSAGES.items()},
            **more,
        )

    def preprocess(self, payload: Any) -> bytes | None:
        """The drawing's PNG bytes. Raises BadPicture for anything that is not one."""
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
        return None if value is None else {"png": to_data_url(value)}

    def api_info(self) -> dict[str, Any]:
        return {"type": "object", "properties": {"png": {"type": "string"}}}


class Number(gr.Number):  # type: ignore[misc]
    """A number as it was typed: whoever reads it says what does not hold. Gradio's own answers 500
    to what is out of bounds, and none of the page's values arrive."""

    is_template = True

    def preprocess(self, payload: float | None) -> float | None:
        return payload


class Slider(gr.Slider):  # type: ignore[misc]
    """Likewise a slider. (Gradio tells the browser what `__init__` takes, so that stays as it is.)"""

    is_template = True

    def preprocess(self, payload: float) -> float:
        return payload


class OpenVersion(gr.Textbox):  # type: ignore[misc]
    """Which version of a theme is open on the page, out of sight; to Python the version itself.

    It is on the page, and not in a gr.State: that is dropped an hour after a connection broke and when
    the server ends, and what was saved then would begin from another theme. `find` gives a version by
    slug and number; Gradio makes the component anew from what `__init__` takes.
    """

    is_template = True

    def __init__(
        self,
        find: Callable[[str, int], ThemeVersion],
        value: ThemeVersion | None = None,
        visible: bool = False,
        **more: Any,
    ) -> None:
        self._find = find
        super().__init__(value, visible=visible, **more)

    def preprocess(self, payload: str | None) -> ThemeVersion:
        """Raises NotFound for a version that is not there, ValueError for what names none."""
        slug, number = (payload or "").split()
        return self._find(slug, int(number))

    def postprocess(self, value: ThemeVersion | None) -> str | None:
        return None if value is None else f"{value.preset.slug} {value.version}"


class CompareDialog(gr.HTML):  # type: ignore[misc]
    """A dialog over the page that compares finished pictures, all in the browser."""

    def __init__(self, texts: Texts, **more: Any) -> None:
        super().__init__(
            value=None,
            html_template=_template("viewer.html", texts),
            js_on_load=_MOUNT_VIEWER,
            apply_default_css=False,
            messages={name: texts(id_) for name, id_ in _VIEWER_MESSAGES.items()},
            **more,
        )


class ImageRadio(gr.HTML):  # type: ignore[misc]
    """Pictures in a row of which one is chosen; the value is its id."""

    def __init__(
        self, title: str, tiles: Sequence[ImageOption], value: str | None = None, **more: Any
    ) -> None:
        super().__init__(
            value=value,
            html_template=(_STATIC / "tiles.html").read_text(),
            js_on_load=_MOUNT_TILES,
            apply_default_css=False,
            title=title,
            tiles=list(tiles),
            **more,
        )

    def preprocess(self, payload: Any) -> str | None:
        """The chosen id; whoever uses it looks whether there is such a thing."""
        return payload if isinstance(payload, str) else None
