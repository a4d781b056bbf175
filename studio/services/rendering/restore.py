"""Restores the inputs of a finished image from its PNG metadata ("PNG info")."""

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


def read_generation_info(png: bytes, default: Recipe) -> GenerationInfo:
    """The recipe, prompt and seed of an image that this studio or A1111 has saved.

    `default` fills the values that A1111's infotext does not state.

    Raises:
        InvalidImageError: it is no PNG, or has no generation metadata.
        InvalidDocumentError: its metadata is invalid.
    """
    image = decode_png(png, message("image.image"))
    if record := read_metadata(image):
        return parse_variant_metadata(record)
    if text := read_a1111_infotext(image):
        return parse_a1111_infotext(text, default)
    raise InvalidImageError("image.without_metadata")
