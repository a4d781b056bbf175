"""Pictures as numbers that can be compared."""

import numpy as np
from PIL import Image

Pixels = np.ndarray[tuple[int, ...], np.dtype[np.int16]]


def pixels(image: Image.Image) -> Pixels:
    return np.asarray(image).astype(np.int16)
