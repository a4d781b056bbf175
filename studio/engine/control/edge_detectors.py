"""Edge detectors of controlnet-aux, imported when first used: it takes seconds.

Those that need no weights. The others' weights are pickles, which the studio never opens.
"""

import warnings

from PIL import Image

from studio.recipes.generation.recipe import Preprocessor

DETECTORS: tuple[Preprocessor, ...] = ("canny", "lineart_standard")


def detect_edges(preprocessor: Preprocessor, image: Image.Image) -> Image.Image:
    """White lines on black, of `picture`'s size, with the detector's own thresholds."""
    seen = image.convert("RGB")
    shorter = min(seen.size)
    with warnings.catch_warnings():
        # It misses mediapipe, timm has moved its parts, and an empty page has no median.
        warnings.simplefilter("ignore")
        from controlnet_aux import CannyDetector, LineartStandardDetector

        if preprocessor == "canny":
            lines = CannyDetector()(seen, detect_resolution=shorter, image_resolution=shorter)
        else:
            lines = LineartStandardDetector()(seen, detect_resolution=shorter)
    # It works in multiples of 64 pixels.
    resized: Image.Image = lines.convert("RGB").resize(seen.size, Image.Resampling.LANCZOS)
    return resized
