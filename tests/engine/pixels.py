"""Pictures as numbers that can be compared."""

import numpy as np
from PIL import Image

Pixels = np.ndarray[tuple[int, ...], np.dtype[np.int16]]


def pixels(picture: Image.Image) -> Pixels:
    return np.asarray(picture).astype(np.int16)
