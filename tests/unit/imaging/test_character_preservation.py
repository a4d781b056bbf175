"""The metric of the robustness test: a preserved character scores higher than a covered one."""

import json

import numpy as np
import pytest
from PIL import Image, ImageFilter, ImageOps

from studio.imaging.adversarial_doodles import ADVERSARIAL_DOODLES
from studio.imaging.character_preservation import PASS_THRESHOLD, character_preservation_score
from studio.imaging.compositing import overlay_doodle
from studio.settings import bundled_path

_BASES = bundled_path("assets") / "base_images"
_LIST = json.loads((_BASES / "base_images.json").read_text())
POINTS = {image["id"]: image["keypoints"] for image in _LIST}


@pytest.fixture(params=sorted(POINTS))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def base(name: str) -> Image.Image:
    return Image.open(_BASES / f"{name}.png").convert("RGB")


def test_base_image_scores_one(name: str, base: Image.Image) -> None:
    assert character_preservation_score(base, base, POINTS[name]) == pytest.approx(1.0)


@pytest.mark.parametrize("doodle", ["all-black", "all-white", "neon-noise"])
def test_covered_character_fails(name: str, base: Image.Image, doodle: str) -> None:
    covered = overlay_doodle(base, ADVERSARIAL_DOODLES[doodle](*base.size))
    assert character_preservation_score(base, covered, POINTS[name]) < PASS_THRESHOLD - 0.1


def test_recolored_blurred_or_resized_character_passes(name: str, base: Image.Image) -> None:
    red, green, blue = base.split()
    recolored = Image.merge("RGB", (blue, red, green)).filter(ImageFilter.GaussianBlur(1.5))
    darker = ImageOps.posterize(base.point(lambda value: value * 0.7), 4)
    for other in (recolored, darker, base.resize((512, 512))):
        assert character_preservation_score(base, other, POINTS[name]) > PASS_THRESHOLD + 0.2


def test_noise_and_empty_image_fail(name: str, base: Image.Image) -> None:
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 256, (256, 256, 3), np.uint8))
    for other in (noise, Image.new("RGB", base.size, (120, 140, 90))):
        assert character_preservation_score(base, other, POINTS[name]) < PASS_THRESHOLD


def test_without_keypoints_the_complete_image_is_compared(base: Image.Image) -> None:
    assert character_preservation_score(base, base, None) == pytest.approx(1.0)
    assert (
        character_preservation_score(base, Image.new("RGB", base.size), (None,) * 18)
        < PASS_THRESHOLD
    )
