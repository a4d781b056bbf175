"""Gradio components of the page: a row of images, plain inputs."""

import base64
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypedDict

import gradio as gr

from studio.recipes.themes.preset import ThemeVersion
from studio.ui.browser_calls import on_load

_STATIC = Path(__file__).parent / "static"


class ImageOption(TypedDict):
    """An image that can be chosen: its id is the component's value, `src` its URL."""

    id: str
    name: str
    src: str


def to_data_url(png: bytes) -> str:
    """A PNG file as a `data:` URL."""
    return "data:image/png;base64," + base64.b64encode(png).decode()


def webp_data_url(webp: bytes) -> str:
    """A WebP file as a `data:` URL: for small thumbnails, of which none is worth a request."""
    return "data:image/webp;base64," + base64.b64encode(webp).decode()


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
