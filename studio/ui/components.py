"""Gradio components of the page: the sketch canvas, a row of images, the compare dialog, plain inputs."""

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
from studio.ui.browser_calls import on_load
from studio.ui.texts import Texts

_STATIC = Path(__file__).parent / "static"
_PNG_URL = "data:image/png;base64,"
_TEXT = re.compile(r"\{\{t '([a-z0-9_.]+)'\}\}")
"""A text's id in an HTML template; `_template` replaces it before Gradio renders the rest."""
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
"""Text ids of what the compare dialog names: the images besides the variants, and its two sides."""


class CanvasBackground(TypedDict):
    """The base image as the canvas shows it."""

    src: str
    name: str
    width: int
    height: int


class ImageOption(TypedDict):
    """An image that can be chosen: its id is the component's value, `src` its URL."""

    id: str
    name: str
    src: str


def _template(name: str, texts: Texts) -> str:
    return _TEXT.sub(lambda match: html.escape(texts(match[1])), (_STATIC / name).read_text())


def to_data_url(png: bytes) -> str:
    """A PNG file as a `data:` URL."""
    return _PNG_URL + base64.b64encode(png).decode()


class SketchCanvas(gr.HTML):  # type: ignore[misc]
    """A drawing layer over a base image (`studio/web/canvas`).

    In handlers its value is the layer as a PNG file, RGBA at the base image's size, or None when it is
    empty. `input` fires at the end of a stroke.
    """

    def __init__(self, base: CanvasBackground, texts: Texts, **options: Any) -> None:
        super().__init__(
            value=None,
            html_template=_template("canvas.html", texts),
            js_on_load=on_load("canvas/index.js", "mountCanvas"),
            apply_default_css=False,
            base=base,
            palette=[{"name": texts(NAME_IDS[name]), "hex": color} for name, color in PALETTE],
            messages={name: texts(id_) for name, id_ in _CANVAS_MESSAGES.items()},
            **options,
        )

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
        return None if value is None else {"png": to_data_url(value)}

    def api_info(self) -> dict[str, Any]:
        return {"type": "object", "properties": {"png": {"type": "string"}}}


class Number(gr.Number):  # type: ignore[misc]
    """A number without range checks: the handler that reads it reports invalid values.

    Gradio's own answers a number out of range with an error, and the handler gets no values at all.
    """

    is_template = True

    def preprocess(self, payload: float | None) -> float | None:
        return payload


class OpenVersion(gr.Textbox):  # type: ignore[misc]
    """The theme version that is open on the page, hidden. In handlers its value is the ThemeVersion.

    The browser holds its slug and number. A gr.State would be dropped an hour after the connection broke
    and at a restart; the next save would then be based on another theme. `find` returns a version by slug
    and number. Gradio builds copies of the component from the parameters of `__init__`.
    """

    is_template = True

    def __init__(
        self,
        find: Callable[[str, int], ThemeVersion],
        value: ThemeVersion | None = None,
        visible: bool = False,
        **options: Any,
    ) -> None:
        self._find = find
        super().__init__(value, visible=visible, **options)

    def preprocess(self, payload: str | None) -> ThemeVersion:
        """Raises NotFoundError for an unknown version, ValueError for another form than "slug number"."""
        slug, number = (payload or "").split()
        return self._find(slug, int(number))

    def postprocess(self, value: ThemeVersion | None) -> str | None:
        return None if value is None else f"{value.preset.slug} {value.version}"


class CompareDialog(gr.HTML):  # type: ignore[misc]
    """A dialog that compares finished images, without the server (`compare-dialog.js`)."""

    def __init__(self, texts: Texts, **options: Any) -> None:
        super().__init__(
            value=None,
            html_template=_template("viewer.html", texts),
            js_on_load=on_load("components/compare-dialog.js", "mountCompareDialog"),
            apply_default_css=False,
            messages={name: texts(id_) for name, id_ in _VIEWER_MESSAGES.items()},
            **options,
        )


class ImageRadio(gr.HTML):  # type: ignore[misc]
    """A row of images, one of which is chosen (`image-radio.js`). The value is its id."""

    def __init__(
        self, title: str, tiles: Sequence[ImageOption], value: str | None = None, **options: Any
    ) -> None:
        super().__init__(
            value=value,
            html_template=(_STATIC / "tiles.html").read_text(),
            js_on_load=on_load("components/image-radio.js", "mountImageRadio"),
            apply_default_css=False,
            title=title,
            tiles=list(tiles),
            **options,
        )

    def preprocess(self, payload: Any) -> str | None:
        """The chosen id; the handler checks whether it exists."""
        return payload if isinstance(payload, str) else None
