"""Control maps that need no model: what a ControlNet unit is shown of a doodle."""

import numpy as np
from PIL import Image

EDGE_THRESHOLD = 48
"""Sum of absolute RGB differences (0-765) from which two neighbours count as two colours."""


def scribble_map(doodle: Image.Image) -> Image.Image:
    """White lines on black where the doodle's colours meet each other or nothing.

    Takes an RGBA doodle of any size and returns an RGB picture of that size. A filled shape
    gives its outline, a thin stroke gives a line, an empty doodle (or one that covers the
    page in one colour) gives black. Lines are 3 px wide at 256 px and grow with the size.
    """
    thickness = max(3, 2 * (min(doodle.size) // 170) + 1)
    return _edge_lines(doodle, thickness)


def lineart_map(doodle: Image.Image) -> Image.Image:
    """As `scribble_map`, with lines of 1 px at 256 px that are meant to be followed exactly."""
    return _edge_lines(doodle, max(1, 2 * (min(doodle.size) // 400) + 1))


def _edge_lines(doodle: Image.Image, thickness: int) -> Image.Image:
    *colors, alpha = (np.asarray(band) for band in doodle.convert("RGBA").split())
    edges = np.zeros(alpha.shape, dtype=bool)
    # Clear places are one colour of their own, further from any other than the threshold.
    shown = [np.where(alpha > 127, band.astype(np.int16), -EDGE_THRESHOLD) for band in colors]
    edges[:, 1:] |= sum(np.abs(np.diff(band, axis=1)) for band in shown) >= EDGE_THRESHOLD
    edges[1:, :] |= sum(np.abs(np.diff(band, axis=0)) for band in shown) >= EDGE_THRESHOLD
    # OpenCV's dilation goes by rows and columns: its time does not grow with the square of the
    # thickness, as that of Pillow's MaxFilter does.
    import cv2

    lines = cv2.dilate(edges.astype(np.uint8) * 255, np.ones((thickness, thickness), np.uint8))
    return Image.fromarray(lines).convert("RGB")
