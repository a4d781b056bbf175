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


def metadata_of(png: bytes) -> str | None:
    """The JSON document of a picture we made; None when there is none."""
    with Image.open(io.BytesIO(png), formats=["PNG"]) as picture:
        picture.load()
        text = getattr(picture, "text", {}).get(KEY)
    return None if text is None else str(text)
