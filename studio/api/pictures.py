"""Pictures as clients get them: without what they say of their making, prompts and all."""

import io

from studio.imaging.limits import encode_png, open_png

QUALITY = 88


def plain_png(png: bytes) -> bytes:
    return encode_png(open_png(png, "the variant").convert("RGB"))


def webp(png: bytes) -> bytes:
    packed = io.BytesIO()
    open_png(png, "the variant").convert("RGB").save(packed, "WEBP", quality=QUALITY)
    return packed.getvalue()
