"""Renders keypoints as the colored skeleton that OpenPose ControlNets were trained on."""

import math
from collections.abc import Sequence

from PIL import Image, ImageDraw

from studio.recipes.base_image import Point

# Limbs as pairs of keypoint indices, and the RGB colors of limbs and joints: the constants of the
# COCO-18 rendering that OpenPose published (Cao et al., 2017) and ControlNet was trained with.
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
"""Factor on the color of limbs; joints have the full color."""


def render_openpose_map(points: Sequence[Point | None], width: int, height: int) -> Image.Image:
    """The pose map: an RGB image of width x height pixels with a black background.

    The line width is 4 px at 512 px and grows with the shorter side.

    Args:
        points: 18 keypoints in OpenPose's order, as fractions of the image. None is a hidden joint;
            limbs that end there are not drawn.
    """
    image = Image.new("RGB", (width, height))
    draw = ImageDraw.Draw(image)
    radius = max(2.0, 4.0 * min(width, height) / 512)
    pixels = [None if p is None else (p[0] * width, p[1] * height) for p in points]
    for (start, end), color in zip(LIMBS, LIMB_COLORS, strict=False):
        a, b = pixels[start], pixels[end]
        if a is not None and b is not None:
            draw.polygon(_ellipse(a, b, radius), fill=_darken(color))
    for joint, color in zip(pixels, LIMB_COLORS, strict=True):
        if joint is not None:
            x, y = joint
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=color)
    return image


def _ellipse(
    a: tuple[float, float], b: tuple[float, float], half_width: float
) -> list[tuple[float, float]]:
    """A polygon of a thin ellipse from a to b, in pixels."""
    center_x, center_y = (a[0] + b[0]) / 2, (a[1] + b[1]) / 2
    half_length = math.dist(a, b) / 2
    angle = math.atan2(b[1] - a[1], b[0] - a[0])
    cos, sin = math.cos(angle), math.sin(angle)
    outline = []
    for step in range(24):
        theta = 2 * math.pi * step / 24
        along, across = half_length * math.cos(theta), half_width * math.sin(theta)
        outline.append(
            (center_x + along * cos - across * sin, center_y + along * sin + across * cos)
        )
    return outline


def _darken(color: tuple[int, int, int]) -> tuple[int, int, int]:
    red, green, blue = (int(c * LIMB_BRIGHTNESS) for c in color)
    return red, green, blue
