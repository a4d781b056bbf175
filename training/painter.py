"""The polished picture: the figure in its outfit, piece by piece from the back to the front."""

from collections.abc import Sequence

import numpy as np
import skia
from PIL import Image

from training import geometry
from training.character import SIZE, Character
from training.colors import INK, RGB, shade
from training.garment_shapes import SLOTS, garment_parts
from training.garments import Garment
from training.heads import draw_back_hair, draw_head
from training.marks import Mark, draw_target_marks
from training.motifs import carries_motif, motif_for, pattern
from training.styles import DrawingStyle, drawing_style

UNDERCLOTHES: RGB = (228, 224, 230)
SHOES: RGB = (96, 92, 110)


def render_target(
    character: Character,
    outfit: Sequence[Garment],
    style: str = "ink",
    rng: np.random.Generator | None = None,
    marks: tuple[Mark, ...] = (),
) -> Image.Image:
    """The figure in its outfit, RGB, 256 x 256, in one of `styles.STYLES`.

    An empty outfit gives the base image, `marks` are drawn over it. Watercolor's accidents come
    from `rng`.
    """
    brush = drawing_style(style, rng or np.random.default_rng(0))
    pixels = np.zeros((SIZE, SIZE, 4), np.uint8)
    surface = skia.Surface(pixels)
    with surface as canvas:
        brush.page(canvas, character.background)
        _floor(canvas, brush, character)
        draw_back_hair(canvas, brush, character)
        _body(canvas, brush, character, outfit)
        draw_target_marks(canvas, brush, marks)
    return brush.finish(Image.fromarray(pixels).convert("RGB"))


def _body(
    canvas: skia.Canvas, brush: DrawingStyle, character: Character, outfit: Sequence[Garment]
) -> None:
    """Bare parts and what is worn over each, slot by slot."""
    body = geometry.body_parts(character)
    worn = [(garment, garment_parts(character, garment)) for garment in outfit]
    for side in (0, 1):
        brush.part(canvas, body[f"leg_{side}"], character.skin)
        brush.part(canvas, body[f"shoe_{side}"], SHOES)
    brush.part(canvas, body["neck"], character.skin)
    brush.part(canvas, body["torso"], UNDERCLOTHES)
    for slot in SLOTS:
        if slot.startswith("arm_"):
            brush.part(canvas, body[slot], character.skin)
        if slot == "hat":
            draw_head(canvas, brush, character)
        for garment, parts in worn:
            if slot in parts:
                _piece(canvas, brush, character, slot, parts[slot], garment)


def _piece(
    canvas: skia.Canvas,
    brush: DrawingStyle,
    character: Character,
    slot: str,
    path: skia.Path,
    garment: Garment,
) -> None:
    brush.part(canvas, path, garment.color, lambda: pattern(canvas, path, garment))
    if carries_motif(slot, garment):
        motif = motif_for(character, garment)
        brush.detail(canvas, motif, garment.motif_color)
        brush.line(canvas, motif, shade(garment.motif_color, 0.55), 1.5)
    if slot == "bag":
        clasp = path.getBounds()
        at = (
            (clasp.right() - 14, clasp.bottom() - 10)
            if garment.flare < 0.5
            else (clasp.left() + 14, clasp.bottom() - 10)
        )
        brush.detail(canvas, geometry.circle(at, 2.6), INK)


def _floor(canvas: skia.Canvas, brush: DrawingStyle, character: Character) -> None:
    feet = max(character.joints[10][1], character.joints[13][1])
    middle = (character.joints[10][0] + character.joints[13][0]) / 2
    shadow = skia.Path.Oval(skia.Rect.MakeXYWH(middle - 46, feet + 2, 92, 16))
    brush.detail(canvas, shadow, shade(character.background, 0.88))
