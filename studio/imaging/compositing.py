"""Alpha compositing of a doodle over its base image."""

from PIL import Image


def overlay_doodle(base: Image.Image, doodle: Image.Image | None) -> Image.Image:
    """The base image with the doodle composited over it, as an RGB image of the base's size.

    Args:
        base: an image of any mode.
        doodle: an RGBA layer, resized to the base's size if it differs; None composites nothing.
    """
    canvas = base.convert("RGBA")
    if doodle is not None:
        canvas = Image.alpha_composite(canvas, doodle.convert("RGBA").resize(base.size))
    return canvas.convert("RGB")
