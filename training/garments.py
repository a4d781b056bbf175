"""What the avatar wears: garments and accessories by kind, cut, color, pattern and motif."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from training.colors import RGB, random_color

SLEEVES = ("sleeveless", "short-sleeved", "long-sleeved")
PATTERNS = ("plain", "striped", "pinstriped", "dotted", "checked", "zigzag")
PATTERN_CHANCES = (0.46, 0.15, 0.06, 0.19, 0.08, 0.06)
MOTIFS = ("none", "star", "heart", "flower", "sun", "moon", "cloud", "bolt")
CLOTHES = ("top", "dress", "trousers", "skirt", "shorts")
ACCESSORIES = ("jacket", "hat", "scarf", "bag", "shoes")
KINDS = (*CLOTHES, *ACCESSORIES)
CUTS: Mapping[str, tuple[str, ...]] = {
    "top": ("round", "v-neck", "collar"),
    "hat": ("cap", "beanie", "sun hat", "crown"),
    "shoes": ("sneakers", "boots"),
}
MOTIF_CHANCES = {"top": 0.6, "dress": 0.65, "skirt": 0.3}
"""Of plain garments."""
ACCESSORY_CHANCES = {"jacket": 0.2, "hat": 0.2, "scarf": 0.14, "bag": 0.14, "shoes": 0.3}


@dataclass(frozen=True)
class Garment:
    """One garment. `length` is 0-1 within what its kind allows, as is `flare`.

    `gap` is the pattern's period in pixels, `motif_size` the motif's radius in pixels,
    `motif_reach` how far down from neck (0) to hips (1) it is and `motif_shift` how far aside in
    pixels, `cut` one of the kind's `CUTS` (empty for the others).
    """

    kind: str
    color: RGB
    color_name: str
    cut: str = ""
    pattern: str = "plain"
    secondary_color: RGB = (255, 255, 255)
    secondary_color_name: str = "white"
    motif: str = "none"
    motif_color: RGB = (255, 255, 255)
    motif_color_name: str = "white"
    sleeves: str = "sleeveless"
    length: float = 0.5
    flare: float = 0.5
    gap: float = 17.0
    motif_size: float = 11.0
    motif_reach: float = 0.5
    motif_shift: float = 0.0


def random_outfit(rng: np.random.Generator) -> tuple[Garment, ...]:
    """One to two clothes (now and then an accessory alone) in the order they are put on, and
    accessories by chance."""
    outfit = list(_clothes(rng))
    for kind, chance in ACCESSORY_CHANCES.items():
        if rng.random() < chance and all(garment.kind != kind for garment in outfit):
            outfit.append(random_garment(rng, kind))
    return tuple(outfit)


def _clothes(rng: np.random.Generator) -> tuple[Garment, ...]:
    draw = rng.random()
    if draw > 0.95:
        return (random_garment(rng, str(rng.choice(ACCESSORIES))),)
    if draw < 0.35:
        return (random_garment(rng, "dress"),)
    bottom = random_garment(rng, str(rng.choice(["trousers", "skirt", "shorts"])))
    if draw < 0.42:
        return (replace(bottom, motif="none"),)
    top = random_garment(rng, "top")
    return (top,) if draw < 0.5 else (bottom, top)


def random_garment(rng: np.random.Generator, kind: str) -> Garment:
    (name, color), (secondary_color_name, secondary_color), (motif_name, motif_color) = (
        _three_paints(rng)
    )
    patterned = kind in CLOTHES or kind == "scarf"
    pattern = str(rng.choice(PATTERNS, p=PATTERN_CHANCES)) if patterned else "plain"
    has_motif = (
        kind in MOTIF_CHANCES and pattern == "plain" and bool(rng.random() < MOTIF_CHANCES[kind])
    )
    sleeved = kind in ("top", "dress", "jacket")
    return Garment(
        kind=kind,
        color=color,
        color_name=name,
        cut=str(rng.choice(CUTS[kind])) if kind in CUTS else "",
        pattern=pattern,
        secondary_color=secondary_color,
        secondary_color_name=secondary_color_name,
        motif=str(rng.choice(MOTIFS[1:])) if has_motif else "none",
        motif_color=motif_color,
        motif_color_name=motif_name,
        sleeves=str(rng.choice(SLEEVES)) if sleeved else "sleeveless",
        length=float(rng.uniform(0, 1)),
        flare=float(rng.uniform(0, 1)),
        gap=float(rng.uniform(12, 24)),
        motif_size=float(rng.uniform(5.5, 15)),
        motif_reach=float(rng.uniform(0.35, 0.75)),
        motif_shift=float(rng.uniform(-5, 5)),
    )


def _three_paints(rng: np.random.Generator) -> list[tuple[str, RGB]]:
    """Three colors of different names, so that a pattern shows on its cloth."""
    paints: dict[str, RGB] = {}
    while len(paints) < 3:
        name, color = random_color(rng)
        paints.setdefault(name, color)
    return list(paints.items())
