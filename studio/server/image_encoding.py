"""Pictures as clients get them: without what they say of their making, prompts and all."""

import io

from PIL import Image

from studio.imaging.png_io import encode_png

WEBP_QUALITY = 88


def strip_metadata(png: bytes) -> bytes:
    return encode_png(_own(png))


def encode_webp(png: bytes) -> bytes:
    packed = io.BytesIO()
    _own(png).save(packed, "WEBP", quality=WEBP_QUALITY)
    return packed.getvalue()


def _own(png: bytes) -> Image.Image:
    """A variant as we made it: an enlarged one is larger than what is taken from outside."""
    with Image.open(io.BytesIO(png), formats=["PNG"]) as image:
        return image.convert("RGB")
