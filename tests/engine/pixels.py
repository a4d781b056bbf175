"""Images as arrays that can be compared."""

import numpy as np
from PIL import Image

Pixels = np.ndarray[tuple[int, ...], np.dtype[np.int16]]
"""(height, width, 3), 0 to 255; signed, so that differences do not wrap around."""


def pixels(image: Image.Image) -> Pixels:
    return np.asarray(image).astype(np.int16)
