"""Draws the pictures that ship with the product: base images with their zones, and the doodle pack."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from studio.imaging.adversarial_doodles import ADVERSARIAL_DOODLES
from studio.imaging.png_io import encode_png
from training.character import SIZE, random_character
from training.colors import NAMED_COLORS
from training.doodles import doodle
from training.garments import Garment
from training.painter import render_target
from training.zones import draw_zones

# The figures were chosen by looking, for plainly different people and poses. Their numbers lie
# outside those that training draws from.
CHARACTERS = {
    "mia": 700014, "noah": 700004, "ruby": 700021, "kofi": 700046, "rosa": 700040, "ada": 700031,
}  # fmt: skip


def _wear(
    kind: str, color: str, secondary_color: str = "white", motif_color: str = "white", **cut: Any
) -> Garment:
    return Garment(
        kind,
        NAMED_COLORS[color],
        color,
        secondary_color=NAMED_COLORS[secondary_color],
        secondary_color_name=secondary_color,
        motif_color=NAMED_COLORS[motif_color],
        motif_color_name=motif_color,
        **cut,
    )


OUTFITS = {
    "star-dress": ("mia", (_wear("dress", "red", motif_color="yellow", motif="star", length=0.5, flare=0.9),)),
    "striped-set": ("ruby", (_wear("trousers", "navy"), _wear("top", "teal", "white", pattern="striped", sleeves="long-sleeved"))),
    "dotted-skirt": ("ada", (_wear("skirt", "pink", "white", pattern="dotted", length=0.8, flare=0.7), _wear("top", "purple", sleeves="short-sleeved"))),
    "sporty": ("kofi", (_wear("shorts", "blue", length=0.6), _wear("top", "orange", sleeves="short-sleeved", length=0.6))),
    "green-gown": ("rosa", (_wear("dress", "green", sleeves="long-sleeved", length=1.0, flare=0.6),)),
}  # fmt: skip
"""Drawn doodles: the base image each was drawn on, and what it shows."""


def write_assets(folder: Path) -> None:
    """Base images with keypoints and zones, doodles drawn on them, and the nasty doodles."""
    bases, doodles = folder / "base_images", folder / "doodles"
    bases.mkdir(parents=True, exist_ok=True)
    doodles.mkdir(parents=True, exist_ok=True)
    listed = []
    for name, seed in CHARACTERS.items():
        character = random_character(np.random.default_rng(seed))
        (bases / f"{name}.png").write_bytes(encode_png(render_target(character, ())))
        for zone, mask in draw_zones(character).items():
            (bases / f"{name}.{zone}.png").write_bytes(encode_png(mask))
        points = [[round(x, 4), round(y, 4)] for x, y in character.keypoints]
        listed.append({"id": name, "name": name.capitalize(), "keypoints": points})
    (bases / "base_images.json").write_text(json.dumps(listed, indent=1) + "\n")
    pack: list[dict[str, str | None]] = []
    for number, (name, (base, outfit)) in enumerate(OUTFITS.items()):
        character = random_character(np.random.default_rng(CHARACTERS[base]))
        drawn = doodle(character, outfit, np.random.default_rng(800010 + number), "filled")
        (doodles / f"{name}.png").write_bytes(encode_png(drawn))
        pack.append({"name": name, "base_image": base})
    for name, draw in ADVERSARIAL_DOODLES.items():
        (doodles / f"{name}.png").write_bytes(encode_png(draw(SIZE, SIZE)))
        pack.append({"name": name, "base_image": None})
    (doodles / "doodles.json").write_text(json.dumps(pack, indent=1) + "\n")
