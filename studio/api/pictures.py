"""Pictures as clients get them: without what they say of their making, prompts and all."""

import io

from PIL import Image

from studio.imaging.limits import encode_png

QUALITY = 88


def plain_png(png: bytes) -> bytes:
    return encode_png(_own(png))


def webp(png: bytes) -> bytes:
    packed = io.BytesIO()
    _own(png).save(packed, "WEBP", quality=QUALITY)
    return packed.getvalue()


def _own(png: bytes) -> Image.Image:
    """A variant as we made it: an enlarged one is larger than what is taken from outside."""
    with Image.open(io.BytesIO(png), formats=["PNG"]) as picture:
        return picture.convert("RGB")
