"""The door for pictures from outside: PNG only, of a sane size, read whole or refused."""

import io
import struct

from PIL import Image

from studio.errors import BadPicture
from studio.recipes.canvas import Doodle

MAX_BYTES = 16 * 2**20
MAX_SIDE = 2048
_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def read_doodle(data: bytes, width: int, height: int) -> Doodle:
    """`data` as a doodle for a base image of width x height pixels.

    Raises BadPicture when it is not a PNG, is of another size, is broken, or would unpack to
    more than it may. The size is read from the header before anything is unpacked. What is
    kept is written anew from the pixels: no metadata or trailing bytes come along.
    """
    picture = open_png(data, "the doodle")
    if picture.size != (width, height):
        raise BadPicture(
            f"the doodle is {picture.width} x {picture.height} pixels but its base image is"
            f" {width} x {height}: draw it at the base image's size"
        )
    return Doodle(png=encode_png(picture.convert("RGBA")), width=width, height=height)


def open_png(data: bytes, what: str) -> Image.Image:
    """A PNG from outside, fully read. Raises BadPicture, naming `what` it was to be."""
    if len(data) > MAX_BYTES:
        raise BadPicture(f"{what} has {len(data):,} bytes; at most {MAX_BYTES:,} are taken")
    if not data.startswith(_SIGNATURE) or data[12:16] != b"IHDR" or len(data) < 33:
        raise BadPicture(f"{what} is not a PNG picture: save it as PNG and try again")
    width, height = struct.unpack(">II", data[16:24])
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
        raise BadPicture(
            f"{what} says it is {width} x {height} pixels; at most {MAX_SIDE} x {MAX_SIDE} are taken"
        )
    try:
        picture = Image.open(io.BytesIO(data), formats=["PNG"])
        picture.load()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError, Warning) as error:
        raise BadPicture(f"{what} is a broken PNG ({error}): export it again") from None
    return picture


def encode_png(picture: Image.Image) -> bytes:
    """The pixels alone as PNG: the same bytes for the same pixels."""
    clean = Image.new(picture.mode, picture.size)
    clean.paste(picture)
    buffer = io.BytesIO()
    clean.save(buffer, "PNG")
    return buffer.getvalue()
