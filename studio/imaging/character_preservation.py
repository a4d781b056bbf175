"""Measures whether the base image's character is still recognizable in a rendered image.

Recipes change colors, shading and clothes, but a preserved character stands out from the background in
the same place. In front of a plain background its silhouette shows that; in front of a busy one the edges
of head, arms and legs do. The score is the higher of the two measures.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage
from skimage.color import deltaE_cie76, rgb2lab

from studio.imaging.openpose_renderer import LIMBS
from studio.recipes.base_image import Point

WORKING_SIZE = 192
"""Longer side in pixels to which both images are scaled."""
BORDER_WIDTH = 4
"""Pixels at each border of the image whose median color counts as the background."""
FOREGROUND_DELTA_E = 9.0
"""CIE76 difference from the background's color from which a pixel belongs to the character."""
EDGE_BLUR_SIGMA = 1.6
"""Pixels (Gaussian sigma) by which edges are blurred: a line that moves that far still matches."""
LIMB_RADIUS = 0.07
"""Distance from the limbs within which edges are compared, as a fraction of the longer side."""
EDGE_CORRELATION_NORM = 0.6
"""Correlation of edges that counts as much as identical silhouettes."""
PASS_THRESHOLD = 0.4
"""Score from which a character counts as preserved. Images that lost it score under 0.3, characters in front
of another background and in other clothes over 0.5 (measured with the pocket models and every adversarial
doodle)."""

Mask = NDArray[np.bool_]
"""(height, width)."""


def character_preservation_score(
    base: Image.Image, image: Image.Image, keypoints: Sequence[Point | None] | None
) -> float:
    """How well `image` preserves the character of `base`, 0 to 1; see `PASS_THRESHOLD`.

    Args:
        base: the base image without a doodle.
        image: a rendering of it, of any size.
        keypoints: the base image's 18 keypoints as fractions; without them edges are compared everywhere.
    """
    scale = WORKING_SIZE / max(base.size)
    size = (max(8, round(base.width * scale)), max(8, round(base.height * scale)))
    first, second = (
        full.convert("RGB").resize(size, Image.Resampling.BOX) for full in (base, image)
    )
    silhouettes = _iou(_silhouette(first), _silhouette(second))
    limbs = _limb_mask(keypoints, size)
    edges = _pearson(_edges(first)[limbs], _edges(second)[limbs])
    return min(1.0, max(0.0, silhouettes, edges / EDGE_CORRELATION_NORM))


def _silhouette(image: Image.Image) -> Mask:
    """Pixels that differ from the background's color, without specks and with holes filled."""
    lab = rgb2lab(np.asarray(image) / 255)
    n = BORDER_WIDTH
    borders = (lab[:n], lab[-n:], lab[:, :n], lab[:, -n:])
    background = np.median(np.concatenate([b.reshape(-1, 3) for b in borders]), axis=0)
    foreground = deltaE_cie76(lab, background) > FOREGROUND_DELTA_E
    mask: Mask = ndimage.binary_fill_holes(ndimage.binary_opening(foreground, iterations=2))
    return mask


def _iou(first: Mask, second: Mask) -> float:
    """Intersection over union."""
    union = int((first | second).sum())
    return 0.0 if union == 0 else int((first & second).sum()) / union


def _edges(image: Image.Image) -> NDArray[np.float64]:
    """Blurred gradient magnitude of the lightness, (height, width), compressed so that strong and very
    strong edges count nearly the same."""
    lightness = ndimage.gaussian_filter(np.asarray(image.convert("L"), np.float64) / 255, 1.0)
    gradient = np.hypot(ndimage.sobel(lightness, 0), ndimage.sobel(lightness, 1))
    blurred: NDArray[np.float64] = ndimage.gaussian_filter(
        gradient / (gradient + 0.25), EDGE_BLUR_SIGMA
    )
    return blurred


def _pearson(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Correlation of two arrays of one shape, -1 to 1; 0 where one is constant."""
    first, second = first - first.mean(), second - second.mean()
    norm = float(np.sqrt((first**2).sum() * (second**2).sum()))
    return 0.0 if norm < 1e-9 else float((first * second).sum() / norm)


def _limb_mask(keypoints: Sequence[Point | None] | None, size: tuple[int, int]) -> Mask:
    """Pixels near the limbs; all pixels without keypoints."""
    width, height = size
    if keypoints is None or all(point is None for point in keypoints):
        return np.ones((height, width), bool)
    mask = Image.new("L", size)
    draw = ImageDraw.Draw(mask)
    radius = round(LIMB_RADIUS * max(size))
    joints = [None if p is None else (p[0] * width, p[1] * height) for p in keypoints]
    for start, end in LIMBS:
        a, b = joints[start], joints[end]
        if a is not None and b is not None:
            draw.line((*a, *b), 255, 2 * radius)
    for x, y in filter(None, joints):
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), 255)
    return np.asarray(mask) > 0
