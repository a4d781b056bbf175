"""Lays a doodle over a base image."""

from PIL import Image


def overlay_doodle(base: Image.Image, doodle: Image.Image | None) -> Image.Image:
    """The base with the doodle over it, as RGB of the base's size."""
    page = base.convert("RGBA")
    if doodle is not None:
        page = Image.alpha_composite(page, doodle.convert("RGBA").resize(base.size))
    return page.convert("RGB")
