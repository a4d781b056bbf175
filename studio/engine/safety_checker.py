"""Stable Diffusion's own safety checker as a judge of pictures; torch comes when it is first asked."""

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from studio.recipes.moderation import CONCEPT_SCORE

if TYPE_CHECKING:
    from diffusers.pipelines.stable_diffusion import StableDiffusionSafetyChecker
    from torch import Tensor
    from transformers import CLIPImageProcessor


class SafetyChecker:
    """Stable Diffusion's safety checker (Rando et al., 2022, tell what it looks for), from a folder as
    diffusers writes it, safetensors alone. Its score is how far past its limit the worst concept is:
    over 0 it would have blacked the picture out."""

    def __init__(self, folder: Path) -> None:
        self._directory = folder
        self._lock = threading.Lock()
        self._components: tuple[StableDiffusionSafetyChecker, CLIPImageProcessor] | None = None

    def score(self, image: Image.Image) -> Mapping[str, float]:
        import torch

        with self._lock:
            checker, prepared = self._load()
            with torch.no_grad():
                seen = prepared(image.convert("RGB"), return_tensors="pt").pixel_values
                found = checker.visual_projection(checker.vision_model(seen)[1])
                special = _excess_over_threshold(found, checker.special_care_embeds, checker.special_care_embeds_weights)  # fmt: skip
                past = _excess_over_threshold(
                    found, checker.concept_embeds, checker.concept_embeds_weights
                )
        # As diffusers has it: where special care is due, it is stricter by a hundredth.
        return {CONCEPT_SCORE: past + (0.01 if special > 0 else 0.0)}

    def _load(self) -> "tuple[StableDiffusionSafetyChecker, CLIPImageProcessor]":
        if self._components is None:
            from diffusers.pipelines.stable_diffusion import StableDiffusionSafetyChecker
            from transformers import CLIPImageProcessor

            checker = StableDiffusionSafetyChecker.from_pretrained(
                self._directory, use_safetensors=True, local_files_only=True
            )
            settings = self._directory / "preprocessor_config.json"
            prepared = CLIPImageProcessor.from_pretrained(self._directory) if settings.exists() else CLIPImageProcessor()  # fmt: skip
            self._components = (checker.eval(), prepared)
        return self._components


def _excess_over_threshold(found: "Tensor", concepts: "Tensor", limits: "Tensor") -> float:
    from torch.nn.functional import cosine_similarity

    return float((cosine_similarity(found, concepts) - limits).max())
