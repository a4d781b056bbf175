"""The polished picture: the figure in its outfit, piece by piece from the back to the front."""

from collections.abc import Sequence

import numpy as np
import skia
from PIL import Image

from studio.pocket import shapes
from studio.pocket.brushwork import Brushwork, brushwork
from studio.pocket.colours import INK, RGB, shade
from studio.pocket.cuts import SLOTS, garment_parts
from studio.pocket.figure import SIZE, Figure
from studio.pocket.garments import Garment
from studio.pocket.heads import draw_back_hair, draw_head
from studio.pocket.motifs import motif_on, pattern

UNDERCLOTHES: RGB = (228, 224, 230)
SHOES: RGB = (96, 92, 110)


def paint(
    figure: Figure,
    outfit: Sequence[Garment],
    style: str = "ink",
    rng: np.random.Generator | None = None,
) -> Image.Image:
    """The figure in its outfit, RGB, 256 x 256, in one of `brushwork.STYLES`.

    An empty outfit gives the base image. Watercolour's accidents come from `rng`.
    """
    brush = brushwork(style, rng or np.random.default_rng(0))
    pixels = np.zeros((SIZE, SIZE, 4), np.uint8)
    surface = skia.Surface(pixels)
    with surface as canvas:
        brush.page(canvas, figure.background)
        _floor(canvas, brush, figure)
        draw_back_hair(canvas, brush, figure)
        _body(canvas, brush, figure, outfit)
    return brush.finish(Image.fromarray(pixels).convert("RGB"))


def _body(canvas: skia.Canvas, brush: Brushwork, figure: Figure, outfit: Sequence[Garment]) -> None:
    """Bare parts and what is worn over each, slot by slot."""
    body = shapes.body_parts(figure)
    worn = [(garment, garment_parts(figure, garment)) for garment in outfit]
    for side in (0, 1):
        brush.part(canvas, body[f"leg_{side}"], figure.skin)
        brush.part(canvas, body[f"shoe_{side}"], SHOES)
    brush.part(canvas, body["neck"], figure.skin)
    brush.part(canvas, body["torso"], UNDERCLOTHES)
    for slot in SLOTS:
        if slot.startswith("arm_"):
            brush.part(canvas, body[slot], figure.skin)
        if slot == "hat":
            draw_head(canvas, brush, figure)
        for garment, parts in worn:
            if slot in parts:
                _piece(canvas, brush, figure, slot, parts[slot], garment)


def _piece(
    canvas: skia.Canvas,
    brush: Brushwork,
    figure: Figure,
    slot: str,
    path: skia.Path,
    garment: Garment,
) -> None:
    brush.part(canvas, path, garment.colour, lambda: pattern(canvas, path, garment))
    if slot == "torso" and garment.motif != "none":
        motif = motif_on(figure, garment)
        brush.detail(canvas, motif, garment.motif_colour)
        brush.line(canvas, motif, shade(garment.motif_colour, 0.55), 1.5)
    if slot == "bag":
        clasp = path.getBounds()
        at = (clasp.right() - 14, clasp.bottom() - 10) if garment.flare < 0.5 else (clasp.left() + 14, clasp.bottom() - 10)  # fmt: skip
        brush.detail(canvas, shapes.circle(at, 2.6), INK)


def _floor(canvas: skia.Canvas, brush: Brushwork, figure: Figure) -> None:
    feet = max(figure.joints[10][1], figure.joints[13][1])
    middle = (figure.joints[10][0] + figure.joints[13][0]) / 2
    shadow = skia.Path.Oval(skia.Rect.MakeXYWH(middle - 46, feet + 2, 92, 16))
    brush.detail(canvas, shadow, shade(figure.background, 0.88))
