"""A finished picture carries in its PNG what made it, so that it can be made again."""

import io

from PIL import Image
from PIL.PngImagePlugin import PngInfo

PNG_TEXT_KEY = "doodle-theme-studio"


def png_with_metadata(image: Image.Image, document: str) -> bytes:
    """`picture` as PNG with the JSON `document` in a text chunk; no times, so bytes repeat."""
    info = PngInfo()
    info.add_itxt(PNG_TEXT_KEY, document)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()


def read_metadata(image: Image.Image) -> str | None:
    """The JSON document of a picture we made; None when there is none."""
    return _text(image, PNG_TEXT_KEY)


def read_a1111_infotext(image: Image.Image) -> str | None:
    """What A1111 and its kin write into a picture; None when there is none."""
    return _text(image, "parameters")


def _text(image: Image.Image, key: str) -> str | None:
    text = getattr(image, "text", {}).get(key)
    return None if text is None else str(text)
