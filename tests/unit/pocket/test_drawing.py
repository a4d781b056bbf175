"""The drawn world: the same number draws the same scene, in every garment and hand."""

import numpy as np
import pytest

pytest.importorskip("skia")

from studio.pocket.assets import FIGURES
from studio.pocket.colours import PAINTS, colour_word, random_paint
from studio.pocket.figure import SIZE, random_figure
from studio.pocket.garments import KINDS, MOTIFS, PATTERNS
from studio.pocket.scenes import draw_scene, nasty_doodle


def test_a_scene_is_the_same_each_time_and_another_by_another_number() -> None:
    one, again, other = draw_scene(3), draw_scene(3), draw_scene(4)
    assert one == again
    assert np.asarray(one.polished).tobytes() != np.asarray(other.polished).tobytes()


@pytest.mark.parametrize("seed", range(12))
def test_the_doodle_stands_where_the_picture_differs_from_the_base(seed: int) -> None:
    scene = draw_scene(seed)
    changed = (np.asarray(scene.base) != np.asarray(scene.polished)).any(axis=-1)
    drawn = np.asarray(scene.doodle)[..., 3] > 0
    assert changed.sum() > 500
    assert (drawn & changed).sum() > 0.4 * drawn.sum()
    assert set(np.unique(np.asarray(scene.doodle)[..., 3])) <= {0, 255}


def test_captions_name_every_kind_of_thing_drawn() -> None:
    words = " ".join(draw_scene(seed).caption for seed in range(150))
    for word in (*KINDS, *PATTERNS[1:], *MOTIFS[1:], "background", "hair", "long-sleeved"):
        assert word in words


@pytest.mark.parametrize("seed", [*range(40), *FIGURES.values()])
def test_figures_stay_on_the_page(seed: int) -> None:
    figure = random_figure(np.random.default_rng(seed))
    assert all(0 < x < SIZE and 0 < y < SIZE for x, y in figure.joints)


def test_nasty_doodles_cover_the_page_or_bar_it() -> None:
    covers = [np.asarray(nasty_doodle(np.random.default_rng(s)))[..., 3].mean() for s in range(20)]
    assert max(covers) == 255
    assert min(covers) > 0


@pytest.mark.parametrize("name", PAINTS)
def test_a_named_paint_goes_by_its_own_name(name: str) -> None:
    assert colour_word(PAINTS[name]) == name


def test_garments_come_in_any_colour_not_only_in_named_ones() -> None:
    rng = np.random.default_rng(1)
    drawn = np.array([random_paint(rng)[1] for _ in range(400)])
    named = np.array(list(PAINTS.values()))
    away = np.abs(drawn[:, None] - named).sum(axis=-1).min(axis=1)
    assert (away > 90).mean() > 0.1
    assert (away < 60).mean() > 0.4
