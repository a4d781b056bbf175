"""Decodes and validates PNG images from outside, and encodes PNGs without metadata."""

import io
import struct
import warnings

import numpy as np
from PIL import Image, UnidentifiedImageError

from studio.errors import InvalidImageError
from studio.messages import Message, message
from studio.recipes.base_image import Doodle

MAX_BYTES = 16 * 2**20
"""Size of a PNG file from outside."""
MAX_SIDE = 2048
"""Width and height of an image from outside, in pixels."""
MAX_OUTPUT_SIDE = 4 * MAX_SIDE
"""Longest side of the studio's own output: the largest image, upscaled four times."""
_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def decode_doodle(data: bytes, width: int, height: int) -> Doodle:
    """Validates a doodle for a base image of width x height pixels.

    The size is read from the header before anything is decompressed. The result is re-encoded from
    the pixels, so that metadata and trailing bytes are dropped.

    Args:
        data: a PNG file from outside.

    Raises:
        InvalidImageError: it is not a PNG, is broken or too large, or has another size.
    """
    label = message("image.doodle")
    size = _read_size(data, label)
    if size != (width, height):
        raise InvalidImageError(
            "image.doodle_size",
            width=size[0],
            height=size[1],
            base_width=width,
            base_height=height,
        )
    image = decode_png(data, label)
    return Doodle(png_bytes=encode_png(image.convert("RGBA")), width=width, height=height)


def decode_png(data: bytes, label: str | Message) -> Image.Image:
    """Decodes a PNG from outside completely. All images from outside must pass this function.

    16-bit grayscale is converted to 8 bits. The EXIF orientation is ignored: a doodle covers its base
    image pixel by pixel.

    Args:
        data: a PNG file.
        label: what the image is, for error messages.

    Raises:
        InvalidImageError: it is not a PNG, is broken, or is too large.
    """
    size = _read_size(data, label)
    try:
        image = Image.open(io.BytesIO(data), formats=["PNG"])
        # Pillow uses the last IHDR chunk: a second one could declare any size (decompression bomb).
        if image.size != size:
            raise InvalidImageError(
                "image.broken_png", what=label, reason=message("image.png_sizes_differ")
            )
        image.load()
    except InvalidImageError:
        raise
    # Pillow raises all kinds of errors for broken chunks: struct.error, IndexError, KeyError and more.
    except Exception as error:
        raise InvalidImageError("image.broken_png", what=label, reason=_reason(error)) from None
    return _to_8_bits(image)


def _read_size(data: bytes, label: str | Message) -> tuple[int, int]:
    """Width and height from the header of a PNG. Raises InvalidImageError beyond the limits."""
    if len(data) > MAX_BYTES:
        raise InvalidImageError(
            "image.too_many_bytes", what=label, size=f"{len(data):,}", most=f"{MAX_BYTES:,}"
        )
    if not data.startswith(_SIGNATURE) or data[12:16] != b"IHDR" or len(data) < 33:
        raise InvalidImageError("image.not_png", what=label)
    width, height = struct.unpack(">II", data[16:24])
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
        raise InvalidImageError(
            "image.too_large", what=label, width=width, height=height, most=MAX_SIDE
        )
    return width, height


def limit_pillow() -> None:
    """Makes Pillow refuse images larger than the studio's own output (decompression bombs).

    Changes global state of Pillow and `warnings`: call it once when a process starts.
    """
    Image.MAX_IMAGE_PIXELS = MAX_OUTPUT_SIDE**2
    warnings.simplefilter("error", Image.DecompressionBombWarning)


def _reason(error: Exception) -> str | Message:
    """Pillow's message; replaced where it would reveal objects of this process and their addresses."""
    text = str(error)
    if isinstance(error, UnidentifiedImageError) or not text or " at 0x" in text:
        return message("image.png_chunks_damaged")
    return text.splitlines()[0][:100]


def _to_8_bits(image: Image.Image) -> Image.Image:
    """Scales 16-bit grayscale; Pillow's own conversion clips at 255, which turns all but black white."""
    if not image.mode.startswith("I"):
        return image
    gray = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    gray.info = image.info
    return gray


def encode_png(image: Image.Image) -> bytes:
    """The pixels as PNG, without metadata. Deterministic: equal pixels give equal bytes."""
    clean = Image.new(image.mode, image.size)
    clean.paste(image)
    buffer = io.BytesIO()
    clean.save(buffer, "PNG")
    return buffer.getvalue()
