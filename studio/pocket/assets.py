"""Draws the pictures that ship with the product: base images and the doodle pack."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from studio.imaging.adversarial_doodles import ADVERSARIAL_DOODLES
from studio.imaging.png_io import encode_png
from studio.pocket.colours import PAINTS
from studio.pocket.doodling import doodle
from studio.pocket.figure import SIZE, random_figure
from studio.pocket.garments import Garment
from studio.pocket.painter import paint

# The figures were chosen by looking, for plainly different people and poses. Their numbers lie
# outside those that training draws from.
FIGURES = {
    "mia": 700014, "noah": 700004, "ruby": 700021, "kofi": 700046, "rosa": 700040, "ada": 700031,
}  # fmt: skip


def _wear(kind: str, colour: str, second: str = "white", motif_colour: str = "white", **cut: Any) -> Garment:  # fmt: skip
    return Garment(
        kind, PAINTS[colour], colour, second=PAINTS[second], second_name=second,
        motif_colour=PAINTS[motif_colour], motif_colour_name=motif_colour, **cut,
    )  # fmt: skip


OUTFITS = {
    "star-dress": ("mia", (_wear("dress", "red", motif_colour="yellow", motif="star", length=0.5, flare=0.9),)),
    "striped-set": ("ruby", (_wear("trousers", "navy"), _wear("top", "teal", "white", pattern="striped", sleeves="long-sleeved"))),
    "dotted-skirt": ("ada", (_wear("skirt", "pink", "white", pattern="dotted", length=0.8, flare=0.7), _wear("top", "purple", sleeves="short-sleeved"))),
    "sporty": ("kofi", (_wear("shorts", "blue", length=0.6), _wear("top", "orange", sleeves="short-sleeved", length=0.6))),
    "green-gown": ("rosa", (_wear("dress", "green", sleeves="long-sleeved", length=1.0, flare=0.6),)),
}  # fmt: skip
"""Drawn doodles: the base image each was drawn on, and what it shows."""


def write_assets(folder: Path) -> None:
    """Base images with keypoints, doodles drawn on them, and the nasty doodles."""
    bases, doodles = folder / "base_images", folder / "doodles"
    bases.mkdir(parents=True, exist_ok=True)
    doodles.mkdir(parents=True, exist_ok=True)
    listed = []
    for name, seed in FIGURES.items():
        figure = random_figure(np.random.default_rng(seed))
        (bases / f"{name}.png").write_bytes(encode_png(paint(figure, ())))
        points = [[round(x, 4), round(y, 4)] for x, y in figure.keypoints]
        listed.append({"id": name, "name": name.capitalize(), "keypoints": points})
    (bases / "base_images.json").write_text(json.dumps(listed, indent=1) + "\n")
    pack: list[dict[str, str | None]] = []
    for number, (name, (base, outfit)) in enumerate(OUTFITS.items()):
        figure = random_figure(np.random.default_rng(FIGURES[base]))
        drawn = doodle(figure, outfit, np.random.default_rng(800010 + number), "filled")
        (doodles / f"{name}.png").write_bytes(encode_png(drawn))
        pack.append({"name": name, "base_image": base})
    for name, draw in ADVERSARIAL_DOODLES.items():
        (doodles / f"{name}.png").write_bytes(encode_png(draw(SIZE, SIZE)))
        pack.append({"name": name, "base_image": None})
    (doodles / "doodles.json").write_text(json.dumps(pack, indent=1) + "\n")
