"""Heads: hair behind, face, features and the hair that frames them."""

import math

import skia

from training import geometry
from training.character import Character, Vec
from training.colors import INK, RGB, shade
from training.styles import DrawingStyle

WHITE: RGB = (255, 255, 255)
BLUSH: RGB = (240, 150, 148)
LIPS: RGB = (196, 62, 70)
HEAD_RADIUS = 35.0
"""A head's radius in its own axes, in which everything but the hair behind is drawn."""


def draw_back_hair(canvas: skia.Canvas, brush: DrawingStyle, character: Character) -> None:
    """What lies behind the body, in the page's axes."""
    for path in _back_hair(character):
        brush.part(canvas, path, character.hair)


def draw_head(canvas: skia.Canvas, brush: DrawingStyle, character: Character) -> None:
    canvas.save()
    canvas.translate(*character.head)
    canvas.rotate(-character.head_tilt)
    canvas.scale(character.scale, character.scale)
    for side in (-1, 1):
        # The ear one turns towards goes behind the face.
        reach = 0.97 - 0.12 * max(0.0, side * character.head_turn)
        brush.part(
            canvas,
            geometry.circle((side * HEAD_RADIUS * reach, HEAD_RADIUS * 0.12), HEAD_RADIUS * 0.17),
            character.skin,
        )
    face = skia.Path.Oval(
        skia.Rect.MakeLTRB(-HEAD_RADIUS, -HEAD_RADIUS * 0.96, HEAD_RADIUS, HEAD_RADIUS * 0.92)
    )
    brush.part(canvas, face, character.skin)
    canvas.save()
    canvas.translate(character.head_turn * 9, 0)
    _features(canvas, brush, character)
    canvas.restore()
    if character.hair_style != "shaved":
        brush.part(canvas, _fringe(character.hair_style, character.head_turn), character.hair)
    canvas.restore()


def _back_hair(character: Character) -> list[skia.Path]:
    (x, y), radius, scale = character.head, character.head_radius, character.scale

    def at(across: float, down: float) -> Vec:
        return x + radius * across, y + radius * down

    style = character.hair_style
    if style in ("long", "bob"):
        wide, low, corner = (1.12, 1.75, 0.8) if style == "long" else (1.14, 0.86, 0.6)
        box = skia.Rect.MakeLTRB(*at(-wide, -1), *at(wide, low))
        return [skia.Path.RRect(skia.RRect.MakeRectXY(box, radius * corner, radius * corner))]
    if style == "ponytail":
        return [geometry.limb((at(0.6, -0.6), at(1.5, -0.3), at(1.35, 1)), 20 * scale)]
    if style == "buns":
        return [geometry.circle(at(side * 0.8, -0.85), radius * 0.42) for side in (-1, 1)]
    if style in ("braids", "pigtails"):
        low = 1.9 if style == "braids" else 1.0
        wide = 11 if style == "braids" else 19
        return [
            geometry.limb((at(s * 0.75, -0.1), at(s * 1.4, 0.35), at(s * 1.25, low)), wide * scale)
            for s in (-1, 1)
        ]
    if style in ("curly", "afro"):
        reach, puff = (1.05, 0.36) if style == "curly" else (1.2, 0.42)
        cloud = geometry.circle(at(0, -0.2), radius * reach)
        for index in range(9):
            turn = math.pi * (0.12 + 0.22 * index) + math.pi
            spot = at(reach * math.sin(turn), 0.95 * reach * math.cos(turn))
            cloud = geometry.union(cloud, geometry.circle(spot, radius * puff))
        return [cloud]
    return []


