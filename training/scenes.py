"""Scenes: one drawn example of everything the pocket models learn from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from training.captions import make_caption
from training.character import SIZE, Character, random_character
from training.colors import RGB, color_word
from training.doodles import doodle
from training.garment_shapes import garment_parts
from training.garments import Garment, random_outfit
from training.lora_effects import EFFECTS, apply_effect
from training.marks import Mark, random_marks
from training.painter import render_target
from training.styles import STYLES

Bytes = NDArray[np.uint8]

KINDS = ("outfit", "adversarial", "marks")
"""Clothes are drawn; a page of one color or wild bars; nothing, or marks beside the clothes."""
KIND_CHANCES = (0.78, 0.11, 0.11)
MARKED_OUTFITS = 0.2
"""Share of outfits with marks beside them."""
EMPTY_PAGES = 0.25
"""Of the scenes without clothes, those without marks too."""


@dataclass(frozen=True)
class Scene:
    """A bare avatar, a doodle on it, and what that should become, with captions, by style.

    `bare` is the avatar in each style with nothing on; `base` is one of them. `marked`: there are marks beside the
    clothes. `lineart` is the
    outfit drawn by a hand that does not tremble: what exact lineart is of.
    """

    kind: str
    character: Character
    outfit: tuple[Garment, ...]
    marked: bool
    base_style: str
    bare: Mapping[str, Image.Image]
    doodle: Image.Image
    lineart: Image.Image
    targets: Mapping[str, Image.Image]
    captions: Mapping[str, str]

    @property
    def base(self) -> Image.Image:
        return self.bare[self.base_style]


def draw_scene(seed: int, kind: str | None = None, effect: str | None = None) -> Scene:
    """The scene of this number, the same on every machine.

    `effect` is one of `lora_effects.EFFECTS`: only the targets show it, and the captions name it.
    """
    rng = np.random.default_rng(seed)
    character, outfit = random_character(rng), random_outfit(rng)
    base_style = "ink" if rng.random() < 0.75 else "water"
    chosen = str(rng.choice(KINDS, p=KIND_CHANCES))
    kind = kind or ("outfit" if effect else chosen)
    marks: tuple[Mark, ...] = ()
    if kind == "adversarial":
        page = adversarial_doodle(rng)
        outfit = recolored(outfit, character, page)
        layer = lineart = page
    else:
        if kind == "marks":
            outfit = ()
            marks = () if rng.random() < EMPTY_PAGES else random_marks(rng)
        elif rng.random() < MARKED_OUTFITS:
            marks = random_marks(rng)
        layer = doodle(character, outfit, rng, marks=marks)
        lineart = doodle(character, outfit, rng, "traced", marks)
    shown = apply_effect(EFFECTS[effect], character, outfit) if effect else (character, outfit)
    trigger = f"{EFFECTS[effect].trigger}, " if effect else ""
    return Scene(
        kind=kind,
        character=character,
        outfit=outfit,
        marked=bool(marks),
        base_style=base_style,
        bare={style: render_target(character, (), style, rng) for style in STYLES},
        doodle=layer,
        lineart=lineart,
        targets={style: render_target(*shown, style, rng, marks) for style in STYLES},
        captions={style: trigger + make_caption(character, outfit, style, rng) for style in STYLES},
    )


def recolored(
    outfit: Sequence[Garment], character: Character, page: Image.Image
) -> tuple[Garment, ...]:
    """The outfit in the colors that `page` has where its garments are: all that a page without a
    shape can say of them."""
    pixels = np.asarray(page)
    return tuple(_recolored(garment, character, pixels) for garment in outfit)


def _recolored(garment: Garment, character: Character, pixels: Bytes) -> Garment:
    box = next(iter(garment_parts(character, garment).values())).getBounds()
    x = min(SIZE - 1, max(0, int(box.centerX())))
    y = min(SIZE - 1, max(0, int(box.centerY())))
    red, green, blue, alpha = (int(value) for value in pixels[y, x])
    if not alpha:
        return garment
    color: RGB = (red, green, blue)
    return replace(
        garment, color=color, color_name=color_word(color), pattern="plain", motif="none"
    )


def adversarial_doodle(rng: np.random.Generator) -> Image.Image:
    """A page filled with one color (mostly black, often neon), or with wild bars of many."""
    pixels = np.zeros((SIZE, SIZE, 4), np.uint8)
    draw = rng.random()
    if draw < 0.6:
        color: Sequence[int] = (0, 0, 0)
        if rng.random() < 0.5:
            color = [int(value) for value in rng.integers(0, 256, 3)]
            if rng.random() < 0.5:
                color = [int(value) for value in rng.permutation([255, 0, int(rng.integers(256))])]
        pixels[...] = (*color, 255)
        return Image.fromarray(pixels)
    neon = rng.random() < 0.4
    for _ in range(int(rng.integers(2, 14))):
        x, y = rng.integers(0, SIZE, 2)
        width, height = rng.integers(4, 160, 2)
        bar = rng.permutation([255, 0, int(rng.integers(256))]) if neon else rng.integers(0, 256, 3)
        pixels[y : y + height, x : x + width] = (*bar, 255)
    return Image.fromarray(pixels)
