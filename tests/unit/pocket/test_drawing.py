"""The drawn world: the same number draws the same scene, in every garment, style and hand."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("skia")

from studio.pocket.assets import FIGURES
from studio.pocket.brushwork import STYLES
from studio.pocket.captions import COLOUR_WORDS, CUT_WORDS, PATTERN_WORDS
from studio.pocket.colours import PAINTS, colour_word
from studio.pocket.cuts import SLOTS, garment_parts
from studio.pocket.doodling import HANDS, doodle
from studio.pocket.effects import EFFECTS, applied
from studio.pocket.figure import SIZE, random_figure
from studio.pocket.garments import CUTS, KINDS, MOTIFS, PATTERNS, random_garment
from studio.pocket.motifs import motif_path
from studio.pocket.painter import paint
from studio.pocket.scenes import draw_scene, nasty_doodle


def pixels(picture: Image.Image) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.asarray(picture)


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_a_scene_is_the_same_each_time_and_another_by_another_number() -> None:
    one, again, other = draw_scene(3), draw_scene(3), draw_scene(4)
    assert one == again
    assert one.doodle.tobytes() != other.doodle.tobytes()


@pytest.mark.parametrize("seed", range(12))
def test_the_doodle_stands_where_the_picture_differs_from_the_base(seed: int) -> None:
    scene = draw_scene(seed)
    bare = paint(scene.figure, ())
    changed = (pixels(bare) != pixels(scene.polished["ink"])).any(axis=-1)
    drawn = pixels(scene.doodle)[..., 3] > 0
    assert changed.sum() > 500
    assert (drawn & changed).sum() > 0.4 * drawn.sum()
    assert set(np.unique(pixels(scene.doodle)[..., 3])) <= {0, 255}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_garment_shows_in_its_colour_in_both_styles(kind: str) -> None:
    figure = random_figure(rng(5))
    garment = replace(
        random_garment(rng(6), kind),
        colour=(214, 40, 48), pattern="plain", motif="none", cut=CUTS.get(kind, ("",))[0],
    )  # fmt: skip
    assert set(garment_parts(figure, garment)) <= set(SLOTS)
    for style in STYLES:
        picture = pixels(paint(figure, (garment,), style)).astype(int)
        reddish = (picture[..., 0] - picture[..., 1] > 70) & (picture[..., 0] > 130)
        assert reddish.sum() > 150


@pytest.mark.parametrize(("kind", "cut"), [(kind, cut) for kind, cuts in CUTS.items() for cut in cuts])  # fmt: skip
def test_cuts_of_one_kind_have_outlines_of_their_own(kind: str, cut: str) -> None:
    figure, garment = random_figure(rng(5)), random_garment(rng(6), kind)
    outlines = {
        other: paint(figure, (replace(garment, cut=other),)).tobytes() for other in CUTS[kind]
    }
    assert sum(outline == outlines[cut] for outline in outlines.values()) == 1


@pytest.mark.parametrize("motif", MOTIFS[1:])
def test_motifs_stand_around_their_centre(motif: str) -> None:
    box = motif_path(motif, (100, 80), 10).computeTightBounds()
    assert box.contains(100, 80)
    assert box.width() < 32
    assert box.height() < 32


@pytest.mark.parametrize("hand", HANDS)
def test_every_hand_leaves_strokes_in_the_garments_colour(hand: str) -> None:
    figure = random_figure(rng(5))
    garment = replace(random_garment(rng(6), "dress"), pattern="plain", motif="none")
    layer = pixels(doodle(figure, (garment,), rng(), hand))
    stroked = layer[layer[..., 3] > 0][:, :3]
    assert len(stroked) > 200
    assert (stroked == garment.colour).all(axis=1).mean() > 0.5


def test_the_traced_hand_does_not_tremble() -> None:
    figure, garment = random_figure(rng(5)), random_garment(rng(6), "dress")
    one, other = (doodle(figure, (garment,), rng(seed), "traced") for seed in (1, 2))
    assert one.tobytes() == other.tobytes()


def test_the_styles_are_plainly_different_and_ink_has_dark_lines() -> None:
    scene = draw_scene(8)
    ink, water = (pixels(scene.polished[style]).astype(int) for style in STYLES)
    assert np.abs(ink - water).mean() > 8
    assert (ink.max(axis=-1) < 60).sum() > 2 * (water.max(axis=-1) < 60).sum()


def test_captions_name_every_kind_of_thing_drawn() -> None:
    words = " ".join(line for seed in range(250) for line in draw_scene(seed).captions.values())
    for choices in (*COLOUR_WORDS.values(), *CUT_WORDS.values(), *PATTERN_WORDS.values()):
        assert any(choice in words for choice in choices), choices
    for word in ("jacket", "scarf", "bag", "glasses", "background", "hair", "watercolo"):
        assert word in words


def test_captions_have_a_few_hundred_words() -> None:
    lines = [line for seed in range(300) for line in draw_scene(seed).captions.values()]
    vocabulary = {word for line in lines for word in line.replace(",", "").split()}
    assert len(vocabulary) > 200


@pytest.mark.parametrize("name", PAINTS)
def test_a_named_paint_goes_by_its_own_name(name: str) -> None:
    assert colour_word(PAINTS[name]) == name


@pytest.mark.parametrize("name", EFFECTS)
def test_an_effect_changes_the_picture_but_not_the_pose(name: str) -> None:
    scene = draw_scene(8)
    figure, outfit = applied(EFFECTS[name], scene.figure, scene.outfit)
    assert figure.joints == scene.figure.joints
    assert paint(figure, outfit) != paint(scene.figure, scene.outfit)


def test_pastel_is_paler_and_neon_stands_on_a_dark_page() -> None:
    scene = draw_scene(8)
    plain, pastel, neon = (
        pixels(paint(*pair)).astype(int)
        for pair in (
            (scene.figure, scene.outfit),
            applied(EFFECTS["pastel"], scene.figure, scene.outfit),
            applied(EFFECTS["neon"], scene.figure, scene.outfit),
        )
    )
    assert pastel.mean() > plain.mean() + 2
    assert neon[:20].mean() < 60


@pytest.mark.parametrize("seed", [*range(40), *FIGURES.values()])
def test_figures_stay_on_the_page(seed: int) -> None:
    figure = random_figure(rng(seed))
    assert all(0 < x < SIZE and 0 < y < SIZE for x, y in figure.joints)


def test_patterns_show_on_cloth() -> None:
    figure, garment = random_figure(rng(5)), replace(random_garment(rng(6), "dress"), motif="none")
    pictures = {paint(figure, (replace(garment, pattern=name),)).tobytes() for name in PATTERNS}
    assert len(pictures) == len(PATTERNS)


def test_nasty_doodles_cover_the_page_or_bar_it() -> None:
    covers = [pixels(nasty_doodle(rng(seed)))[..., 3].mean() for seed in range(20)]
    assert max(covers) == 255
    assert min(covers) > 0
