"""What a drawn figure wears where: asked of pictures in which words alone said so."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from PIL import Image
from skimage.color import deltaE_ciede2000, rgb2lab

from studio.imaging.likeness import KEPT

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
