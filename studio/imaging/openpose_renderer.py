"""Draws keypoints as the coloured stick figure that OpenPose ControlNets were taught on."""

import math
from collections.abc import Sequence

from PIL import Image, ImageDraw

from studio.recipes.base_image import Point

# Limbs as pairs of keypoint indices, and the colours of limbs and joints: the constants of
# the COCO-18 drawing that OpenPose published (Cao et al., 2017) and ControlNet was trained with.
LIMBS = (
    (1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10),
    (1, 11), (11, 12), (12, 13), (1, 0), (0, 14), (14, 16), (0, 15), (15, 17),
)  # fmt: skip
LIMB_COLORS = (
    (255, 0, 0), (255, 85, 0), (255, 170, 0), (255, 255, 0), (170, 255, 0), (85, 255, 0),
    (0, 255, 0), (0, 255, 85), (0, 255, 170), (0, 255, 255), (0, 170, 255), (0, 85, 255),
    (0, 0, 255), (85, 0, 255), (170, 0, 255), (255, 0, 255), (255, 0, 170), (255, 0, 85),
)  # fmt: skip
LIMB_BRIGHTNESS = 0.6


def render_openpose_map(points: Sequence[Point | None], width: int, height: int) -> Image.Image:
    """The pose map of `points`: an RGB picture of width x height pixels, black behind.

    `points` are 18 COCO keypoints as fractions of the picture; hidden ones are None and
    leave out the limbs that end there. Line widths follow the shorter side, 4 px at 512.
    """
    image = Image.new("RGB", (width, height))
    draw = ImageDraw.Draw(image)
    radius = max(2.0, 4.0 * min(width, height) / 512)
    pixels = [None if p is None else (p[0] * width, p[1] * height) for p in points]
    for (start, end), color in zip(LIMBS, LIMB_COLORS, strict=False):
        a, b = pixels[start], pixels[end]
        if a is not None and b is not None:
            draw.polygon(_ellipse(a, b, radius), fill=_shaded(color))
    for joint, color in zip(pixels, LIMB_COLORS, strict=True):
        if joint is not None:
            x, y = joint
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=color)
    return image


def _ellipse(
    a: tuple[float, float], b: tuple[float, float], half_width: float
) -> list[tuple[float, float]]:
    """A thin ellipse from a to b, as a polygon."""
    centre_x, centre_y = (a[0] + b[0]) / 2, (a[1] + b[1]) / 2
    half_length = math.dist(a, b) / 2
    angle = math.atan2(b[1] - a[1], b[0] - a[0])
    cos, sin = math.cos(angle), math.sin(angle)
    outline = []
    for step in range(24):
        turn = 2 * math.pi * step / 24
        along, across = half_length * math.cos(turn), half_width * math.sin(turn)
        outline.append(
            (centre_x + along * cos - across * sin, centre_y + along * sin + across * cos)
        )
    return outline


def _shaded(color: tuple[int, int, int]) -> tuple[int, int, int]:
    red, green, blue = (int(c * LIMB_BRIGHTNESS) for c in color)
    return red, green, blue
