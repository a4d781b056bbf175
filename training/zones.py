"""The zones of a base image: where clothes may be, and what no recipe's mask may change."""

import numpy as np
import skia
from PIL import Image

from studio.imaging.zones import IN_ZONE
from training import geometry
from training.character import SIZE, Character
from training.garment_shapes import garment_parts
from training.garments import Garment
from training.heads import draw_back_hair, draw_head
from training.styles import InkStyle, fill, stroke

WHITE, BLACK = (255, 255, 255), (0, 0, 0)
OUTFIT = (
    Garment("trousers", WHITE, "white"),
    Garment("dress", WHITE, "white", sleeves="long-sleeved", length=0.3, flare=0.4),
)
"""What the clothes zone covers: sleeves to the wrists, a skirt to the knees, trousers to the ankles."""


def draw_zones(character: Character) -> dict[str, Image.Image]:
    """Masks by name, "L" of 256 x 256: "clothes" is the outfit, "protected" the head with its hair and the
    hands. The clothes end where the protected parts begin."""
    clothes, protected = (np.zeros((SIZE, SIZE, 4), np.uint8) for _ in range(2))
    with skia.Surface(clothes) as canvas:
        for garment in OUTFIT:
            for path in garment_parts(character, garment).values():
                _paint(canvas, path)
    with skia.Surface(protected) as canvas:
        draw_back_hair(canvas, _Silhouette(), character)
        _paint_hands(canvas, character)
        draw_head(canvas, _Silhouette(), character)
    head_and_hands = protected[..., 0] >= IN_ZONE
    worn = (clothes[..., 0] >= IN_ZONE) & ~head_and_hands
    return {
        name: Image.fromarray(np.where(area, 255, 0).astype(np.uint8))
        for name, area in (("clothes", worn), ("protected", head_and_hands))
    }


class _Silhouette(InkStyle):
    """Every piece in white, with its outline."""

    def part(self, canvas: skia.Canvas, path: skia.Path, *_: object) -> None:
        _paint(canvas, path)

    def detail(self, canvas: skia.Canvas, path: skia.Path, *_: object) -> None:
        _paint(canvas, path)

    def line(self, canvas: skia.Canvas, path: skia.Path, *_: object) -> None:
        _paint(canvas, path)


def _paint_hands(canvas: skia.Canvas, character: Character) -> None:
    """The body without its hands in black, for it is in front of the hair; the hands in white."""
    body = geometry.body_parts(character)
    for name, path in body.items():
        _paint(canvas, path, BLACK if not name.startswith("arm_") else WHITE)
    for garment in OUTFIT:
        for path in garment_parts(character, garment).values():
            canvas.drawPath(path, fill(BLACK))


def _paint(canvas: skia.Canvas, path: skia.Path, color: tuple[int, int, int] = WHITE) -> None:
    canvas.drawPath(path, fill(color))
    canvas.drawPath(path, stroke(color, InkStyle.LINE))
