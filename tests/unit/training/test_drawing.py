"""The drawn world: the same number draws the same scene, in every garment, style and hand."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("skia")

from training.assets import CHARACTERS
from training.captions import COLOR_WORDS, CUT_WORDS, PATTERN_WORDS
from training.character import SIZE, random_character
from training.colors import NAMED_COLORS, color_word
from training.doodles import DOODLE_STYLES, doodle
from training.garment_shapes import SLOTS, garment_parts
from training.garments import CUTS, KINDS, MOTIFS, PATTERNS, random_garment
from training.lora_effects import EFFECTS, apply_effect
from training.motifs import motif_path
from training.painter import render_target
from training.scenes import adversarial_doodle, draw_scene
from training.styles import STYLES


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
    scene = draw_scene(seed, "outfit")
    bare = render_target(scene.character, ())
    changed = (pixels(bare) != pixels(scene.targets["ink"])).any(axis=-1)
    drawn = pixels(scene.doodle)[..., 3] > 0
    assert changed.sum() > 500
    assert (drawn & changed).sum() > 0.4 * drawn.sum()
    assert set(np.unique(pixels(scene.doodle)[..., 3])) <= {0, 255}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_garment_shows_in_its_color_in_both_styles(kind: str) -> None:
    character = random_character(rng(5))
    garment = replace(
        random_garment(rng(6), kind),
        color=(214, 40, 48),
        pattern="plain",
        motif="none",
        cut=CUTS.get(kind, ("",))[0],
    )
    assert set(garment_parts(character, garment)) <= set(SLOTS)
    for style in STYLES:
        picture = pixels(render_target(character, (garment,), style)).astype(int)
        reddish = (picture[..., 0] - picture[..., 1] > 70) & (picture[..., 0] > 130)
        assert reddish.sum() > 150


@pytest.mark.parametrize(
    ("kind", "cut"), [(kind, cut) for kind, cuts in CUTS.items() for cut in cuts]
)
def test_cuts_of_one_kind_have_outlines_of_their_own(kind: str, cut: str) -> None:
    character, garment = random_character(rng(5)), random_garment(rng(6), kind)
    outlines = {
        other: render_target(character, (replace(garment, cut=other),)).tobytes()
        for other in CUTS[kind]
    }
    assert sum(outline == outlines[cut] for outline in outlines.values()) == 1


@pytest.mark.parametrize("motif", MOTIFS[1:])
def test_motifs_stand_around_their_centre(motif: str) -> None:
    box = motif_path(motif, (100, 80), 10).computeTightBounds()
    assert box.contains(100, 80)
    assert box.width() < 32
    assert box.height() < 32


@pytest.mark.parametrize("doodle_style", DOODLE_STYLES)
def test_every_hand_leaves_strokes_in_the_garments_color(doodle_style: str) -> None:
    character = random_character(rng(5))
    garment = replace(random_garment(rng(6), "dress"), pattern="plain", motif="none")
    layer = pixels(doodle(character, (garment,), rng(), doodle_style))
    stroked = layer[layer[..., 3] > 0][:, :3]
    assert len(stroked) > 200
    assert (stroked == garment.color).all(axis=1).mean() > 0.5


def test_the_traced_hand_does_not_tremble() -> None:
    character, garment = random_character(rng(5)), random_garment(rng(6), "dress")
    one, other = (doodle(character, (garment,), rng(seed), "traced") for seed in (1, 2))
    assert one.tobytes() == other.tobytes()


def test_the_styles_are_plainly_different_and_ink_has_dark_lines() -> None:
    scene = draw_scene(8, "outfit")
    ink, water = (pixels(scene.targets[style]).astype(int) for style in STYLES)
    assert np.abs(ink - water).mean() > 8
    assert (ink.max(axis=-1) < 60).sum() > 2 * (water.max(axis=-1) < 60).sum()


def test_captions_name_every_kind_of_thing_drawn_in_a_few_hundred_words() -> None:
    lines = [line for seed in range(250) for line in draw_scene(seed, "outfit").captions.values()]
    words = " ".join(lines)
    for choices in (*COLOR_WORDS.values(), *CUT_WORDS.values(), *PATTERN_WORDS.values()):
        assert any(choice in words for choice in choices), choices
    for word in ("jacket", "scarf", "bag", "glasses", "background", "hair", "watercolo"):
        assert word in words
    assert len({word for line in lines for word in line.replace(",", "").split()}) > 200


@pytest.mark.parametrize("name", NAMED_COLORS)
def test_a_named_paint_goes_by_its_own_name(name: str) -> None:
    assert color_word(NAMED_COLORS[name]) == name


@pytest.mark.parametrize("name", EFFECTS)
def test_an_effect_changes_the_picture_but_not_the_pose(name: str) -> None:
    scene = draw_scene(8, "outfit")
    character, outfit = apply_effect(EFFECTS[name], scene.character, scene.outfit)
    assert character.joints == scene.character.joints
    assert render_target(character, outfit) != render_target(scene.character, scene.outfit)


def test_pastel_is_paler_and_neon_stands_on_a_dark_page() -> None:
    scene = draw_scene(8, "outfit")
    plain, pastel, neon = (
        pixels(render_target(*pair)).astype(int)
        for pair in (
            (scene.character, scene.outfit),
            apply_effect(EFFECTS["pastel"], scene.character, scene.outfit),
            apply_effect(EFFECTS["neon"], scene.character, scene.outfit),
        )
    )
    assert pastel.mean() > plain.mean() + 2
    assert neon[:20].mean() < 60


@pytest.mark.parametrize("seed", [*range(40), *CHARACTERS.values()])
def test_figures_stay_on_the_page(seed: int) -> None:
    character = random_character(rng(seed))
    assert all(0 < x < SIZE and 0 < y < SIZE for x, y in character.joints)


def test_patterns_show_on_cloth() -> None:
    character, garment = (
        random_character(rng(5)),
        replace(random_garment(rng(6), "dress"), motif="none"),
    )
    pictures = {
        render_target(character, (replace(garment, pattern=name),)).tobytes() for name in PATTERNS
    }
    assert len(pictures) == len(PATTERNS)


def test_nasty_doodles_cover_the_page_or_bar_it() -> None:
    covers = [pixels(adversarial_doodle(rng(seed)))[..., 3].mean() for seed in range(20)]
    assert max(covers) == 255
    assert min(covers) > 0
