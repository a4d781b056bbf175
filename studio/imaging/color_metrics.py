"""Color metrics: how far an image is from its doodle's colors, and how diverse several images are.

Colors are compared by CIEDE2000: a difference of 1 is just noticeable, colors up to 20 apart still go by
the same name. All values are distances: 0 means equal.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage
from skimage.color import deltaE_ciede2000, rgb2lab

MIN_REGION_PIXELS = 150
"""Smaller patches of one color are strokes, not regions."""
COMPARISON_SIZE = 64
"""Side in pixels to which images are scaled down before they are compared as wholes."""
SAME_COLOR_DELTA_E = 20.0
"""CIEDE2000 difference up to which two colors go by the same name."""


@dataclass(frozen=True)
class Region:
    """One patch of a doodle: a mask of shape (height, width) without the patch's rim, and its CIE Lab color."""

    mask: NDArray[np.bool_]
    lab: NDArray[np.float64]


def color_regions(doodle: Image.Image) -> list[Region]:
    """The doodle's patches of one opaque color, of at least `MIN_REGION_PIXELS` inside a rim of 2 px.

    Args:
        doodle: an RGBA layer.
    """
    rgba = np.asarray(doodle.convert("RGBA"))
    opaque = rgba[rgba[..., 3] > 127][:, :3]
    regions = []
    colors, counts = np.unique(opaque, axis=0, return_counts=True)
    for color in colors[counts >= MIN_REGION_PIXELS]:
        matching = (rgba[..., :3] == color).all(axis=-1) & (rgba[..., 3] > 127)
        labels, count = ndimage.label(ndimage.binary_erosion(matching, iterations=2))
        for index in range(1, count + 1):
            mask = labels == index
            if mask.sum() >= MIN_REGION_PIXELS:
                regions.append(Region(mask, rgb2lab(color / 255)))
    return regions


def region_color_errors(doodle: Image.Image, image: Image.Image) -> list[float]:
    """CIEDE2000 between the color of each region and the image's median color in it.

    Args:
        doodle: an RGBA layer.
        image: a rendering, of any size: it is compared at the doodle's.
    """
    rendering = image.convert("RGB")
    if rendering.size != doodle.size:
        rendering = rendering.resize(doodle.size, Image.Resampling.BOX)
    lab = rgb2lab(np.asarray(rendering) / 255)
    return [
        float(deltaE_ciede2000(region.lab, np.median(lab[region.mask], axis=0)))
        for region in color_regions(doodle)
    ]


def median_color_error(doodle: Image.Image, image: Image.Image) -> float | None:
    """Median of `region_color_errors`; None for a doodle without regions."""
    return median_or_none(region_color_errors(doodle, image))


def median_or_none(values: Iterable[float | None]) -> float | None:
    """Median of the values that are not None; None where there are none."""
    present = [value for value in values if value is not None]
    return float(np.median(present)) if present else None


def delta_e_map(a: Image.Image, b: Image.Image) -> NDArray[np.float64]:
    """CIEDE2000 per pixel, of shape (`COMPARISON_SIZE`, `COMPARISON_SIZE`); both images are scaled to it."""
    distances: NDArray[np.float64] = deltaE_ciede2000(_scaled_lab(a), _scaled_lab(b))
    return distances


def mean_delta_e(a: Image.Image, b: Image.Image) -> float:
    """Mean CIEDE2000 between two images."""
    return float(delta_e_map(a, b).mean())


def diversity(images: Sequence[Image.Image]) -> float:
    """Mean of `mean_delta_e` over all pairs of images."""
    labs = [_scaled_lab(image) for image in images]
    return float(np.mean([deltaE_ciede2000(a, b).mean() for a, b in combinations(labs, 2)]))


def _scaled_lab(image: Image.Image) -> NDArray[np.float64]:
    """CIE Lab of the scaled image, (`COMPARISON_SIZE`, `COMPARISON_SIZE`, 3)."""
    small = image.convert("RGB").resize((COMPARISON_SIZE, COMPARISON_SIZE), Image.Resampling.BOX)
    lab: NDArray[np.float64] = rgb2lab(np.asarray(small) / 255)
    return lab
