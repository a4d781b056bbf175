"""What each control unit is shown."""

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
    """A grey page with a dark square on the left."""
    image = Image.new("RGB", SIZE, (200, 200, 200))
    ImageDraw.Draw(image).rectangle((30, 40, 110, 160), fill=(40, 30, 60))
    return image


@pytest.fixture
def doodle() -> Image.Image:
    """A dark red disc on the right, on nothing."""
    layer = Image.new("RGBA", SIZE, (0, 0, 0, 0))
    ImageDraw.Draw(layer).ellipse((200, 60, 280, 140), fill=(120, 20, 20, 255))
    return layer


def shown(base: Image.Image, doodle: Image.Image | None, **settings: Any) -> Image.Image | None:
    unit = ControlUnit(model=ModelRef(name="net"), **settings)
    return make_control_map(unit, examples.job(), base, doodle, SIZE)


def lit(image: Image.Image | None, columns: slice) -> float:
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
def test_lines_are_white_on_black_and_where_the_source_has_edges(
    base: Image.Image, doodle: Image.Image, preprocessor: str, source: str, left: bool, right: bool
) -> None:
    lines = shown(base, doodle, preprocessor=preprocessor, source=source)
    assert (lit(lines, LEFT) > 0.005) == left
    assert (lit(lines, RIGHT) > 0.005) == right
    assert lit(lines, slice(0, 320)) < 0.3


@pytest.mark.parametrize("preprocessor", ["scribble", "lineart", "lineart_standard", "canny"])
@pytest.mark.parametrize("layer", [None, Image.new("RGBA", SIZE, (0, 0, 0, 0))])
def test_a_unit_without_lines_has_nothing_to_say_rather_than_black(
    base: Image.Image, preprocessor: str, layer: Image.Image | None
) -> None:
    assert shown(base, layer, preprocessor=preprocessor, source="doodle") is None


def test_a_image_as_it_is_keeps_its_colors(base: Image.Image, doodle: Image.Image) -> None:
    whole = shown(base, doodle, preprocessor="none", source="composite")
    assert whole is not None
    assert whole.getpixel((240, 100)) == (120, 20, 20)
    assert whole.getpixel((60, 100)) == (40, 30, 60)


def test_an_own_image_is_read_whatever_is_drawn(base: Image.Image, doodle: Image.Image) -> None:
    own = ControlImage(sha256="cd" * 32, png=examples.png((64, 64), (9, 8, 7, 255)))
    unit = ControlUnit(
        model=ModelRef(name="net"), preprocessor="none", source="image", image_sha256=own.sha256
    )
    seen = make_control_map(unit, examples.job(control_images=(own,)), base, doodle, SIZE)
    assert seen is not None
    assert seen.size == SIZE
    assert seen.getpixel((5, 5)) == (9, 8, 7)
    with pytest.raises(NotFoundError, match="recipe A reads a picture that is not here"):
        make_control_map(unit, examples.job(), base, doodle, SIZE)


def test_each_own_image_has_a_map_of_its_own() -> None:
    units = [
        ControlUnit(
            model=ModelRef(name="net"), preprocessor="canny", source="image", image_sha256=h * 32
        )
        for h in ("ab", "cd")
    ]
    one, other = (control_map_key(unit, examples.job(), SIZE) for unit in units)
    assert one != other
