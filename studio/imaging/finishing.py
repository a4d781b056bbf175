"""Finishing: what is done to a decoded image without the device: the drift lock, and putting the base
image back outside the mask."""

from dataclasses import dataclass

from PIL import Image

from studio.imaging.drift import correct_drift, measure_drift, outside_area
from studio.imaging.masks import Keypoints, put_back
from studio.recipes.generation.drift import Drift, DriftLock


@dataclass(frozen=True)
class FinishedImage:
    """An image as it is stored, with what was measured of it."""

    image: Image.Image
    drift: Drift | None = None
    """None where the recipe does not have it measured."""
    drift_before: Drift | None = None
    """The drift before it was corrected; None where nothing was."""


@dataclass(frozen=True)
class Finishing:
    """What the images of one job are finished with.

    Attributes:
        base: the base image, of any size and mode.
        doodle: an RGBA layer, None for none.
        mask: of the image's size: the base image is put back where it is 0. None: the recipe has no mask.
        drift_lock: the recipe's.
        keypoints: the base image's, as fractions.
    """

    base: Image.Image
    doodle: Image.Image | None = None
    mask: Image.Image | None = None
    drift_lock: DriftLock = "off"
    keypoints: Keypoints | None = None

    def finish(self, image: Image.Image) -> FinishedImage:
        """The image as it is stored; `image` is RGB, as the last pass left it."""
        if self.drift_lock == "off":
            return FinishedImage(self._put_back(image))
        base = self.base.convert("RGB")
        if base.size != image.size:
            base = base.resize(image.size, Image.Resampling.LANCZOS)
        outside = outside_area(image.size, self.doodle, self.mask)
        before = corrected = None
        if self.drift_lock == "correct":
            before = measure_drift(base, image, outside, self.keypoints)
            corrected = correct_drift(base, image, outside, before)
        finished = self._put_back(corrected or image)
        drift = measure_drift(base, finished, outside, self.keypoints)
        return FinishedImage(finished, drift, before if corrected else None)

    def _put_back(self, image: Image.Image) -> Image.Image:
        return image if self.mask is None else put_back(image, self.base, self.mask)
