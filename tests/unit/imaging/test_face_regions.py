"""Face boxes from keypoints, and pasting a face."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from studio.imaging.face_regions import face_boxes, pad_box, paste_face


def test_face_box_contains_only_the_head() -> None:
    points: list[tuple[float, float] | None] = [None] * 18
    points[0], points[14], points[15] = (0.5, 0.3), (0.45, 0.27), (0.55, 0.27)
    points[16], points[17], points[10] = (0.4, 0.28), (0.6, 0.28), (0.5, 0.95)
    [(left, top, right, bottom)] = face_boxes(points, (200, 100))
    assert left < 80
    assert right > 120
    assert bottom < 60
    assert top >= 0


def test_no_face_without_enough_keypoints() -> None:
    points: list[tuple[float, float] | None] = [(0.5, 0.5), *[None] * 17]
    assert face_boxes(points, (100, 100)) == []
    assert face_boxes(None, (100, 100)) == []


fraction = st.floats(0, 1)


@given(
    st.lists(st.none() | st.tuples(fraction, fraction), min_size=18, max_size=18),
    st.integers(0, 60),
)
def test_boxes_are_clipped_to_the_image(
    points: list[tuple[float, float] | None], padding: int
) -> None:
    for box in face_boxes(points, (64, 48)):
        left, top, right, bottom = pad_box(box, padding, (64, 48))
        assert 0 <= left < right <= 64
        assert 0 <= top < bottom <= 48


def test_paste_face_changes_no_pixel_outside_the_box() -> None:
    image = Image.effect_noise((96, 96), 60).convert("RGB")
    outer, inner = (20, 24, 70, 74), (30, 34, 60, 64)
    result = paste_face(image, Image.new("RGB", (256, 256), "red"), outer, inner, blur=4)
    assert result.getpixel((45, 49)) == (255, 0, 0)
    before, after = np.asarray(image).copy(), np.asarray(result).copy()
    before[24:74, 20:70] = after[24:74, 20:70] = 0
    assert (before == after).all()
