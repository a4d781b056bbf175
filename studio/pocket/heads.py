"""Heads: hair behind, face, features and the hair that frames them."""

import math

import skia

from studio.pocket import shapes
from studio.pocket.brushwork import Brushwork
from studio.pocket.colours import INK, RGB, shade
from studio.pocket.figure import Figure, Vec

WHITE: RGB = (255, 255, 255)
BLUSH: RGB = (240, 150, 148)
LIPS: RGB = (196, 62, 70)
R = 35.0
"""A head's radius in its own axes, in which everything but the hair behind is drawn."""


def draw_back_hair(canvas: skia.Canvas, brush: Brushwork, figure: Figure) -> None:
    """What lies behind the body, in the page's axes."""
    for path in _back_hair(figure):
        brush.part(canvas, path, figure.hair)


def draw_head(canvas: skia.Canvas, brush: Brushwork, figure: Figure) -> None:
    canvas.save()
    canvas.translate(*figure.head)
    canvas.rotate(-figure.head_tilt)
    canvas.scale(figure.scale, figure.scale)
    for side in (-1, 1):
        # The ear one turns towards goes behind the face.
        reach = 0.97 - 0.12 * max(0.0, side * figure.head_turn)
        brush.part(canvas, shapes.circle((side * R * reach, R * 0.12), R * 0.17), figure.skin)
    face = skia.Path.Oval(skia.Rect.MakeLTRB(-R, -R * 0.96, R, R * 0.92))
    brush.part(canvas, face, figure.skin)
    canvas.save()
    canvas.translate(figure.head_turn * 9, 0)
    _features(canvas, brush, figure)
    canvas.restore()
    if figure.hair_style != "shaved":
        brush.part(canvas, _fringe(figure.hair_style, figure.head_turn), figure.hair)
    canvas.restore()


def _back_hair(figure: Figure) -> list[skia.Path]:
    (x, y), radius, scale = figure.head, figure.head_radius, figure.scale

    def at(across: float, down: float) -> Vec:
        return x + radius * across, y + radius * down

    style = figure.hair_style
    if style in ("long", "bob"):
        wide, low, corner = (1.12, 1.75, 0.8) if style == "long" else (1.14, 0.86, 0.6)
        box = skia.Rect.MakeLTRB(*at(-wide, -1), *at(wide, low))
        return [skia.Path.RRect(skia.RRect.MakeRectXY(box, radius * corner, radius * corner))]
    if style == "ponytail":
        return [shapes.limb((at(0.6, -0.6), at(1.5, -0.3), at(1.35, 1)), 20 * scale)]
    if style == "buns":
        return [shapes.circle(at(side * 0.8, -0.85), radius * 0.42) for side in (-1, 1)]
    if style in ("braids", "pigtails"):
        low = 1.9 if style == "braids" else 1.0
        wide = 11 if style == "braids" else 19
        return [
            shapes.limb((at(s * 0.75, -0.1), at(s * 1.4, 0.35), at(s * 1.25, low)), wide * scale)
            for s in (-1, 1)
        ]
    if style in ("curly", "afro"):
        reach, puff = (1.05, 0.36) if style == "curly" else (1.2, 0.42)
        cloud = shapes.circle(at(0, -0.2), radius * reach)
        for index in range(9):
            turn = math.pi * (0.12 + 0.22 * index) + math.pi
            spot = at(reach * math.sin(turn), 0.95 * reach * math.cos(turn))
            cloud = shapes.union(cloud, shapes.circle(spot, radius * puff))
        return [cloud]
    return []


