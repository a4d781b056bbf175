"""The measure of the robustness pack: a figure that is there is told from one that was swallowed."""

import json

import numpy as np
import pytest
from PIL import Image, ImageFilter, ImageOps

from studio.imaging.adversarial_doodles import ADVERSARIAL_DOODLES
from studio.imaging.character_preservation import PASS_THRESHOLD, character_preservation_score
from studio.imaging.compositing import overlay_doodle
from studio.settings import bundled_path

_BASES = bundled_path("assets") / "base_images"
POINTS = {each["id"]: each["keypoints"] for each in json.loads((_BASES / "base_images.json").read_text())}  # fmt: skip


@pytest.fixture(params=sorted(POINTS))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def base(name: str) -> Image.Image:
    return Image.open(_BASES / f"{name}.png").convert("RGB")


def test_the_base_itself_keeps_its_figure(name: str, base: Image.Image) -> None:
    assert character_preservation_score(base, base, POINTS[name]) == pytest.approx(1.0)


@pytest.mark.parametrize("doodle", ["all-black", "all-white", "neon-noise"])
def test_a_page_that_covers_everything_has_lost_it(
    name: str, base: Image.Image, doodle: str
) -> None:
    swallowed = overlay_doodle(base, ADVERSARIAL_DOODLES[doodle](*base.size))
    assert character_preservation_score(base, swallowed, POINTS[name]) < PASS_THRESHOLD - 0.1


def test_other_colors_softer_lines_and_another_page_keep_it(name: str, base: Image.Image) -> None:
    red, green, blue = base.split()
    recoloured = Image.merge("RGB", (blue, red, green)).filter(ImageFilter.GaussianBlur(1.5))
    darker = ImageOps.posterize(base.point(lambda value: value * 0.7), 4)
    for other in (recoloured, darker, base.resize((512, 512))):
        assert character_preservation_score(base, other, POINTS[name]) > PASS_THRESHOLD + 0.2


def test_noise_and_nothing_are_no_figure(name: str, base: Image.Image) -> None:
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 256, (256, 256, 3), np.uint8))
    for other in (noise, Image.new("RGB", base.size, (120, 140, 90))):
        assert character_preservation_score(base, other, POINTS[name]) < PASS_THRESHOLD


def test_without_keypoints_the_whole_page_is_compared(base: Image.Image) -> None:
    assert character_preservation_score(base, base, None) == pytest.approx(1.0)
    assert (
        character_preservation_score(base, Image.new("RGB", base.size), (None,) * 18)
        < PASS_THRESHOLD
    )
