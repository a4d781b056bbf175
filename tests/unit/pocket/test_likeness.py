"""The measures of the evaluation: colours inside doodled regions, and on the figure."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("skia")

from studio.pocket.colours import PAINTS
from studio.pocket.figure import random_figure
from studio.pocket.garments import random_garment
from studio.pocket.likeness import KEPT, MIN_AREA, Part, colour_near, differences, regions
from studio.pocket.painter import paint


def doodle(*patches: tuple[tuple[int, int, int, int], tuple[int, int, int]]) -> Image.Image:
    layer = Image.new("RGBA", (128, 128))
    for box, colour in patches:
        layer.paste((*colour, 255), box)
    return layer


RED, BLUE = (214, 40, 48), (40, 70, 200)


def test_regions_are_patches_of_one_colour_without_strokes() -> None:
    drawn = doodle(((10, 10, 50, 50), RED), ((60, 10, 100, 50), RED), ((10, 60, 50, 100), BLUE), ((60, 60, 64, 120), BLUE))  # fmt: skip
    found = regions(drawn)
    assert len(found) == 3
    assert all(region.mask.sum() >= MIN_AREA for region in found)


def test_a_kept_colour_differs_by_nothing_and_another_by_much() -> None:
    drawn = doodle(((10, 10, 60, 60), RED))
    assert differences(drawn, Image.new("RGB", (128, 128), RED)) == [pytest.approx(0, abs=0.1)]
    assert differences(drawn, Image.new("RGB", (128, 128), BLUE))[0] > 2 * KEPT


@pytest.mark.parametrize(("kind", "part"), [("dress", "chest"), ("trousers", "hips")])
@pytest.mark.parametrize("seed", [1, 4, 9])
def test_what_a_drawn_figure_wears_is_found_in_its_colour(kind: str, part: Part, seed: int) -> None:
    figure = random_figure(np.random.default_rng(seed))
    garment = replace(
        random_garment(np.random.default_rng(seed), kind),
        colour=PAINTS["green"], pattern="plain", motif="none",
    )  # fmt: skip
    for style in ("ink", "water"):
        picture = paint(figure, (garment,), style)
        assert colour_near(picture, figure.keypoints, part, PAINTS["green"])
        assert not colour_near(picture, figure.keypoints, part, PAINTS["purple"])