def _features(canvas: skia.Canvas, brush: Brushwork, figure: Figure) -> None:
    """Eyes, brows, blush, freckles, glasses and mouth, in the head's own axes."""
    for side in (-1, 1):
        x, y = side * R * 0.38, R * 0.14
        brush.detail(canvas, _oval(x, y, 5.2, 7.2), INK)
        brush.detail(canvas, _oval(x, y + 1.4, 3.6, 4.8), figure.eyes)
        brush.detail(canvas, shapes.circle((x - 1.6, y - 3.2), 2.2), WHITE)
        brow = _arc(skia.Rect.MakeLTRB(x - 6, y - 14.5, x + 6, y - 6), 205, 130)
        brush.line(canvas, brow, shade(figure.hair, 0.6), 2.2)
        cheek = (side * R * 0.6, y + 11)
        if figure.blush:
            brush.detail(canvas, _oval(*cheek, 5, 3), _mixed(figure.skin, BLUSH))
        if figure.freckles:
            for dx, dy in ((-3, -2), (0, 0), (3, -2)):
                spot = shapes.circle((cheek[0] + dx, cheek[1] + dy), 1.0)
                brush.detail(canvas, spot, shade(figure.skin, 0.6))
        if figure.glasses:
            brush.line(canvas, shapes.circle((x, y), R * 0.3), INK, 2)
    if figure.glasses:
        brush.line(canvas, shapes.open_line([(-3, R * 0.1), (3, R * 0.1)]), INK, 2)
    _mouth(canvas, brush, figure.mouth)


def _mouth(canvas: skia.Canvas, brush: Brushwork, mouth: str) -> None:
    y = R * 0.52
    if mouth == "smile":
        brush.line(canvas, _arc(skia.Rect.MakeLTRB(-7, y - 8, 7, y + 4), 25, 130), INK, 2)
    elif mouth == "calm":
        brush.line(canvas, shapes.open_line([(-4, y), (4, y)]), INK, 2)
    elif mouth == "surprised":
        brush.detail(canvas, _oval(0, y + 1, 3.2, 4.2), LIPS)
        brush.line(canvas, _oval(0, y + 1, 3.2, 4.2), INK, 1.6)
    else:
        wide = 6 if mouth == "open" else 8.5
        lips = skia.PathBuilder()
        lips.moveTo(-wide, y - 2)
        lips.lineTo(wide, y - 2)
        lips.quadTo(0, y + (11 if mouth == "open" else 8), -wide, y - 2)
        path = lips.detach()
        brush.detail(canvas, path, LIPS if mouth == "open" else WHITE)
        brush.line(canvas, path, INK, 1.8)


def _fringe(style: str, turn: float) -> skia.Path:
    """The hair that frames the face; its parting follows the head's turn a little."""
    path = skia.PathBuilder()
    framed = style in ("long", "bob", "braids")
    edge = R * (0.34 if framed else 0.1)
    lean = R * 0.2 * turn
    path.moveTo(-R * 1.06, edge)
    path.cubicTo(-R * 1.2, -R * 1.45, R * 1.2, -R * 1.45, R * 1.06, edge)
    if style == "spiky":
        teeth = (0.8, -0.1, 0.5, -0.42, 0.16, -0.06, -0.22, -0.44, -0.55, -0.1)
        for x, y in zip(teeth[::2], teeth[1::2], strict=True):
            path.lineTo(R * x, R * (y - 0.15))
            path.lineTo(R * (x - 0.18), -R * 0.42)
    elif style in ("short", "curly", "afro"):
        path.quadTo(R * 0.75, -R * 0.4, R * 0.2 + lean, -R * 0.34)
        path.quadTo(-R * 0.4, -R * 0.42, -R * 0.82, -R * 0.1)
    elif style == "swept":
        path.quadTo(R * 0.9, -R * 0.5, R * 0.5 + lean, -R * 0.72)
        path.quadTo(R * 0.1, -R * 0.05, -R * 0.85, R * 0.02)
    else:
        path.quadTo(R * 0.86, -R * 0.3, R * 0.1 + lean, -R * 0.5)
        path.quadTo(-R * 0.72, -R * 0.3, -R * 0.84, edge * 0.6)
    path.close()
    return path.detach()


def _mixed(a: RGB, b: RGB) -> RGB:
    return (a[0] + b[0]) // 2, (a[1] + b[1]) // 2, (a[2] + b[2]) // 2


def _oval(x: float, y: float, half_width: float, half_height: float) -> skia.Path:
    return skia.Path.Oval(
        skia.Rect.MakeLTRB(x - half_width, y - half_height, x + half_width, y + half_height)
    )


def _arc(box: skia.Rect, start: float, sweep: float) -> skia.Path:
    path = skia.PathBuilder()
    path.addArc(box, start, sweep)
    return path.detach()
