"""The colors of the drawn world, by name: paints, skins, hair and backgrounds."""

import colorsys

import numpy as np

RGB = tuple[int, int, int]

MAX_NAME_DISTANCE = 90.0
"""Redmean distance up to which a color goes by a paint's name; the farthest pair is 765 apart."""
NAMED_COLORS: dict[str, RGB] = {
    "red": (214, 40, 48),
    "pink": (247, 130, 176),
    "orange": (245, 134, 40),
    "yellow": (250, 212, 60),
    "lime": (158, 212, 62),
    "green": (48, 152, 76),
    "teal": (34, 160, 158),
    "sky blue": (104, 190, 240),
    "blue": (48, 100, 214),
    "navy": (34, 46, 104),
    "purple": (126, 66, 178),
    "lavender": (188, 164, 232),
    "brown": (134, 84, 50),
    "black": (36, 34, 42),
    "grey": (140, 142, 150),
    "white": (248, 246, 242),
}
SKINS: tuple[RGB, ...] = (
    (255, 224, 200), (246, 206, 172), (232, 182, 142), (205, 150, 108), (165, 112, 76), (112, 74, 52),
)  # fmt: skip
HAIR: dict[str, RGB] = {
    "black": (44, 38, 46),
    "brown": (104, 64, 42),
    "ginger": (200, 96, 40),
    "blonde": (240, 200, 110),
    "white": (232, 230, 234),
    "pink": (236, 120, 164),
    "blue": (84, 124, 204),
}
EYES: tuple[RGB, ...] = ((70, 46, 34), (52, 104, 168), (54, 130, 84), (110, 76, 150))
BACKGROUNDS: dict[str, RGB] = {
    "cream": (252, 243, 224),
    "mint": (220, 243, 230),
    "light blue": (220, 236, 250),
    "lilac": (236, 228, 248),
    "rose": (253, 228, 232),
    "white": (250, 250, 250),
    "grey": (226, 228, 232),
}
INK: RGB = (46, 36, 48)


def jitter(color: RGB, rng: np.random.Generator, amount: float = 1.0) -> RGB:
    """A neighbor of `color`: still the same word, never the same paint twice."""
    hue, light, saturation = colorsys.rgb_to_hls(*(c / 255 for c in color))
    hue = (hue + amount * rng.normal(0, 0.012)) % 1
    light = float(np.clip(light + amount * rng.normal(0, 0.035), 0.05, 0.98))
    saturation = float(np.clip(saturation + amount * rng.normal(0, 0.06), 0, 1))
    return _bytes(colorsys.hls_to_rgb(hue, light, saturation))


def random_color(rng: np.random.Generator) -> tuple[str, RGB]:
    """A color and its word: half of the time near a named paint, else any color there is.

    Users pick any color; a model that has only seen sixteen turns the others into those.
    """
    if rng.random() < 0.5:
        name = str(rng.choice(list(NAMED_COLORS)))
        return name, jitter(NAMED_COLORS[name], rng)
    color = colorsys.hls_to_rgb(rng.random(), rng.uniform(0.12, 0.9), rng.uniform(0.1, 1) ** 0.7)
    return color_word(_bytes(color)), _bytes(color)


def color_word(color: RGB) -> str:
    """The paint nearest to `color`, by "redmean", a cheap perceptual distance."""
    return min(NAMED_COLORS, key=lambda name: _redmean(color, NAMED_COLORS[name]))


def is_named(color: RGB, name: str) -> bool:
    """Whether a person would call `color` by that paint's name."""
    return _redmean(color, NAMED_COLORS[name]) < MAX_NAME_DISTANCE**2


def _redmean(one: RGB, other: RGB) -> float:
    mean = (one[0] + other[0]) / 2
    red, green, blue = (a - b for a, b in zip(one, other, strict=True))
    return (2 + mean / 256) * red**2 + 4 * green**2 + (2 + (255 - mean) / 256) * blue**2


def shade(color: RGB, factor: float) -> RGB:
    """`color` in shadow (factor under 1: darker, a little cooler) or light (over 1)."""
    if factor <= 1:
        red, green, blue = (c * factor for c in color)
        return _bytes((red / 255, green / 255, min(1.0, (blue + 10 * (1 - factor)) / 255)))
    return _bytes(tuple((c + (255 - c) * (factor - 1)) / 255 for c in color))


def _bytes(color: tuple[float, ...]) -> RGB:
    red, green, blue = (round(255 * min(1.0, max(0.0, c))) for c in color)
    return red, green, blue
