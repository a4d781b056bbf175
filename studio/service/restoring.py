"""A finished picture, handed back in, tells what made it."""

from studio.errors import BadPicture
from studio.imaging.limits import open_png
from studio.imaging.metadata import a1111_text_of, metadata_of
from studio.messages import message
from studio.recipes.recipe import Recipe
from studio.recipes.remembering import Remembered, from_a1111, from_record


def remembered(png: bytes, like: Recipe) -> Remembered:
    """What made the picture; what A1111's text leaves open is as in `like`.

    Raises BadPicture when it is no PNG or carries nothing, BadDocument when what it carries does
    not hold.
    """
    picture = open_png(png, message("image.image"))
    if record := metadata_of(picture):
        return from_record(record)
    if text := a1111_text_of(picture):
        return from_a1111(text, like)
    raise BadPicture("image.without_metadata")
