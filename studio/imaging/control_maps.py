"""Control maps of a doodle that are computed without a model (ControlNet preprocessors)."""

import numpy as np
from PIL import Image

EDGE_THRESHOLD = 48
"""Sum of absolute RGB differences (0-765) from which two neighboring pixels have different colors."""


def scribble_map(doodle: Image.Image) -> Image.Image:
    """White lines on black at the borders between the doodle's colors and at its outline.

    A filled shape gives its outline and a thin stroke a line; an empty doodle, or one that covers
    everything in one color, gives a black map. Lines are 3 px wide at 256 px and grow with the size.

    Args:
        doodle: an RGBA layer of any size.

    Returns:
        An RGB image of the same size.
    """
    thickness = max(3, 2 * (min(doodle.size) // 170) + 1)
    return _edge_lines(doodle, thickness)


def lineart_map(doodle: Image.Image) -> Image.Image:
    """As `scribble_map`, with lines of 1 px at 256 px, for ControlNets that follow lines exactly."""
    return _edge_lines(doodle, max(1, 2 * (min(doodle.size) // 400) + 1))


def _edge_lines(doodle: Image.Image, thickness: int) -> Image.Image:
    *colors, alpha = (np.asarray(band) for band in doodle.convert("RGBA").split())
    edges = np.zeros(alpha.shape, dtype=bool)
    # Transparent pixels get a color of their own, further from any other than the threshold.
    bands = [np.where(alpha > 127, band.astype(np.int16), -EDGE_THRESHOLD) for band in colors]
    edges[:, 1:] |= sum(np.abs(np.diff(band, axis=1)) for band in bands) >= EDGE_THRESHOLD
    edges[1:, :] |= sum(np.abs(np.diff(band, axis=0)) for band in bands) >= EDGE_THRESHOLD
    # OpenCV's dilation is separable: its time does not grow with the square of the thickness, as that
    # of Pillow's MaxFilter does.
    import cv2

    lines = cv2.dilate(edges.astype(np.uint8) * 255, np.ones((thickness, thickness), np.uint8))
    return Image.fromarray(lines).convert("RGB")
