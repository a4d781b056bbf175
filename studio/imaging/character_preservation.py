"""Whether a figure is still there: the picture's silhouette and edges beside the clean base's.

Recipes change colours, shading and clothes, but where a figure is kept it stands out from what is
behind it in the same place. Before a plain page its silhouette tells that; before a busy one the
edges of head, arms and legs do.
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
"""Both pictures are looked at with this as their longer side."""
FOREGROUND_DELTA_E = 9.0
"""CIE76 difference from the page's rim from which a place belongs to the figure."""
EDGE_BLUR_SIGMA = 1.6
"""Pixels by which edges are softened: a line may move that far and still be the same."""
LIMB_RADIUS = 0.07
"""How far around bones edges are looked for, as a share of the longer side."""
EDGE_CORRELATION_NORM = 0.6
"""Correlation of edges that counts as much as silhouettes that are equal."""
PASS_THRESHOLD = 0.4
"""Score from which a figure counts as kept. Pages that swallowed it score under 0.3, figures before
another page and in other clothes over 0.5 (tried on the pocket family under every nasty doodle)."""

Mask = NDArray[np.bool_]


def character_preservation_score(
    base: Image.Image, image: Image.Image, keypoints: Sequence[Point | None] | None
) -> float:
    """0 to 1: how much of the base's figure the picture still shows, by what shows it better."""
    scale = WORKING_SIZE / max(base.size)
    size = (max(8, round(base.width * scale)), max(8, round(base.height * scale)))
    small = [each.convert("RGB").resize(size, Image.Resampling.BOX) for each in (base, image)]
    outline = _iou(*(_silhouette(each) for each in small))
    edges = _pearson(*(_edges(each)[_limb_mask(keypoints, size)] for each in small))
    return min(1.0, max(0.0, outline, edges / EDGE_CORRELATION_NORM))


def _silhouette(image: Image.Image) -> Mask:
    """What differs from the page's rim, without specks, its holes filled."""
    lab = rgb2lab(np.asarray(image) / 255)
    rim = np.concatenate([lab[:4].reshape(-1, 3), lab[-4:].reshape(-1, 3), lab[:, :4].reshape(-1, 3), lab[:, -4:].reshape(-1, 3)])  # fmt: skip
    other = deltaE_cie76(lab, np.median(rim, axis=0)) > FOREGROUND_DELTA_E
    mask: Mask = ndimage.binary_fill_holes(ndimage.binary_opening(other, iterations=2))
    return mask


def _iou(first: Mask, second: Mask) -> float:
    """Intersection over union."""
    union = int((first | second).sum())
    return 0.0 if union == 0 else int((first & second).sum()) / union


def _edges(image: Image.Image) -> NDArray[np.float64]:
    """How steep lightness is, place by place; steep and very steep count nearly alike."""
    light = ndimage.gaussian_filter(np.asarray(image.convert("L"), np.float64) / 255, 1.0)
    steep = np.hypot(ndimage.sobel(light, 0), ndimage.sobel(light, 1))
    softened: NDArray[np.float64] = ndimage.gaussian_filter(steep / (steep + 0.25), EDGE_BLUR_SIGMA)
    return softened


def _pearson(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    first, second = first - first.mean(), second - second.mean()
    spread = float(np.sqrt((first**2).sum() * (second**2).sum()))
    return 0.0 if spread < 1e-9 else float((first * second).sum() / spread)


def _limb_mask(keypoints: Sequence[Point | None] | None, size: tuple[int, int]) -> Mask:
    """Where the figure's bones are; the whole page without keypoints."""
    width, height = size
    if keypoints is None or all(point is None for point in keypoints):
        return np.ones((height, width), bool)
    mask = Image.new("L", size)
    draw = ImageDraw.Draw(mask)
    reach = round(LIMB_RADIUS * max(size))
    spots = [None if p is None else (p[0] * width, p[1] * height) for p in keypoints]
    for start, end in LIMBS:
        a, b = spots[start], spots[end]
        if a is not None and b is not None:
            draw.line((*a, *b), 255, 2 * reach)
    for spot in filter(None, spots):
        x, y = spot
        draw.ellipse((x - reach, y - reach, x + reach, y + reach), 255)
    return np.asarray(mask) > 0
