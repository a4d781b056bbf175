"""A finished picture carries in its PNG what made it, so that it can be made again."""

import io

from PIL import Image
from PIL.PngImagePlugin import PngInfo

KEY = "doodle-theme-studio"


def png_with_metadata(picture: Image.Image, document: str) -> bytes:
    """`picture` as PNG with the JSON `document` in a text chunk; no times, so bytes repeat."""
    info = PngInfo()
    info.add_itxt(KEY, document)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()


def metadata_of(picture: Image.Image) -> str | None:
    """The JSON document of a picture we made; None when there is none."""
    return _text(picture, KEY)


def a1111_text_of(picture: Image.Image) -> str | None:
    """What A1111 and its kin write into a picture; None when there is none."""
    return _text(picture, "parameters")


def _text(picture: Image.Image, key: str) -> str | None:
    text = getattr(picture, "text", {}).get(key)
    return None if text is None else str(text)
