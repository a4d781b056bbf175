"""A1111's three resize modes."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from studio.imaging.resize import resize_to
from studio.recipes.generation.recipe import ResizeMode

MODES: tuple[ResizeMode, ...] = get_args(ResizeMode)


def banded() -> Image.Image:
    """Three upright bands: red, green, blue; 30 x 10."""
    image = Image.new("RGB", (30, 10))
    for index, color in enumerate(("#ff0000", "#00ff00", "#0000ff")):
        image.paste(color, (10 * index, 0, 10 * index + 10, 10))
    return image


NEAREST = Image.Resampling.NEAREST


def test_just_resize_stretches() -> None:
    page = resize_to(banded(), (30, 30), "Just Resize", NEAREST)
    assert page.getpixel((0, 29)) == (255, 0, 0)
    assert page.getpixel((29, 0)) == (0, 0, 255)


def test_crop_and_resize_keeps_the_center() -> None:
    page = resize_to(banded(), (10, 10), "Crop and Resize", NEAREST)
    assert page.getcolors() == [(100, (0, 255, 0))]


def test_resize_and_fill_extends_the_edges() -> None:
    page = resize_to(banded(), (30, 30), "Resize and Fill", NEAREST)
    for row in (0, 15, 29):
        assert [page.getpixel((x, row)) for x in (0, 15, 29)] == [
            (255, 0, 0),
            (0, 255, 0),
            (0, 0, 255),
        ]
    tall = resize_to(banded().rotate(90, expand=True), (30, 30), "Resize and Fill", NEAREST)
    assert tall.getpixel((0, 15)) == tall.getpixel((29, 15)) == (0, 255, 0)


sides = st.integers(1, 60)


@pytest.mark.parametrize("mode", MODES)
@given(before=st.tuples(sides, sides), after=st.tuples(sides, sides))
def test_any_size_is_resized_without_black_borders(
    mode: ResizeMode, before: tuple[int, int], after: tuple[int, int]
) -> None:
    page = resize_to(Image.new("RGB", before, "white"), after, mode)
    assert page.size == after
    assert page.getcolors() == [(after[0] * after[1], (255, 255, 255))]
