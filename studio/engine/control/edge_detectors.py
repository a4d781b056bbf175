"""controlnet-aux's edge detectors that need no weights, imported when first used: it takes seconds.

The weights of its other detectors are pickles, which the studio never opens.
"""

import warnings
from collections.abc import Callable, Mapping
from typing import Any

from PIL import Image

from studio.recipes.generation.recipe import Preprocessor


def detect_edges(preprocessor: Preprocessor, image: Image.Image) -> Image.Image:
    """White lines on black, RGB, of the image's size, with the detector's default thresholds.

    Raises KeyError for a preprocessor not in `EDGE_DETECTORS`.
    """
    rgb = image.convert("RGB")
    with warnings.catch_warnings():
        # It warns that mediapipe is missing, that timm moved its modules, and of empty images.
        warnings.simplefilter("ignore")
        lines = EDGE_DETECTORS[preprocessor](rgb)
    # The detectors' output has multiples of 64 pixels.
    resized: Image.Image = lines.convert("RGB").resize(rgb.size, Image.Resampling.LANCZOS)
    return resized


def _canny(image: Image.Image) -> Any:
    from controlnet_aux import CannyDetector

    shorter_side = min(image.size)
    return CannyDetector()(image, detect_resolution=shorter_side, image_resolution=shorter_side)


def _lineart_standard(image: Image.Image) -> Any:
    from controlnet_aux import LineartStandardDetector

    return LineartStandardDetector()(image, detect_resolution=min(image.size))


EDGE_DETECTORS: Mapping[Preprocessor, Callable[[Image.Image], Any]] = {
    "canny": _canny,
    "lineart_standard": _lineart_standard,
}
