"""Faces from keypoints: where they are, and that nothing else changes when one is put back."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from studio.imaging.face_regions import face_boxes, pad_box, paste_face


def test_the_box_holds_the_head_and_not_the_feet() -> None:
    points: list[tuple[float, float] | None] = [None] * 18
    points[0], points[14], points[15] = (0.5, 0.3), (0.45, 0.27), (0.55, 0.27)
    points[16], points[17], points[10] = (0.4, 0.28), (0.6, 0.28), (0.5, 0.95)
    [(left, top, right, bottom)] = face_boxes(points, (200, 100))
    assert left < 80
    assert right > 120
    assert bottom < 60
    assert top >= 0


def test_a_head_turned_away_and_a_base_without_keypoints_have_no_face() -> None:
    points: list[tuple[float, float] | None] = [(0.5, 0.5), *[None] * 17]
    assert face_boxes(points, (100, 100)) == []
    assert face_boxes(None, (100, 100)) == []


fraction = st.floats(0, 1)


@given(st.lists(st.none() | st.tuples(fraction, fraction), min_size=18, max_size=18), st.integers(0, 60))  # fmt: skip
def test_boxes_stay_on_the_page(points: list[tuple[float, float] | None], padding: int) -> None:
    for box in face_boxes(points, (64, 48)):
        left, top, right, bottom = pad_box(box, padding, (64, 48))
        assert 0 <= left < right <= 64
        assert 0 <= top < bottom <= 48


def test_outside_of_the_box_not_one_pixel_changes() -> None:
    image = Image.effect_noise((96, 96), 60).convert("RGB")
    at, shown = (20, 24, 70, 74), (30, 34, 60, 64)
    mended = paste_face(image, Image.new("RGB", (256, 256), "red"), at, shown, blur=4)
    assert mended.getpixel((45, 49)) == (255, 0, 0)
    before, after = np.asarray(image).copy(), np.asarray(mended).copy()
    before[24:74, 20:70] = after[24:74, 20:70] = 0
    assert (before == after).all()
