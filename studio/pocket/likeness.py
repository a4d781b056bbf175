"""How like its doodle a picture is: colour by colour, region by region."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage
from skimage.color import deltaE_ciede2000, rgb2lab

MIN_AREA = 150
"""Pixels below which a patch of one colour is a stroke, not a region."""
KEPT = 20.0
"""CIEDE2000 up to which a region's colour still goes by the same name."""


@dataclass(frozen=True)
class Region:
    """One patch of the doodle: where it is, without its rim, and its colour in CIE Lab."""

    mask: NDArray[np.bool_]
    lab: NDArray[np.float64]


def regions(doodle: Image.Image) -> list[Region]:
    """The doodle's patches of one colour, of `MIN_AREA` pixels or more inside a 2 px rim."""
    rgba = np.asarray(doodle.convert("RGBA"))
    opaque = rgba[rgba[..., 3] > 127][:, :3]
    found = []
    for colour in np.unique(opaque, axis=0):
        same = (rgba[..., :3] == colour).all(axis=-1) & (rgba[..., 3] > 127)
        patches, count = ndimage.label(ndimage.binary_erosion(same, iterations=2))
        for index in range(1, count + 1):
            mask = patches == index
            if mask.sum() >= MIN_AREA:
                found.append(Region(mask, rgb2lab(colour / 255)))
    return found


def differences(doodle: Image.Image, picture: Image.Image) -> list[float]:
    """CIEDE2000 between each region's colour and the median colour of the picture there."""
    lab = rgb2lab(np.asarray(picture.convert("RGB")) / 255)
    return [
        float(deltaE_ciede2000(region.lab, np.median(lab[region.mask], axis=0)))
        for region in regions(doodle)
    ]


Part = Literal["chest", "hips"]
RIGHT_HIP, LEFT_HIP, NECK, RIGHT_KNEE, LEFT_KNEE = 8, 11, 1, 9, 12
"""Places of joints among the eighteen keypoints."""


def colour_near(
    picture: Image.Image,
    keypoints: Sequence[tuple[float, float]],
    part: Part,
    colour: tuple[int, int, int],
) -> bool:
    """Whether the figure wears `colour` there: the median of a small patch is within `KEPT`.

    The chest is half way from neck to hips, the hips a fifth of the way down to the knees.
    """
    points = np.array(keypoints)
    hips = (points[RIGHT_HIP] + points[LEFT_HIP]) / 2
    knees = (points[RIGHT_KNEE] + points[LEFT_KNEE]) / 2
    x, y = (points[NECK] + hips) / 2 if part == "chest" else hips + (knees - hips) * 0.2
    centre_x, centre_y = round(x * picture.width), round(y * picture.height)
    pixels = np.asarray(picture.convert("RGB"))[
        max(0, centre_y - 6) : centre_y + 7, max(0, centre_x - 6) : centre_x + 7
    ]
    worn = np.median(rgb2lab(pixels / 255).reshape(-1, 3), axis=0)
    return bool(deltaE_ciede2000(rgb2lab(np.array(colour) / 255), worn) < KEPT)
