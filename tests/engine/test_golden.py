"""The shipped weights still make the pictures they were shipped with, and good ones."""

import io

import numpy as np
import pytest
from PIL import Image

from studio.bootstrap import Studio
from studio.recipes.events import Done
from studio.recipes.preset import LETTERS, Letter
from tests.golden.make import FOLDER, render

MEAN_DIFFERENCE = 4.0
"""Of 255: what other processors' rounding may add up to, and far less than a mistake does."""

Pixels = np.ndarray[tuple[int, ...], np.dtype[np.float32]]


@pytest.fixture(scope="module")
def variants(shipped_studio: Studio) -> dict[Letter, Image.Image]:
    return render(shipped_studio)


def pixels(picture: Image.Image) -> Pixels:
    return np.asarray(picture.convert("RGB")).astype(np.float32)


@pytest.mark.parametrize("letter", LETTERS)
def test_the_picture_is_the_golden_one(variants: dict[Letter, Image.Image], letter: Letter) -> None:
    golden = pixels(Image.open(FOLDER / f"{letter}.png"))
    assert np.abs(pixels(variants[letter]) - golden).mean() < MEAN_DIFFERENCE


def test_the_four_differ_from_one_another(variants: dict[Letter, Image.Image]) -> None:
    for one in LETTERS:
        for other in LETTERS:
            if one < other:
                assert np.abs(pixels(variants[one]) - pixels(variants[other])).mean() > 1


@pytest.mark.parametrize("letter", ["A", "B", "C"])
def test_the_doodles_colours_are_kept(
    shipped_studio: Studio, variants: dict[Letter, Image.Image], letter: Letter
) -> None:
    """The median colour of each doodled patch is near the paint it was drawn with."""
    doodle = next(each for each in shipped_studio.doodles if each.name == "sporty")
    layer = np.asarray(Image.open(io.BytesIO(doodle.png)))
    picture = pixels(variants[letter])
    paints = {tuple(colour) for colour in layer[layer[..., 3] > 0][:, :3].tolist()}
    for paint in paints:
        patch = (layer[..., :3] == paint).all(axis=-1) & (layer[..., 3] > 0)
        if patch.sum() > 400:
            median = np.median(picture[patch], axis=0)
            assert np.abs(median - np.array(paint)).mean() < 40, paint


@pytest.mark.parametrize("letter", LETTERS)
def test_a_page_scribbled_black_still_yields_the_figure(
    shipped_studio: Studio, letter: Letter
) -> None:
    """The head stands out from its surroundings where the base image has it."""
    studio = shipped_studio
    black = next(each for each in studio.doodles if each.name == "all-black")
    preset = studio.presets.version("first-light").preset
    asked = studio.intake.request(preset, "noah", black.png, "", 11)
    events = studio.rendering.start(asked).events()
    picture = next(e.png for e in events if isinstance(e, Done) and e.letter == letter)
    seen = pixels(Image.open(io.BytesIO(picture)))
    points = asked.base_image.keypoints
    assert points is not None
    assert points[0] is not None
    x, y = (round(256 * share) for share in points[0])
    head, corner = seen[y - 8 : y + 24, x - 16 : x + 16], seen[8:40, 8:40]
    assert np.abs(np.median(head, axis=(0, 1)) - np.median(corner, axis=(0, 1))).mean() > 25