def _features(canvas: skia.Canvas, brush: DrawingStyle, character: Character) -> None:
    """Eyes, brows, blush, freckles, glasses and mouth, in the head's own axes."""
    for side in (-1, 1):
        x, y = side * HEAD_RADIUS * 0.38, HEAD_RADIUS * 0.14
        brush.detail(canvas, _oval(x, y, 5.2, 7.2), INK)
        brush.detail(canvas, _oval(x, y + 1.4, 3.6, 4.8), character.eyes)
        brush.detail(canvas, geometry.circle((x - 1.6, y - 3.2), 2.2), WHITE)
        brow = _arc(skia.Rect.MakeLTRB(x - 6, y - 14.5, x + 6, y - 6), 205, 130)
        brush.line(canvas, brow, shade(character.hair, 0.6), 2.2)
        cheek = (side * HEAD_RADIUS * 0.6, y + 11)
        if character.blush:
            brush.detail(canvas, _oval(*cheek, 5, 3), _mixed(character.skin, BLUSH))
        if character.freckles:
            for dx, dy in ((-3, -2), (0, 0), (3, -2)):
                spot = geometry.circle((cheek[0] + dx, cheek[1] + dy), 1.0)
                brush.detail(canvas, spot, shade(character.skin, 0.6))
        if character.glasses:
            brush.line(canvas, geometry.circle((x, y), HEAD_RADIUS * 0.3), INK, 2)
    if character.glasses:
        brush.line(
            canvas, geometry.open_line([(-3, HEAD_RADIUS * 0.1), (3, HEAD_RADIUS * 0.1)]), INK, 2
        )
    _mouth(canvas, brush, character.mouth)


def _mouth(canvas: skia.Canvas, brush: DrawingStyle, mouth: str) -> None:
    y = HEAD_RADIUS * 0.52
    if mouth == "smile":
        brush.line(canvas, _arc(skia.Rect.MakeLTRB(-7, y - 8, 7, y + 4), 25, 130), INK, 2)
    elif mouth == "calm":
        brush.line(canvas, geometry.open_line([(-4, y), (4, y)]), INK, 2)
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
    edge = HEAD_RADIUS * (0.34 if framed else 0.1)
    lean = HEAD_RADIUS * 0.2 * turn
    path.moveTo(-HEAD_RADIUS * 1.06, edge)
    path.cubicTo(
        -HEAD_RADIUS * 1.2,
        -HEAD_RADIUS * 1.45,
        HEAD_RADIUS * 1.2,
        -HEAD_RADIUS * 1.45,
        HEAD_RADIUS * 1.06,
        edge,
    )
    if style == "spiky":
        teeth = (0.8, -0.1, 0.5, -0.42, 0.16, -0.06, -0.22, -0.44, -0.55, -0.1)
        for x, y in zip(teeth[::2], teeth[1::2], strict=True):
            path.lineTo(HEAD_RADIUS * x, HEAD_RADIUS * (y - 0.15))
            path.lineTo(HEAD_RADIUS * (x - 0.18), -HEAD_RADIUS * 0.42)
    elif style in ("short", "curly", "afro"):
        path.quadTo(
            HEAD_RADIUS * 0.75, -HEAD_RADIUS * 0.4, HEAD_RADIUS * 0.2 + lean, -HEAD_RADIUS * 0.34
        )
        path.quadTo(
            -HEAD_RADIUS * 0.4, -HEAD_RADIUS * 0.42, -HEAD_RADIUS * 0.82, -HEAD_RADIUS * 0.1
        )
    elif style == "swept":
        path.quadTo(
            HEAD_RADIUS * 0.9, -HEAD_RADIUS * 0.5, HEAD_RADIUS * 0.5 + lean, -HEAD_RADIUS * 0.72
        )
        path.quadTo(HEAD_RADIUS * 0.1, -HEAD_RADIUS * 0.05, -HEAD_RADIUS * 0.85, HEAD_RADIUS * 0.02)
    else:
        path.quadTo(
            HEAD_RADIUS * 0.86, -HEAD_RADIUS * 0.3, HEAD_RADIUS * 0.1 + lean, -HEAD_RADIUS * 0.5
        )
        path.quadTo(-HEAD_RADIUS * 0.72, -HEAD_RADIUS * 0.3, -HEAD_RADIUS * 0.84, edge * 0.6)
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
