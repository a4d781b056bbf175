"""What the avatar wears: garments by kind, cut, colour, pattern and motif."""

from dataclasses import dataclass, replace

import numpy as np

from studio.pocket.colours import PAINTS, RGB, jitter

SLEEVES = ("sleeveless", "short-sleeved", "long-sleeved")
PATTERNS = ("plain", "striped", "dotted", "checked")
MOTIFS = ("none", "star", "heart", "flower", "sun")
KINDS = ("top", "dress", "trousers", "skirt", "shorts")


@dataclass(frozen=True)
class Garment:
    """One garment. `length` is 0-1 within what its kind allows, as is `flare`."""

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
    names = list(PAINTS)
    name, second, motif_colour = (str(n) for n in rng.choice(names, size=3, replace=False))
    pattern = str(rng.choice(PATTERNS, p=(0.52, 0.2, 0.16, 0.12)))
    has_motif = kind in ("top", "dress") and pattern == "plain" and rng.random() < 0.5
    motif = str(rng.choice(MOTIFS[1:])) if has_motif else "none"
    return Garment(
        kind=kind,
        colour=jitter(PAINTS[name], rng),
        colour_name=name,
        pattern=pattern,
        second=jitter(PAINTS[second], rng),
        second_name=second,
        motif=motif,
        motif_colour=jitter(PAINTS[motif_colour], rng),
        motif_colour_name=motif_colour,
        sleeves=str(rng.choice(SLEEVES)) if kind in ("top", "dress") else "sleeveless",
        length=float(rng.uniform(0, 1)),
        flare=float(rng.uniform(0, 1)),
    )
