"""The measure of the evaluation: whether a drawn figure wears a colour."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("skia")

from training.character import random_character
from training.colors import NAMED_COLORS, is_named
from training.garment_check import garment_mask, shows_garment
from training.garments import CLOTHES, random_garment
from training.painter import render_target
from training.scenes import draw_scene


@pytest.mark.parametrize("kind", CLOTHES)
@pytest.mark.parametrize("seed", [1, 4, 9])
def test_what_a_drawn_figure_wears_is_found_in_its_color(kind: str, seed: int) -> None:
    character = random_character(np.random.default_rng(seed))
    garment = replace(
        random_garment(np.random.default_rng(seed), kind),
        color=NAMED_COLORS["green"],
        pattern="plain",
        motif="none",
    )
    for style in ("ink", "water"):
        picture = render_target(character, (garment,), style)
        assert shows_garment(picture, character, kind, NAMED_COLORS["green"])
        assert not shows_garment(picture, character, kind, NAMED_COLORS["purple"])
        assert not shows_garment(
            render_target(character, (), style), character, kind, NAMED_COLORS["green"]
        )


def test_whole_outfits_are_told_by_the_words_of_their_captions() -> None:
    """As `ENOUGH` says: nearly all in their own colour, next to none in another."""
    own, other = [], []
    for seed in range(710_000, 710_080):
        scene = draw_scene(seed, "outfit")
        for garment in scene.outfit:
            named = is_named(garment.color, garment.color_name)
            if garment.kind in CLOTHES and garment.pattern == "plain" and named:
                for picture in scene.targets.values():
                    call = picture, scene.character, garment.kind
                    own.append(shows_garment(*call, NAMED_COLORS[garment.color_name]))
                    far = "orange" if garment.color_name in ("navy", "blue") else "blue"
                    other.append(shows_garment(*call, NAMED_COLORS[far]))
    assert len(own) > 50
    assert np.mean(own) > 0.85
    assert np.mean(other) < 0.1


def test_a_garments_place_is_on_the_figure_and_free_of_its_arms() -> None:
    character = random_character(np.random.default_rng(3))
    top, trousers = garment_mask(character, "top"), garment_mask(character, "trousers")
    hips = max(character.joints[8][1], character.joints[11][1])
    assert np.nonzero(top)[0].mean() < hips < np.nonzero(trousers)[0].mean()
    elbow = tuple(int(at) for at in character.joints[3])
    assert not top[elbow[1], elbow[0]]
