"""Encodes images for API clients: without metadata, which contains the recipe and the prompts."""

import io

from PIL import Image

from studio.imaging.png_io import encode_png

WEBP_QUALITY = 88


def strip_metadata(png: bytes) -> bytes:
    """A rendered PNG without its text chunks."""
    return encode_png(_decode(png))


def encode_webp(png: bytes) -> bytes:
    """A rendered PNG as lossy WebP."""
    buffer = io.BytesIO()
    _decode(png).save(buffer, "WEBP", quality=WEBP_QUALITY)
    return buffer.getvalue()


def _decode(png: bytes) -> Image.Image:
    """A PNG of our own: the limits of uploads do not apply, since an upscaled image is larger than they
    allow."""
    with Image.open(io.BytesIO(png), formats=["PNG"]) as image:
        return image.convert("RGB")
