"""A finished picture, handed back in, tells what made it."""

from studio.errors import InvalidImageError
from studio.imaging.png_io import decode_png
from studio.imaging.png_metadata import read_a1111_infotext, read_metadata
from studio.messages import message
from studio.recipes.generation.png_info import (
    GenerationInfo,
    parse_a1111_infotext,
    parse_variant_metadata,
)
from studio.recipes.generation.recipe import Recipe


def read_generation_info(png: bytes, like: Recipe) -> GenerationInfo:
    """What made the picture; what A1111's text leaves open is as in `like`.

    Raises BadPicture when it is no PNG or carries nothing, BadDocument when what it carries does
    not hold.
    """
    image = decode_png(png, message("image.image"))
    if record := read_metadata(image):
        return parse_variant_metadata(record)
    if text := read_a1111_infotext(image):
        return parse_a1111_infotext(text, like)
    raise InvalidImageError("image.without_metadata")
