"""Issue 23, 1: proposals of zones, measured against the zones that the shipped base images were drawn with."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from studio.errors import InvalidInputError
from studio.imaging.zone_proposal import propose_zones
from studio.recipes.base_image import KEYPOINT_NAMES
from studio.settings import bundled_path

BASES = Path(bundled_path("assets")) / "base_images"
KEYPOINTS = {
    entry["id"]: tuple(entry["keypoints"])
    for entry in json.loads((BASES / "base_images.json").read_text())
}


@pytest.mark.parametrize("name", KEYPOINTS)
def test_clothes_and_head_of_the_shipped_base_images_are_found(name: str) -> None:
    zones = propose_zones(Image.open(BASES / f"{name}.png"), KEYPOINTS[name])
    assert zones.clothes
    assert zones.protected
    clothes, protected = np.asarray(zones.clothes) > 0, np.asarray(zones.protected) > 0
    assert clothes.shape == (256, 256)
    drawn_clothes, drawn_protected = (
        np.asarray(Image.open(BASES / f"{name}.{zone}.png")) > 0
        for zone in ("clothes", "protected")
    )
    assert (protected & drawn_protected).sum() > 0.9 * drawn_protected.sum()
    assert (clothes & drawn_clothes).sum() > 0.7 * clothes.sum()
    assert not (clothes & protected).any()
    assert (clothes & drawn_protected).mean() < 0.01


def test_the_same_image_gives_the_same_zones() -> None:
    image = Image.open(BASES / "ada.png")
    first, second = (propose_zones(image, KEYPOINTS["ada"]) for _ in range(2))
    assert first.clothes == second.clothes
    assert first.protected == second.protected


@pytest.mark.parametrize("hidden", ["right_shoulder", "left_hip"])
def test_without_shoulders_and_hips_there_is_no_proposal(hidden: str) -> None:
    points = tuple(
        None if known == hidden else point
        for known, point in zip(KEYPOINT_NAMES, KEYPOINTS["ada"], strict=True)
    )
    for keypoints in (points, None):
        with pytest.raises(InvalidInputError, match="keypoints of shoulders and hips"):
            propose_zones(Image.open(BASES / "ada.png"), keypoints)


def test_limbs_may_be_hidden_and_the_image_of_any_size() -> None:
    points = tuple(
        point if known.endswith(("shoulder", "hip")) else None
        for known, point in zip(KEYPOINT_NAMES, KEYPOINTS["ada"], strict=True)
    )
    image = Image.open(BASES / "ada.png").resize((700, 500))
    zones = propose_zones(image, points)
    assert zones.clothes
    assert zones.clothes.size == (700, 500)
    assert zones.clothes.getbbox() is not None


def test_a_close_up_without_background_has_a_proposal() -> None:
    points = {"right_shoulder": (0.02, 0.02), "left_shoulder": (0.98, 0.02), "right_hip": (0.02, 0.98), "left_hip": (0.98, 0.98)}  # fmt: skip
    keypoints = tuple(points.get(known) for known in KEYPOINT_NAMES)
    zones = propose_zones(Image.new("RGB", (64, 64), "white"), keypoints)
    assert zones.clothes is not None
