"""Mask previews: what a recipe may change of a base image, before anything is rendered."""

from studio.errors import InvalidInputError
from studio.imaging.masks import job_mask
from studio.imaging.png_io import decode_doodle, decode_png, encode_png
from studio.messages import message
from studio.recipes.generation.job import RenderJob
from studio.recipes.generation.recipe import Recipe
from studio.recipes.themes.preset import Slot
from studio.store.base_images import BaseImageStore


def render_mask(
    base_images: BaseImageStore, image_id: str, recipe: Recipe, slot: Slot, doodle_png: bytes | None
) -> bytes:
    """The mask of a recipe at its size, as PNG: 255 takes the render, 0 keeps the base image.

    Args:
        base_images: has the image and its zones.
        image_id: of the base image.
        recipe: has a mask.
        slot: of the recipe, for error messages.
        doodle_png: an RGBA PNG of the base image's size; None: nothing is drawn.

    Raises:
        NotFoundError: there is no such base image, or a mask of its zones is missing.
        InvalidImageError: the doodle is no PNG of the base image's size.
        InvalidInputError: the recipe has no mask, or `job_mask` refuses.
    """
    if recipe.mask.area == "off":
        raise InvalidInputError("recipe.mask_is_off", slot=slot)
    image = base_images.get(image_id)
    doodle = doodle_png and decode_doodle(doodle_png, image.width, image.height)
    job = RenderJob(
        request_id="0" * 32,
        slot=slot,
        recipe=recipe,
        prompt="",
        negative_prompt="",
        seed=0,
        base_image=image,
        doodle=doodle or None,
        zone_images=base_images.read_zones(image),
    )
    layer = decode_png(job.doodle.png_bytes, message("image.doodle")) if job.doodle else None
    return encode_png(job_mask(job, layer, (recipe.width, recipe.height)))
