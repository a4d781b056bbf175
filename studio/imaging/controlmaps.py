"""Control maps that need no model: what a ControlNet unit is shown of a doodle."""

import numpy as np
from PIL import Image, ImageFilter

EDGE_THRESHOLD = 48
"""Sum of absolute RGB differences (0-765) from which two neighbours count as two colours."""


def scribble_map(doodle: Image.Image) -> Image.Image:
    """White lines on black where the doodle's colours meet each other or nothing.

    Takes an RGBA doodle of any size and returns an RGB picture of that size. A filled shape
    gives its outline, a thin stroke gives a line, an empty doodle (or one that covers the
    page in one colour) gives black. Lines are 3 px wide at 256 px and grow with the size.
    """
    thickness = max(3, 2 * (min(doodle.size) // 170) + 1)
    return _lines(doodle, thickness)


def lineart_map(doodle: Image.Image) -> Image.Image:
    """As `scribble_map`, with lines of 1 px at 256 px that are meant to be followed exactly."""
    return _lines(doodle, max(1, 2 * (min(doodle.size) // 400) + 1))


def _lines(doodle: Image.Image, thickness: int) -> Image.Image:
    rgba = np.asarray(doodle.convert("RGBA")).astype(np.int16)
    opaque = rgba[..., 3] > 127
    colour = np.where(opaque[..., None], rgba[..., :3], -EDGE_THRESHOLD)
    edges = np.zeros(opaque.shape, dtype=bool)
    edges[:, 1:] |= np.abs(np.diff(colour, axis=1)).sum(axis=-1) >= EDGE_THRESHOLD
    edges[1:, :] |= np.abs(np.diff(colour, axis=0)).sum(axis=-1) >= EDGE_THRESHOLD
    lines = Image.fromarray(edges.astype(np.uint8) * 255)
    if thickness > 1:  # Pillow's MaxFilter(1) ends the process by a division by zero.
        lines = lines.filter(ImageFilter.MaxFilter(thickness))
    return lines.convert("RGB")
