"""Scenes: one drawn example of everything the pocket models learn from, and arrays of them."""

from collections.abc import Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from studio.imaging.compose import composite
from studio.imaging.controlmaps import lineart_map, scribble_map
from training.captions import make_caption
from training.character import SIZE, Character, random_character
from training.doodles import doodle
from training.garments import Garment, random_outfit
from training.painter import render_target
from training.styles import STYLES

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Scene:
    """A bare avatar, a doodle on it, and the polished picture and its caption by style.

    `lineart` is the outfit drawn by a hand that does not tremble: what exact lineart is of.
    """

    character: Character
    outfit: tuple[Garment, ...]
    base: Image.Image
    doodle: Image.Image
    lineart: Image.Image
    targets: Mapping[str, Image.Image]
    captions: Mapping[str, str]


@dataclass(frozen=True)
class Scenes:
    """Many scenes as arrays: pictures (n, 256, 256, 3), maps (n, 256, 256), points (n, 18, 2)."""

    targets: Mapping[str, Bytes]
    bases: Bytes
    composites: Bytes
    scribbles: Bytes
    lineart: Bytes
    keypoints: Floats
    captions: Mapping[str, tuple[str, ...]]


def draw_scene(seed: int) -> Scene:
    """The scene of this number, the same on every machine."""
    rng = np.random.default_rng(seed)
    character, outfit = random_character(rng), random_outfit(rng)
    base_style = "ink" if rng.random() < 0.75 else "water"
    return Scene(
        character=character,
        outfit=outfit,
        base=render_target(character, (), base_style, rng),
        doodle=doodle(character, outfit, rng),
        lineart=doodle(character, outfit, rng, "traced"),
        targets={style: render_target(character, outfit, style, rng) for style in STYLES},
        captions={style: make_caption(character, outfit, style, rng) for style in STYLES},
    )


def draw_scenes(count: int, first_seed: int = 0, workers: int = 2) -> Scenes:
    """`count` scenes drawn in parallel.

    One composite in eight carries a nasty doodle (a page of one colour, wild strokes), since
    users draw those too.
    """
    scenes = Scenes(
        targets={style: np.empty((count, SIZE, SIZE, 3), np.uint8) for style in STYLES},
        bases=np.empty((count, SIZE, SIZE, 3), np.uint8),
        composites=np.empty((count, SIZE, SIZE, 3), np.uint8),
        scribbles=np.empty((count, SIZE, SIZE), np.uint8),
        lineart=np.empty((count, SIZE, SIZE), np.uint8),
        keypoints=np.empty((count, 18, 2), np.float32),
        captions={},
    )
    captions: dict[str, list[str]] = {style: [] for style in STYLES}
    with ProcessPoolExecutor(workers) as pool:
        rows: Iterable[_Row] = pool.map(partial(_row, first_seed), range(count), chunksize=64)
        for index, row in enumerate(rows):
            scenes.bases[index] = row.base
            scenes.composites[index] = row.composite
            scenes.scribbles[index] = row.scribble
            scenes.lineart[index] = row.lineart
            scenes.keypoints[index] = row.keypoints
            for style in STYLES:
                scenes.targets[style][index] = row.targets[style]
                captions[style].append(row.captions[style])
    return replace(scenes, captions={style: tuple(words) for style, words in captions.items()})


@dataclass(frozen=True)
class _Row:
    targets: Mapping[str, Bytes]
    base: Bytes
    composite: Bytes
    scribble: Bytes
    lineart: Bytes
    keypoints: Floats
    captions: Mapping[str, str]


def _row(first_seed: int, index: int) -> _Row:
    scene = draw_scene(first_seed + index)
    layer, lineart = scene.doodle, scene.lineart
    if index % 8 == 7:
        layer = lineart = adversarial_doodle(np.random.default_rng(first_seed + index))
    return _Row(
        targets={style: np.asarray(picture) for style, picture in scene.targets.items()},
        base=np.asarray(scene.base.convert("RGB")),
        composite=np.asarray(composite(scene.base, layer)),
        scribble=np.asarray(scribble_map(layer))[..., 0],
        lineart=np.asarray(lineart_map(lineart))[..., 0],
        keypoints=np.asarray(scene.character.keypoints, np.float32),
        captions=scene.captions,
    )


def adversarial_doodle(rng: np.random.Generator) -> Image.Image:
    """A page filled with one colour (mostly black), or with wild bars of many."""
    pixels = np.zeros((SIZE, SIZE, 4), np.uint8)
    if rng.random() < 0.5:
        color = (0, 0, 0) if rng.random() < 0.6 else tuple(rng.integers(0, 256, 3))
        pixels[...] = (*color, 255)
        return Image.fromarray(pixels)
    for _ in range(int(rng.integers(2, 14))):
        x, y = rng.integers(0, SIZE, 2)
        width, height = rng.integers(4, 160, 2)
        pixels[y : y + height, x : x + width] = (*rng.integers(0, 256, 3), 255)
    return Image.fromarray(pixels)
