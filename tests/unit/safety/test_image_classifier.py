"""Stable Diffusion's safety checker as a classifier, with tiny random weights."""

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


def write_weights(directory: Path, limit: float, special: float = 2.0, safe: bool = True) -> Path:
    """A checker with `limit` for every concept; cosines are at most 1."""
    torch.manual_seed(0)
    tower = {
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
    }
    config = CLIPConfig(
        text_config=tower,
        vision_config={**tower, "image_size": 32, "patch_size": 16},
        projection_dim=8,
    )
    checker = StableDiffusionSafetyChecker(config)
    checker.concept_embeds.data.normal_()
    checker.special_care_embeds.data.normal_()
    checker.concept_embeds_weights.data.fill_(limit)
    checker.special_care_embeds_weights.data.fill_(special)
    checker.save_pretrained(directory, safe_serialization=safe)
    CLIPImageProcessor(size={"shortest_edge": 32}, crop_size=32).save_pretrained(directory)
    return directory


def diffusers_verdict(directory: Path, image: Image.Image) -> bool:
    checker = StableDiffusionSafetyChecker.from_pretrained(directory)
    processor = CLIPImageProcessor.from_pretrained(directory)
    pixels = processor(image, return_tensors="pt").pixel_values
    return bool(checker(clip_input=pixels, images=[np.zeros((4, 4, 3))])[1][0])


@pytest.mark.parametrize("special", [2.0, -2.0])
@pytest.mark.parametrize("limit", [-1.0, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1.0])
def test_withholds_what_diffusers_would_black_out(
    tmp_path: Path, image: Image.Image, limit: float, special: float
) -> None:
    directory = write_weights(tmp_path, limit, special)
    limits = ModerationPolicy().score_limits
    result = classify_or_withhold(SafetyChecker(directory), image, limits)
    assert result.is_withheld == diffusers_verdict(directory, image)


def test_margin_moves_the_limit(tmp_path: Path, image: Image.Image) -> None:
    checker = SafetyChecker(write_weights(tmp_path, 0.5))
    score = checker.score(image)["concepts"]
    for margin, is_withheld in ((-0.01, True), (0.01, False)):
        limits = {"concepts": score + margin}
        assert classify_or_withhold(checker, image, limits).is_withheld == is_withheld
    result = classify_or_withhold(checker, image, {"concepts": score - 0.01})
    assert str(result.reason).startswith("concepts ")


def test_withholds_without_safetensors(tmp_path: Path, image: Image.Image) -> None:
    directory = write_weights(tmp_path, 1.0)
    (directory / "model.safetensors").rename(directory / "model.bin")
    result = classify_or_withhold(SafetyChecker(directory), image, {})
    assert result.is_withheld
    assert "safetensors" in str(result.reason)


def test_studio_with_safety_checker_weights_uses_both_classifiers(
    home: Path, tmp_path: Path, image: Image.Image
) -> None:
    write_weights(tmp_path / "models" / "safety_checker", -1.0)
    studio = create_app_container(Settings(data_dir=home, extra_model_dirs=(tmp_path / "models",)))
    result = classify_or_withhold(
        studio.moderation.image_classifier, image, ModerationPolicy().score_limits
    )
    assert set(result.scores) == {"nsfw", "concepts"}
    assert (result.is_withheld, result.top_category) == (True, "concepts")
