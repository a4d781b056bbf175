"""Stable Diffusion's own safety checker as a judge of pictures; torch comes when it is first asked."""

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from studio.recipes.safety import CONCEPTS

if TYPE_CHECKING:
    from diffusers.pipelines.stable_diffusion import StableDiffusionSafetyChecker
    from torch import Tensor
    from transformers import CLIPImageProcessor


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
