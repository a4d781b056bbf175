"""Stable Diffusion's safety checker as an image classifier. Imports torch when first used."""

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

SPECIAL_CARE_ADJUSTMENT = 0.01
"""How much stricter diffusers makes every concept where a special-care concept matches."""


class SafetyChecker:
    """The CLIP safety checker of Stable Diffusion (its concepts: Rando et al., 2022).

    Thread-safe. Reads a folder in diffusers' layout, safetensors only.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._lock = threading.Lock()
        self._components: tuple[StableDiffusionSafetyChecker, CLIPImageProcessor] | None = None

    def score(self, image: Image.Image) -> Mapping[str, float]:
        """How far the worst concept's cosine similarity exceeds its threshold, -2 to 2.

        Above 0 diffusers would have returned a black image.
        """
        import torch

        with self._lock:
            checker, image_processor = self._load()
            with torch.no_grad():
                rgb = image.convert("RGB")
                pixel_values = image_processor(rgb, return_tensors="pt").pixel_values
                image_embeds = checker.visual_projection(checker.vision_model(pixel_values)[1])
                special_care = _excess_over_threshold(
                    image_embeds, checker.special_care_embeds, checker.special_care_embeds_weights
                )
                concept = _excess_over_threshold(
                    image_embeds, checker.concept_embeds, checker.concept_embeds_weights
                )
        adjustment = SPECIAL_CARE_ADJUSTMENT if special_care > 0 else 0.0
        return {CONCEPT_SCORE: concept + adjustment}

    def _load(self) -> "tuple[StableDiffusionSafetyChecker, CLIPImageProcessor]":
        if self._components is None:
            from diffusers.pipelines.stable_diffusion import StableDiffusionSafetyChecker
            from transformers import CLIPImageProcessor

            checker = StableDiffusionSafetyChecker.from_pretrained(
                self._directory, use_safetensors=True, local_files_only=True
            )
            has_config = (self._directory / "preprocessor_config.json").exists()
            image_processor = (
                CLIPImageProcessor.from_pretrained(self._directory)
                if has_config
                else CLIPImageProcessor()
            )
            self._components = (checker.eval(), image_processor)
        return self._components


def _excess_over_threshold(
    image_embeds: "Tensor", concept_embeds: "Tensor", thresholds: "Tensor"
) -> float:
    """The largest cosine similarity minus its threshold.

    Shapes: `image_embeds` (1, width), `concept_embeds` (concepts, width), `thresholds` (concepts,).
    """
    from torch.nn.functional import cosine_similarity

    return float((cosine_similarity(image_embeds, concept_embeds) - thresholds).max())
