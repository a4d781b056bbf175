"""Control maps of ControlNet units, and their cache keys."""

from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from studio.engine.control.control_maps import control_map_key, make_control_map
from studio.errors import NotFoundError
from studio.recipes.base_image import ControlImage
from studio.recipes.generation.recipe import ControlUnit, ModelRef
from tests import examples

SIZE = (320, 200)


@pytest.fixture
def base() -> Image.Image:
    """A gray image with a dark square on the left."""
    image = Image.new("RGB", SIZE, (200, 200, 200))
    ImageDraw.Draw(image).rectangle((30, 40, 110, 160), fill=(40, 30, 60))
    return image


@pytest.fixture
def doodle() -> Image.Image:
    """A dark red disc on the right of a transparent layer."""
    layer = Image.new("RGBA", SIZE, (0, 0, 0, 0))
    ImageDraw.Draw(layer).ellipse((200, 60, 280, 140), fill=(120, 20, 20, 255))
    return layer


def control_map(
    base: Image.Image, doodle: Image.Image | None, **settings: Any
) -> Image.Image | None:
    unit = ControlUnit(model=ModelRef(name="net"), **settings)
    return make_control_map(unit, examples.job(), base, doodle, SIZE)


def line_fraction(image: Image.Image | None, columns: slice) -> float:
    """The fraction of bright pixels in the columns."""
    assert image is not None
    assert image.size == SIZE
    assert image.mode == "RGB"
    return float((np.asarray(image)[:, columns].max(axis=-1) > 60).mean())


LEFT, RIGHT = slice(0, 160), slice(160, 320)


@pytest.mark.parametrize("preprocessor", ["scribble", "lineart", "lineart_standard", "canny"])
@pytest.mark.parametrize(
    ("source", "left", "right"),
    [("doodle", False, True), ("composite", True, True), ("base", True, False)],
)
def test_lines_are_white_on_black_at_the_edges_of_the_source(
    base: Image.Image, doodle: Image.Image, preprocessor: str, source: str, left: bool, right: bool
) -> None:
    lines = control_map(base, doodle, preprocessor=preprocessor, source=source)
    assert (line_fraction(lines, LEFT) > 0.005) == left
    assert (line_fraction(lines, RIGHT) > 0.005) == right
    assert line_fraction(lines, slice(0, 320)) < 0.3


@pytest.mark.parametrize("preprocessor", ["scribble", "lineart", "lineart_standard", "canny"])
@pytest.mark.parametrize("layer", [None, Image.new("RGBA", SIZE, (0, 0, 0, 0))])
def test_no_lines_give_no_control_map(
    base: Image.Image, preprocessor: str, layer: Image.Image | None
) -> None:
    assert control_map(base, layer, preprocessor=preprocessor, source="doodle") is None


def test_preprocessor_none_keeps_the_colors(base: Image.Image, doodle: Image.Image) -> None:
    result = control_map(base, doodle, preprocessor="none", source="composite")
    assert result is not None
    assert result.getpixel((240, 100)) == (120, 20, 20)
    assert result.getpixel((60, 100)) == (40, 30, 60)


def test_control_image_is_used_regardless_of_the_doodle(
    base: Image.Image, doodle: Image.Image
) -> None:
    control_image = ControlImage(sha256="cd" * 32, png=examples.png((64, 64), (9, 8, 7, 255)))
    unit = ControlUnit(
        model=ModelRef(name="net"),
        preprocessor="none",
        source="image",
        image_sha256=control_image.sha256,
    )
    result = make_control_map(
        unit, examples.job(control_images=(control_image,)), base, doodle, SIZE
    )
    assert result is not None
    assert result.size == SIZE
    assert result.getpixel((5, 5)) == (9, 8, 7)
    with pytest.raises(NotFoundError, match="An image of recipe A no longer exists"):
        make_control_map(unit, examples.job(), base, doodle, SIZE)


def test_control_images_have_distinct_cache_keys() -> None:
    units = [
        ControlUnit(
            model=ModelRef(name="net"), preprocessor="canny", source="image", image_sha256=h * 32
        )
        for h in ("ab", "cd")
    ]
    first, second = (control_map_key(unit, examples.job(), SIZE) for unit in units)
    assert first != second
