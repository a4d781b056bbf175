"""Scenes: one drawn example of everything the pocket models learn from, and arrays of them."""

from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from studio.imaging.compose import composite
from studio.imaging.controlmaps import scribble_map
from studio.pocket.captions import caption
from studio.pocket.doodling import doodle
from studio.pocket.figure import SIZE, random_figure
from studio.pocket.garments import random_outfit
from studio.pocket.painter import paint

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Scene:
    """A bare avatar, a doodle on it, the polished picture and its caption."""

    base: Image.Image
    doodle: Image.Image
    polished: Image.Image
    caption: str
    keypoints: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Scenes:
    """Many scenes as arrays: pictures (n, 256, 256, 3), maps (n, 256, 256), points (n, 18, 2)."""

    polished: Bytes
    composites: Bytes
    scribbles: Bytes
    keypoints: Floats
    captions: tuple[str, ...]


def draw_scene(seed: int) -> Scene:
    """The scene of this number, the same on every machine."""
    rng = np.random.default_rng(seed)
    figure, outfit = random_figure(rng), random_outfit(rng)
    return Scene(
        base=paint(figure, ()),
        doodle=doodle(figure, outfit, rng),
        polished=paint(figure, outfit),
        caption=caption(figure, outfit, rng),
        keypoints=figure.keypoints,
    )


def draw_scenes(count: int, first_seed: int = 0, workers: int = 2) -> Scenes:
    """`count` scenes drawn in parallel; about 15 ms a scene and core.

    One composite in eight carries a nasty doodle (a page of one colour, wild strokes), since
    users draw those too.
    """
    scenes = Scenes(
        polished=np.empty((count, SIZE, SIZE, 3), np.uint8),
        composites=np.empty((count, SIZE, SIZE, 3), np.uint8),
        scribbles=np.empty((count, SIZE, SIZE), np.uint8),
        keypoints=np.empty((count, 18, 2), np.float32),
        captions=(),
    )
    captions: list[str] = []
    with ProcessPoolExecutor(workers) as pool:
        rows: Iterable[tuple[Bytes, Bytes, Bytes, Floats, str]]
        rows = pool.map(partial(_row, first_seed), range(count), chunksize=64)
        for index, (polished, mixed, scribble, points, words) in enumerate(rows):
            scenes.polished[index] = polished
            scenes.composites[index] = mixed
            scenes.scribbles[index] = scribble
            scenes.keypoints[index] = points
            captions.append(words)
    return Scenes(
        scenes.polished, scenes.composites, scenes.scribbles, scenes.keypoints, tuple(captions)
    )


def _row(first_seed: int, index: int) -> tuple[Bytes, Bytes, Bytes, Floats, str]:
    scene = draw_scene(first_seed + index)
    layer = scene.doodle
    if index % 8 == 7:
        layer = nasty_doodle(np.random.default_rng(first_seed + index))
    return (
        np.asarray(scene.polished),
        np.asarray(composite(scene.base, layer)),
        np.asarray(scribble_map(layer))[..., 0],
        np.asarray(scene.keypoints, np.float32),
        scene.caption,
    )


def nasty_doodle(rng: np.random.Generator) -> Image.Image:
    """A page filled with one colour (mostly black), or with wild bars of many."""
    pixels = np.zeros((SIZE, SIZE, 4), np.uint8)
    if rng.random() < 0.5:
        colour = (0, 0, 0) if rng.random() < 0.6 else tuple(rng.integers(0, 256, 3))
        pixels[...] = (*colour, 255)
        return Image.fromarray(pixels)
    for _ in range(int(rng.integers(2, 14))):
        x, y = rng.integers(0, SIZE, 2)
        width, height = rng.integers(4, 160, 2)
        pixels[y : y + height, x : x + width] = (*rng.integers(0, 256, 3), 255)
    return Image.fromarray(pixels)
