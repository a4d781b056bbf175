"""Stable Diffusion's safety checker as a judge, on tiny random weights of its real layout."""

from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers.pipelines.stable_diffusion import StableDiffusionSafetyChecker
from PIL import Image
from transformers import CLIPConfig, CLIPImageProcessor

from studio.app import create_app_container
from studio.engine.safety_checker import SafetyChecker
from studio.recipes.moderation import ModerationPolicy
from studio.safety.image_classifier import classify_or_withhold
from studio.settings import Settings


@pytest.fixture
def image() -> Image.Image:
    noise = np.random.default_rng(1).integers(0, 255, (64, 64, 3), np.uint8)
    return Image.fromarray(noise)


def weights(folder: Path, limit: float, special: float = 2.0, safe: bool = True) -> Path:
    """A checker whose concepts all have this limit; no cosine is over 1."""
    torch.manual_seed(0)
    tower = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}  # fmt: skip
    config = CLIPConfig(
        text_config=tower, vision_config={**tower, "image_size": 32, "patch_size": 16}, projection_dim=8,
    )  # fmt: skip
    checker = StableDiffusionSafetyChecker(config)
    checker.concept_embeds.data.normal_()
    checker.special_care_embeds.data.normal_()
    checker.concept_embeds_weights.data.fill_(limit)
    checker.special_care_embeds_weights.data.fill_(special)
    checker.save_pretrained(folder, safe_serialization=safe)
    CLIPImageProcessor(size={"shortest_edge": 32}, crop_size=32).save_pretrained(folder)
    return folder


def its_own_verdict(folder: Path, image: Image.Image) -> bool:
    checker = StableDiffusionSafetyChecker.from_pretrained(folder)
    seen = CLIPImageProcessor.from_pretrained(folder)(image, return_tensors="pt").pixel_values
    return bool(checker(clip_input=seen, images=[np.zeros((4, 4, 3))])[1][0])


@pytest.mark.parametrize("special", [2.0, -2.0])
@pytest.mark.parametrize("limit", [-1.0, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1.0])
def test_it_withholds_what_diffusers_would_have_blacked_out(
    tmp_path: Path, image: Image.Image, limit: float, special: float
) -> None:
    folder = weights(tmp_path, limit, special)
    verdict = classify_or_withhold(SafetyChecker(folder), image, ModerationPolicy().score_limits)
    assert verdict.is_withheld == its_own_verdict(folder, image)


def test_the_margin_moves_where_it_withholds(tmp_path: Path, image: Image.Image) -> None:
    checker = SafetyChecker(weights(tmp_path, 0.5))
    past = checker.score(image)["concepts"]
    for over, withheld in ((-0.01, True), (0.01, False)):
        limits = {"concepts": past + over}
        assert classify_or_withhold(checker, image, limits).is_withheld == withheld
    told = classify_or_withhold(checker, image, {"concepts": past - 0.01})
    assert str(told.reason).startswith("concepts ")


def test_without_safetensors_it_withholds_and_says_so(tmp_path: Path, image: Image.Image) -> None:
    folder = weights(tmp_path, 1.0)
    (folder / "model.safetensors").rename(folder / "model.bin")
    verdict = classify_or_withhold(SafetyChecker(folder), image, {})
    assert verdict.is_withheld
    assert "safetensors" in str(verdict.reason)


def test_a_studio_that_has_its_weights_asks_both_judges(
    home: Path, tmp_path: Path, image: Image.Image
) -> None:
    weights(tmp_path / "models" / "safety_checker", -1.0)
    studio = create_app_container(Settings(data_dir=home, extra_model_dirs=(tmp_path / "models",)))
    verdict = classify_or_withhold(
        studio.moderation.image_classifier, image, ModerationPolicy().score_limits
    )
    assert set(verdict.scores) == {"nsfw", "concepts"}
    assert (verdict.is_withheld, verdict.top_category) == (True, "concepts")
