"""The measure of the evaluation: what colour a drawn figure wears where."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("skia")

from studio.pocket.colours import PAINTS
from studio.pocket.figure import random_figure
from studio.pocket.garments import random_garment
from studio.pocket.painter import paint
from studio.pocket.wearing import Part, colour_near


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
