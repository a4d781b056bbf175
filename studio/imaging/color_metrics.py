"""How like its doodle a picture is, region by region, and how unlike one another several are.

Colours are compared by CIEDE2000: 1 is just seen, 20 still goes by the same name.
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
"""Pixels below which a patch of one colour is a stroke, not a region."""
COMPARISON_SIZE = 64
"""Side to which pictures are shrunk before they are compared as wholes."""
SAME_COLOR_DELTA_E = 20.0
"""CIEDE2000 up to which a region's colour still goes by the same name."""


@dataclass(frozen=True)
class Region:
    """One patch of the doodle: where it is, without its rim, and its colour in CIE Lab."""

    mask: NDArray[np.bool_]
    lab: NDArray[np.float64]


def color_regions(doodle: Image.Image) -> list[Region]:
    """The doodle's patches of one colour, of `MIN_AREA` pixels or more inside a 2 px rim."""
    rgba = np.asarray(doodle.convert("RGBA"))
    opaque = rgba[rgba[..., 3] > 127][:, :3]
    found = []
    colors, counts = np.unique(opaque, axis=0, return_counts=True)
    for color in colors[counts >= MIN_REGION_PIXELS]:
        same = (rgba[..., :3] == color).all(axis=-1) & (rgba[..., 3] > 127)
        patches, count = ndimage.label(ndimage.binary_erosion(same, iterations=2))
        for index in range(1, count + 1):
            mask = patches == index
            if mask.sum() >= MIN_REGION_PIXELS:
                found.append(Region(mask, rgb2lab(color / 255)))
    return found


def region_color_errors(doodle: Image.Image, image: Image.Image) -> list[float]:
    """CIEDE2000 between each region's colour and the median colour of the picture there."""
    lab = rgb2lab(np.asarray(image.convert("RGB")) / 255)
    return [
        float(deltaE_ciede2000(region.lab, np.median(lab[region.mask], axis=0)))
        for region in color_regions(doodle)
    ]


def median_color_error(doodle: Image.Image, image: Image.Image) -> float | None:
    """Median CIEDE2000 over the doodle's regions; None for a doodle without any."""
    return median_or_none(region_color_errors(doodle, image))


def median_or_none(found: Iterable[float | None]) -> float | None:
    """The median of what several pictures are known to differ by; None where nothing is known."""
    known = [each for each in found if each is not None]
    return float(np.median(known)) if known else None


def delta_e_map(a: Image.Image, b: Image.Image) -> NDArray[np.float64]:
    """CIEDE2000 place by place between two pictures, each shrunk to `SMALL` pixels a side."""
    first, second = (_lab(image) for image in (a, b))
    found: NDArray[np.float64] = deltaE_ciede2000(first, second)
    return found


def mean_delta_e(a: Image.Image, b: Image.Image) -> float:
    """Mean CIEDE2000 between two pictures as wholes."""
    return float(delta_e_map(a, b).mean())


def diversity(images: Sequence[Image.Image]) -> float:
    """How unlike one another pictures are: the mean `difference` of their pairs."""
    labs = [_lab(image) for image in images]
    return float(np.mean([deltaE_ciede2000(a, b).mean() for a, b in combinations(labs, 2)]))


def _lab(image: Image.Image) -> NDArray[np.float64]:
    small = image.convert("RGB").resize((COMPARISON_SIZE, COMPARISON_SIZE), Image.Resampling.BOX)
    lab: NDArray[np.float64] = rgb2lab(np.asarray(small) / 255)
    return lab
