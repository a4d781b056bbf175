"""Generation metadata in PNG text chunks ("PNG Info"): the studio's own record, and A1111's infotext."""

import io

from PIL import Image
from PIL.PngImagePlugin import PngInfo

PNG_TEXT_KEY = "doodle-theme-studio"
"""Keyword of the iTXt chunk with the studio's record."""


def png_with_metadata(image: Image.Image, document: str) -> bytes:
    """`image` as PNG with the JSON `document` in a text chunk.

    No timestamps are written: the same input gives the same bytes.
    """
    info = PngInfo()
    info.add_itxt(PNG_TEXT_KEY, document)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()


def read_metadata(image: Image.Image) -> str | None:
    """The JSON document that the studio wrote into an image, or None."""
    return _read_text(image, PNG_TEXT_KEY)


def read_a1111_infotext(image: Image.Image) -> str | None:
    """The infotext that A1111 and compatible tools write into an image, or None."""
    return _read_text(image, "parameters")


def _read_text(image: Image.Image, key: str) -> str | None:
    text = getattr(image, "text", {}).get(key)
    return None if text is None else str(text)
