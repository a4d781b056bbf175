"""The door for pictures from outside: PNG only, of a sane size, read whole or refused."""

import io
import struct
import warnings

import numpy as np
from PIL import Image, UnidentifiedImageError

from studio.errors import InvalidImageError
from studio.messages import Message, message
from studio.recipes.base_image import Doodle

MAX_BYTES = 16 * 2**20
MAX_SIDE = 2048
MAX_OUTPUT_SIDE = 4 * MAX_SIDE
"""The longest side of what the studio itself makes: the largest picture, enlarged four times."""
_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def decode_doodle(data: bytes, width: int, height: int) -> Doodle:
    """`data` as a doodle for a base image of width x height pixels.

    Raises BadPicture when it is not a PNG, is of another size, is broken, or would unpack to
    more than it may. The size is read from the header before anything is unpacked. What is
    kept is written anew from the pixels: no metadata or trailing bytes come along.
    """
    what = message("image.doodle")
    size = _size(data, what)
    if size != (width, height):
        raise InvalidImageError(
            "image.doodle_size",
            width=size[0],
            height=size[1],
            base_width=width,
            base_height=height,
        )
    image = decode_png(data, what)
    return Doodle(png_bytes=encode_png(image.convert("RGBA")), width=width, height=height)


def decode_png(data: bytes, what: str | Message) -> Image.Image:
    """A PNG from outside, fully read: the only door for pictures that are not our own.

    Grey of 16 bits is brought to 8. EXIF's orientation is not followed: a doodle lies over its base
    image pixel by pixel. Raises BadPicture, naming `what` it was to be.
    """
    size = _size(data, what)
    try:
        image = Image.open(io.BytesIO(data), formats=["PNG"])
        # Pillow goes by the last header it finds, so that a second one could ask for any size.
        if image.size != size:
            raise InvalidImageError(
                "image.broken_png", what=what, reason=message("image.png_of_two_sizes")
            )
        image.load()
    except InvalidImageError:
        raise
    # Broken chunks raise whatever Pillow runs into: struct.error, IndexError, KeyError and more.
    except Exception as error:
        raise InvalidImageError("image.broken_png", what=what, reason=_reason(error)) from None
    return _of_eight_bits(image)


def _size(data: bytes, what: str | Message) -> tuple[int, int]:
    """Width and height that a PNG says it has, within what is taken. Raises BadPicture."""
    if len(data) > MAX_BYTES:
        raise InvalidImageError(
            "image.too_many_bytes", what=what, size=f"{len(data):,}", most=f"{MAX_BYTES:,}"
        )
    if not data.startswith(_SIGNATURE) or data[12:16] != b"IHDR" or len(data) < 33:
        raise InvalidImageError("image.not_png", what=what)
    width, height = struct.unpack(">II", data[16:24])
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
        raise InvalidImageError(
            "image.too_large", what=what, width=width, height=height, most=MAX_SIDE
        )
    return width, height


def limit_pillow() -> None:
    """Has Pillow itself refuse pictures beyond what the studio makes, whoever opens them; to be called
    once when a process starts."""
    Image.MAX_IMAGE_PIXELS = MAX_OUTPUT_SIDE**2
    warnings.simplefilter("error", Image.DecompressionBombWarning)


def _reason(error: Exception) -> str | Message:
    """What Pillow says of a picture, without objects of this process and their addresses."""
    said = str(error)
    if isinstance(error, UnidentifiedImageError) or not said or " at 0x" in said:
        return message("image.png_chunks_damaged")
    return said.splitlines()[0][:100]


def _of_eight_bits(image: Image.Image) -> Image.Image:
    """Pillow's own conversions cut 16 bits off at 255, which makes all that is not black white."""
    if not image.mode.startswith("I"):
        return image
    grey = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    grey.info = image.info
    return grey


def encode_png(image: Image.Image) -> bytes:
    """The pixels alone as PNG: the same bytes for the same pixels."""
    clean = Image.new(image.mode, image.size)
    clean.paste(image)
    buffer = io.BytesIO()
    clean.save(buffer, "PNG")
    return buffer.getvalue()
