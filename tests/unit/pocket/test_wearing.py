"""The measure of the evaluation: whether a drawn figure wears a colour."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("skia")

from studio.pocket.colours import PAINTS, goes_by
from studio.pocket.figure import random_figure
from studio.pocket.garments import CLOTHES, random_garment
from studio.pocket.painter import paint
from studio.pocket.scenes import draw_scene
from studio.pocket.wearing import garment_place, wears


@pytest.mark.parametrize("kind", CLOTHES)
@pytest.mark.parametrize("seed", [1, 4, 9])
def test_what_a_drawn_figure_wears_is_found_in_its_colour(kind: str, seed: int) -> None:
    figure = random_figure(np.random.default_rng(seed))
    garment = replace(
        random_garment(np.random.default_rng(seed), kind),
        colour=PAINTS["green"], pattern="plain", motif="none",
    )  # fmt: skip
    for style in ("ink", "water"):
        picture = paint(figure, (garment,), style)
        assert wears(picture, figure, kind, PAINTS["green"])
        assert not wears(picture, figure, kind, PAINTS["purple"])
        assert not wears(paint(figure, (), style), figure, kind, PAINTS["green"])


def test_whole_outfits_are_told_by_the_words_of_their_captions() -> None:
    """As `ENOUGH` says: nearly all in their own colour, next to none in another."""
    own, other = [], []
    for seed in range(710_000, 710_080):
        scene = draw_scene(seed)
        for garment in scene.outfit:
            named = goes_by(garment.colour, garment.colour_name)
            if garment.kind in CLOTHES and garment.pattern == "plain" and named:
                for picture in scene.polished.values():
                    look = picture, scene.figure, garment.kind
                    own.append(wears(*look, PAINTS[garment.colour_name]))
                    far = "orange" if garment.colour_name in ("navy", "blue") else "blue"
                    other.append(wears(*look, PAINTS[far]))
    assert len(own) > 50
    assert np.mean(own) > 0.85
    assert np.mean(other) < 0.1


def test_a_garments_place_is_on_the_figure_and_free_of_its_arms() -> None:
    figure = random_figure(np.random.default_rng(3))
    top, trousers = garment_place(figure, "top"), garment_place(figure, "trousers")
    hips = max(figure.joints[8][1], figure.joints[11][1])
    assert np.nonzero(top)[0].mean() < hips < np.nonzero(trousers)[0].mean()
    elbow = tuple(int(at) for at in figure.joints[3])
    assert not top[elbow[1], elbow[0]]
