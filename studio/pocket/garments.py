"""What the avatar wears: garments by kind, cut, colour, pattern and motif."""

from dataclasses import dataclass, replace

import numpy as np

from studio.pocket.colours import RGB, random_paint

SLEEVES = ("sleeveless", "short-sleeved", "long-sleeved")
PATTERNS = ("plain", "striped", "dotted", "checked")
MOTIFS = ("none", "star", "heart", "flower", "sun")
KINDS = ("top", "dress", "trousers", "skirt", "shorts")


@dataclass(frozen=True)
class Garment:
    """One garment. `length` is 0-1 within what its kind allows, as is `flare`.

    `gap` is the pattern's period in pixels, `motif_size` the motif's radius in pixels.
    """

    kind: str
    colour: RGB
    colour_name: str
    pattern: str = "plain"
    second: RGB = (255, 255, 255)
    second_name: str = "white"
    motif: str = "none"
    motif_colour: RGB = (255, 255, 255)
    motif_colour_name: str = "white"
    sleeves: str = "sleeveless"
    length: float = 0.5
    flare: float = 0.5
    gap: float = 17.0
    motif_size: float = 11.0


def random_outfit(rng: np.random.Generator) -> tuple[Garment, ...]:
    """One to two garments in the order they are put on."""
    draw = rng.random()
    if draw < 0.35:
        return (_garment(rng, "dress"),)
    bottom = _garment(rng, str(rng.choice(["trousers", "skirt", "shorts"])))
    if draw < 0.42:
        return (replace(bottom, motif="none"),)
    top = _garment(rng, "top")
    return (top,) if draw < 0.52 else (bottom, top)


def _garment(rng: np.random.Generator, kind: str) -> Garment:
    (name, colour), (second_name, second), (motif_name, motif_colour) = _three_paints(rng)
    pattern = str(rng.choice(PATTERNS, p=(0.5, 0.2, 0.18, 0.12)))
    has_motif = kind in ("top", "dress") and pattern == "plain" and rng.random() < 0.5
    motif = str(rng.choice(MOTIFS[1:])) if has_motif else "none"
    return Garment(
        kind=kind,
        colour=colour,
        colour_name=name,
        pattern=pattern,
        second=second,
        second_name=second_name,
        motif=motif,
        motif_colour=motif_colour,
        motif_colour_name=motif_name,
        sleeves=str(rng.choice(SLEEVES)) if kind in ("top", "dress") else "sleeveless",
        length=float(rng.uniform(0, 1)),
        flare=float(rng.uniform(0, 1)),
        gap=float(rng.uniform(12, 24)),
        motif_size=float(rng.uniform(9, 14)),
    )


def _three_paints(rng: np.random.Generator) -> list[tuple[str, RGB]]:
    """Three colours of different names, so that a pattern shows on its cloth."""
    paints: dict[str, RGB] = {}
    while len(paints) < 3:
        name, colour = random_paint(rng)
        paints.setdefault(name, colour)
    return list(paints.items())
