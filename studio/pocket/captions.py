"""Captions of drawn pictures: short English, in varied order."""

from collections.abc import Sequence

import numpy as np

from studio.pocket.figure import Figure
from studio.pocket.garments import Garment

OPENERS = ("an avatar", "a character", "a cute figure", "a doll", "an avatar")


def caption(figure: Figure, outfit: Sequence[Garment], rng: np.random.Generator) -> str:
    """One line about the picture: the garments always, the rest by chance."""
    clothes = [_garment_words(garment) for garment in outfit]
    rng.shuffle(clothes)
    extras = [
        f"{figure.hair_name} {figure.hair_style} hair",
        f"{figure.background_name} background",
        "clean ink drawing",
    ]
    kept = [words for words in extras if rng.random() < 0.55]
    rng.shuffle(kept)
    subject = str(rng.choice(OPENERS))
    wearing = (
        f"{subject} wearing {' and '.join(clothes)}" if clothes else f"{subject} without clothes on"
    )
    return ", ".join([wearing, *kept])


def _garment_words(garment: Garment) -> str:
    words = [garment.colour_name]
    if garment.pattern != "plain":
        words.append(f"and {garment.second_name} {garment.pattern}")
    if garment.sleeves != "sleeveless":
        words.append(garment.sleeves)
    words.append({"skirt": _skirt_word(garment), "dress": "dress"}.get(garment.kind, garment.kind))
    article = "" if garment.kind in ("trousers", "shorts") else "a "
    motif = (
        "" if garment.motif == "none" else f" with a {garment.motif_colour_name} {garment.motif}"
    )
    return f"{article}{' '.join(words)}{motif}"


def _skirt_word(garment: Garment) -> str:
    return "long skirt" if garment.length > 0.6 else "skirt"
