"""Issue 23, 1: masks of a doodle and of a base image's zones, and the base image put back around them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from studio.imaging.masks import EDGE_WIDTH, inpaint_mask, put_back
from studio.imaging.zones import NO_ZONES, ZoneMasks
from studio.recipes.base_image import KEYPOINT_NAMES, Point
from studio.recipes.generation.recipe import MaskSettings

SIZE = (96, 80)
JOINTS: dict[str, Point] = {
    "nose": (0.5, 0.2),
    "right_eye": (0.45, 0.17),
    "left_eye": (0.55, 0.17),
    "right_ear": (0.4, 0.2),
    "left_ear": (0.6, 0.2),
    "right_elbow": (0.3, 0.5),
    "right_wrist": (0.2, 0.6),
}
KEYPOINTS = tuple(JOINTS.get(name) for name in KEYPOINT_NAMES)


def doodle(*box: int, size: tuple[int, int] = SIZE, alpha: int = 255) -> Image.Image:
    layer = Image.new("RGBA", size)
    if box:
        ImageDraw.Draw(layer).rectangle(box, fill=(200, 20, 20, alpha))
    return layer


def mask(
    layer: Image.Image, zones: ZoneMasks = NO_ZONES, area: str = "doodle", **settings: object
) -> np.ndarray:
    parsed = MaskSettings.model_validate({"area": area, **settings})
    made = inpaint_mask(parsed, SIZE, layer, zones, KEYPOINTS)
    assert made is not None
    return np.asarray(made)


def noise(seed: int, size: tuple[int, int] = SIZE) -> Image.Image:
    values = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)
    return Image.fromarray(values)


def test_the_doodle_grows_by_so_many_pixels_on_each_side() -> None:
    area = mask(doodle(40, 30, 50, 45), grow=5, feather=0)
    rows, columns = np.nonzero(area)
    assert (columns.min(), rows.min(), columns.max(), rows.max()) == (35, 25, 55, 50)
    assert set(np.unique(area)) == {0, 255}


@pytest.mark.parametrize("alpha", [1, 128, 255])
def test_every_pixel_that_shows_the_doodle_is_in_the_mask(alpha: int) -> None:
    assert mask(doodle(40, 30, 40, 30, alpha=alpha), grow=0, feather=0)[30, 40] == 255


def test_a_line_thinner_than_a_pixel_of_the_mask_is_in_it() -> None:
    large = doodle(4 * 40, 4 * 30, 4 * 40, 4 * 60, size=(4 * SIZE[0], 4 * SIZE[1]))
    assert mask(large, grow=0, feather=0)[30:60, 40].all()


def test_a_pixel_of_a_large_doodle_is_in_a_small_mask() -> None:
    dot = doodle(1000, 1000, 1000, 1000, size=(2048, 2048))
    made = inpaint_mask(MaskSettings(area="doodle", grow=0, feather=0), (64, 64), dot)
    assert made is not None
    assert np.asarray(made)[31, 31] == 255


@given(
    st.integers(0, 90), st.integers(0, 74), st.integers(1, 30), st.integers(0, 20),
    st.integers(0, 20), st.booleans(),
)  # fmt: skip
def test_nothing_outside_the_grown_doodle_changes(
    left: int, top: int, side: int, grow: int, feather: int, match_edges: bool
) -> None:
    layer = doodle(left, top, left + side, top + side)
    grown = mask(layer, grow=grow, feather=0) > 0
    feathered = mask(layer, grow=grow, feather=feather)
    assert ((feathered > 0) == grown).all()
    base, render = noise(1), noise(2)
    image = np.asarray(put_back(render, base, Image.fromarray(feathered), match_edges))
    assert (image[~grown] == np.asarray(base)[~grown]).all()


def test_feather_rises_from_the_edge_inwards() -> None:
    row = mask(doodle(30, 10, 70, 70), grow=0, feather=4)[40, 28:40].tolist()
    assert row[:2] == [0, 0]
    assert row[2:6] == sorted(row[2:6])
    assert 0 < row[2] < 128
    assert row[6:] == [255] * 6


def test_a_mask_of_the_whole_image_has_no_edge() -> None:
    layer = doodle(0, 0, *SIZE)
    assert (mask(layer, grow=0, feather=8) == 255).all()
    assert put_back(noise(2), noise(1), Image.new("L", SIZE, 255)) == noise(2)


@pytest.mark.parametrize(("part", "joint"), [("keep_face", "nose"), ("keep_hands", "right_wrist")])
def test_kept_parts_are_not_in_the_mask(part: str, joint: str) -> None:
    everything, place = doodle(0, 0, *SIZE), JOINTS[joint]
    x, y = round(place[0] * SIZE[0]), round(place[1] * SIZE[1])
    kept = mask(everything, NO_ZONES, "doodle", **{part: True})
    assert mask(everything)[y, x] == 255
    assert kept[y, x] == 0
    assert 0.6 < (kept > 0).mean() < 0.99


@pytest.mark.parametrize("layer", [doodle(), doodle(47, 15, 48, 16)])
def test_an_empty_doodle_and_one_on_kept_parts_alone_have_no_mask(layer: Image.Image) -> None:
    settings = MaskSettings(area="doodle", grow=0, keep_face=True)
    assert inpaint_mask(settings, SIZE, layer, keypoints=KEYPOINTS) is None


def zone(*box: int, size: tuple[int, int] = SIZE) -> Image.Image:
    """A mask that is white in a box, its right and bottom sides included."""
    area = Image.new("L", size)
    ImageDraw.Draw(area).rectangle(box, fill=255)
    return area


@pytest.mark.parametrize(
    ("area", "inside", "outside"),
    [
        ("doodle", {"doodle"}, {"clothes", "protected"}),
        ("garment", {"clothes"}, {"doodle", "protected"}),
        ("both", {"doodle", "clothes"}, {"protected"}),
    ],
)
def test_an_area_is_doodle_or_clothes_or_both_without_what_is_protected(
    area: str, inside: set[str], outside: set[str]
) -> None:
    layer, zones = doodle(4, 4, 30, 70), ZoneMasks(zone(50, 4, 90, 70), zone(0, 40, 95, 79))
    made = mask(layer, area=area, grow=0, feather=0, zones=zones) > 0
    places = {"doodle": (10, 20), "clothes": (10, 70), "protected": (60, 20)}
    assert {name for name, place in places.items() if made[place]} == inside
    assert not any(made[places[name]] for name in outside)
    assert not made[40:].any()


@given(st.integers(0, 40), st.integers(0, 20), st.sampled_from([(96, 80), (48, 40), (200, 133)]))
def test_no_pixel_of_the_protected_zone_changes_at_any_size(
    grow: int, feather: int, size: tuple[int, int]
) -> None:
    settings = MaskSettings(area="both", grow=grow, feather=feather)
    protected = zone(37, 31, 61, 79)
    made = inpaint_mask(
        settings, size, doodle(20, 20, 70, 70), ZoneMasks(zone(5, 5, 90, 50), protected)
    )
    assert made is not None
    at_size = np.asarray(protected.resize(size, Image.Resampling.NEAREST)) > 0
    assert (np.asarray(made)[at_size] == 0).all()


def test_clothes_need_no_doodle_and_grow_like_it() -> None:
    settings = MaskSettings(area="garment", grow=5, feather=0)
    made = inpaint_mask(settings, SIZE, None, ZoneMasks(zone(40, 30, 50, 45)))
    assert made is not None
    assert made.getbbox() == (35, 25, 56, 51)


def test_clothes_that_are_all_protected_have_no_mask() -> None:
    settings = MaskSettings(area="garment", grow=0)
    zones = ZoneMasks(zone(40, 30, 50, 45), zone(0, 0, 95, 79))
    assert inpaint_mask(settings, SIZE, doodle(0, 0, 95, 79), zones) is None


def test_a_shift_of_color_is_matched_along_the_edge() -> None:
    """A render that is darker everywhere shows no border where the base image begins."""
    base = Image.new("RGB", SIZE, (200, 190, 180))
    render = Image.new("RGB", SIZE, (180, 170, 160))
    area = Image.fromarray(mask(doodle(30, 20, 70, 60), grow=0, feather=0))
    plain, matched = (
        np.asarray(put_back(render, base, area, match)).astype(int) for match in (False, True)
    )
    assert abs(plain[40, 30] - plain[40, 29]).max() == 20
    assert abs(matched[40, 30] - matched[40, 29]).max() <= 2
    assert (matched[40, 30 + EDGE_WIDTH + 1] == (180, 170, 160)).all()


def test_a_larger_render_keeps_the_resized_base_image() -> None:
    size = (2 * SIZE[0], 2 * SIZE[1])
    area = Image.fromarray(mask(doodle(40, 30, 50, 45), grow=4, feather=4))
    image = np.asarray(put_back(noise(2, size), noise(1), area))
    base = np.asarray(noise(1).resize(size, Image.Resampling.LANCZOS))
    outside = np.asarray(area.resize(size, Image.Resampling.NEAREST)) == 0
    assert (image[outside] == base[outside]).all()
    assert (image[~outside] != base[~outside]).any()
