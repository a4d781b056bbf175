"""The polished picture: ink outlines, cel shading and highlights, by skia."""

import math
from collections.abc import Sequence

import numpy as np
import skia
from PIL import Image

from studio.pocket import shapes
from studio.pocket.colours import INK, RGB, shade
from studio.pocket.figure import SIZE, Figure, Vec
from studio.pocket.garments import Garment

LINE = 2.4
"""Ink width in pixels at 256."""

UNDERCLOTHES: RGB = (228, 224, 230)
SHOES: RGB = (96, 92, 110)


def paint(figure: Figure, outfit: Sequence[Garment]) -> Image.Image:
    """The figure in its outfit, RGB, 256 x 256. An empty outfit gives the base image."""
    pixels = np.zeros((SIZE, SIZE, 4), np.uint8)
    surface = skia.Surface(pixels)
    with surface as canvas:
        canvas.clear(_colour(figure.background))
        _floor(canvas, figure)
        _back_hair(canvas, figure)
        _dressed_body(canvas, figure, outfit)
        _head(canvas, figure)
    return Image.fromarray(pixels).convert("RGB")


def _dressed_body(canvas: skia.Canvas, figure: Figure, outfit: Sequence[Garment]) -> None:
    """Limb by limb from the back to the front, each with what it wears."""
    body = shapes.body_parts(figure)
    worn = [(garment, shapes.garment_parts(figure, garment)) for garment in outfit]
    for side in (0, 1):
        _part(canvas, body[f"leg_{side}"], figure.skin)
        _part(canvas, body[f"shoe_{side}"], SHOES)
    _part(canvas, body["neck"], figure.skin)
    _part(canvas, body["torso"], UNDERCLOTHES)
    for slot in ("legs", "torso"):
        for garment, parts in worn:
            if slot in parts:
                _garment(canvas, figure, parts[slot], garment, with_motif=slot == "torso")
    for side in (0, 1):
        _part(canvas, body[f"arm_{side}"], figure.skin)
        for garment, parts in worn:
            if f"arm_{side}" in parts:
                _garment(canvas, figure, parts[f"arm_{side}"], garment, with_motif=False)


def _garment(
    canvas: skia.Canvas, figure: Figure, path: skia.Path, garment: Garment, with_motif: bool
) -> None:
    _part(canvas, path, garment.colour, lambda: pattern(canvas, path, garment))
    if with_motif and garment.motif != "none":
        star = motif_on(figure, garment)
        canvas.drawPath(star, _fill(garment.motif_colour))
        canvas.drawPath(star, _stroke(shade(garment.motif_colour, 0.55), 1.5))


def motif_on(figure: Figure, garment: Garment) -> skia.Path:
    """The motif's outline on the chest."""
    pelvis = shapes.between(figure.joints[8], figure.joints[11], 0.5)
    centre = shapes.between(figure.joints[1], pelvis, 0.5)
    return shapes.motif_path(garment.motif, centre, garment.motif_size * figure.scale)


def pattern(canvas: skia.Canvas, path: skia.Path, garment: Garment) -> None:
    """Stripes, dots or checks inside `path`, on a grid that belongs to the page."""
    if garment.pattern == "plain":
        return
    canvas.save()
    canvas.clipPath(path, skia.ClipOp.kIntersect, True)
    brush = _fill(garment.second)
    gap = garment.gap
    lines = [gap * index for index in range(int(SIZE / gap) + 1)]
    if garment.pattern == "striped":
        for y in lines:
            canvas.drawRect(skia.Rect.MakeXYWH(0, y, SIZE, gap * 0.45), brush)
    elif garment.pattern == "dotted":
        for row, y in enumerate(lines):
            for x in lines:
                canvas.drawCircle(x + (row % 2) * gap / 2, y, gap * 0.27, brush)
    else:
        brush.setAlphaf(0.55)
        for at in lines:
            canvas.drawRect(skia.Rect.MakeXYWH(0, at, SIZE, gap * 0.5), brush)
            canvas.drawRect(skia.Rect.MakeXYWH(at, 0, gap * 0.5, SIZE), brush)
    canvas.restore()


def _part(canvas: skia.Canvas, path: skia.Path, colour: RGB, decorate: object = None) -> None:
    """One inked piece: flat colour, what decorates it, a shaded edge, a light edge, the line."""
    canvas.drawPath(path, _fill(colour))
    if callable(decorate):
        decorate()
    canvas.save()
    canvas.clipPath(path, skia.ClipOp.kIntersect, True)
    _rim(canvas, path, (-4.5, -2.5), skia.Color(*INK, 62))
    _rim(canvas, path, (3.5, 3.0), skia.Color(255, 255, 255, 70))
    canvas.restore()
    canvas.drawPath(path, _stroke(INK, LINE))


def _rim(canvas: skia.Canvas, path: skia.Path, shift: Vec, colour: int) -> None:
    """Tints what `path` leaves uncovered of itself when moved by `shift`."""
    moved = skia.Path(path)
    moved.offset(*shift)
    canvas.drawPath(
        skia.Op(path, moved, skia.kDifference_PathOp), skia.Paint(Color=colour, AntiAlias=True)
    )


def _floor(canvas: skia.Canvas, figure: Figure) -> None:
    feet = max(figure.joints[10][1], figure.joints[13][1])
    middle = (figure.joints[10][0] + figure.joints[13][0]) / 2
    shadow = skia.Rect.MakeXYWH(middle - 46, feet + 2, 92, 16)
    canvas.drawOval(shadow, _fill(shade(figure.background, 0.88)))


def _back_hair(canvas: skia.Canvas, figure: Figure) -> None:
    (x, y), radius = figure.head, figure.head_radius
    hair = figure.hair
    style = figure.hair_style
    if style == "long":
        box = skia.Rect.MakeLTRB(
            x - radius * 1.12, y - radius, x + radius * 1.12, y + radius * 1.75
        )
        _part(canvas, _rounded(box, radius * 0.8), hair)
    elif style == "bob":
        box = skia.Rect.MakeLTRB(
            x - radius * 1.14, y - radius, x + radius * 1.14, y + radius * 0.86
        )
        _part(canvas, _rounded(box, radius * 0.6), hair)
    elif style == "ponytail":
        tail = shapes.limb(((x + radius * 0.6, y - radius * 0.6), (x + radius * 1.5, y - radius * 0.3), (x + radius * 1.35, y + radius)), 20 * figure.scale)  # fmt: skip
        _part(canvas, tail, hair)
    elif style == "buns":
        for side in (-1, 1):
            _part(canvas, shapes.circle((x + side * radius * 0.8, y - radius * 0.85), radius * 0.42), hair)  # fmt: skip
    elif style == "curly":
        cloud = shapes.circle((x, y - radius * 0.2), radius * 1.05)
        for puff in range(9):
            turn = math.pi * (0.12 + 0.22 * puff) + math.pi
            at = (x + radius * 1.05 * math.sin(turn), y + radius * 0.95 * math.cos(turn))
            cloud = shapes.union(cloud, shapes.circle(at, radius * 0.36))
        _part(canvas, cloud, hair)


def _head(canvas: skia.Canvas, figure: Figure) -> None:
    canvas.save()
    canvas.translate(*figure.head)
    canvas.rotate(-figure.head_tilt)
    canvas.scale(figure.scale, figure.scale)
    radius = figure.head_radius / figure.scale
    for side in (-1, 1):
        _part(canvas, shapes.circle((side * radius * 0.97, radius * 0.12), radius * 0.17), figure.skin)  # fmt: skip
    face = skia.Path.Oval(skia.Rect.MakeLTRB(-radius, -radius * 0.96, radius, radius * 0.92))
    _part(canvas, face, figure.skin)
    _features(canvas, figure, radius)
    _fringe(canvas, figure, radius)
    canvas.restore()


def _features(canvas: skia.Canvas, figure: Figure, radius: float) -> None:
    """Eyes, brows, blush and mouth, in the head's own axes."""
    for side in (-1, 1):
        x, y = side * radius * 0.38, radius * 0.14
        canvas.drawOval(skia.Rect.MakeLTRB(x - 5.2, y - 7.2, x + 5.2, y + 7.2), _fill(INK))
        canvas.drawOval(skia.Rect.MakeLTRB(x - 3.6, y - 3.4, x + 3.6, y + 6.2), _fill(figure.eyes))
        canvas.drawCircle(x - 1.6, y - 3.2, 2.2, _fill((255, 255, 255)))
        brow = skia.Rect.MakeLTRB(x - 6, y - 14.5, x + 6, y - 6)
        canvas.drawArc(brow, 205, 130, False, _stroke(shade(figure.hair, 0.6), 2.2))
        if figure.blush:
            cheek = skia.Rect.MakeLTRB(
                side * radius * 0.6 - 5, y + 8, side * radius * 0.6 + 5, y + 14
            )
            canvas.drawOval(cheek, skia.Paint(Color=skia.Color(236, 92, 96, 105), AntiAlias=True))
    y = radius * 0.52
    if figure.mouth == "open":
        smile = skia.PathBuilder()
        smile.moveTo(-6, y - 2)
        smile.lineTo(6, y - 2)
        smile.quadTo(0, y + 11, -6, y - 2)
        path = smile.detach()
        canvas.drawPath(path, _fill((196, 62, 70)))
        canvas.drawPath(path, _stroke(INK, 1.8))
    elif figure.mouth == "smile":
        canvas.drawArc(skia.Rect.MakeLTRB(-7, y - 8, 7, y + 4), 25, 130, False, _stroke(INK, 2))
    else:
        canvas.drawLine(-4, y, 4, y, _stroke(INK, 2))


def _fringe(canvas: skia.Canvas, figure: Figure, radius: float) -> None:
    """The hair that frames the face, in the head's own axes."""
    path = skia.PathBuilder()
    edge = radius * (0.34 if figure.hair_style in ("long", "bob") else 0.1)
    path.moveTo(-radius * 1.06, edge)
    path.cubicTo(-radius * 1.2, -radius * 1.45, radius * 1.2, -radius * 1.45, radius * 1.06, edge)
    if figure.hair_style == "spiky":
        teeth = (0.8, -0.1, 0.5, -0.42, 0.16, -0.06, -0.22, -0.44, -0.55, -0.1)
        for x, y in zip(teeth[::2], teeth[1::2], strict=True):
            path.lineTo(radius * x, radius * (y - 0.15))
            path.lineTo(radius * (x - 0.18), -radius * 0.42)
    elif figure.hair_style in ("short", "curly"):
        path.quadTo(radius * 0.75, -radius * 0.4, radius * 0.2, -radius * 0.34)
        path.quadTo(-radius * 0.4, -radius * 0.42, -radius * 0.82, -radius * 0.1)
    else:
        path.quadTo(radius * 0.86, -radius * 0.3, radius * 0.1, -radius * 0.5)
        path.quadTo(-radius * 0.72, -radius * 0.3, -radius * 0.84, edge * 0.6)
    path.close()
    _part(canvas, path.detach(), figure.hair)


def _rounded(box: skia.Rect, radius: float) -> skia.Path:
    return skia.Path.RRect(skia.RRect.MakeRectXY(box, radius, radius))


def _colour(colour: RGB) -> int:
    return int(skia.Color(*colour))


def _fill(colour: RGB) -> skia.Paint:
    return skia.Paint(Color=_colour(colour), AntiAlias=True)


def _stroke(colour: RGB, width: float) -> skia.Paint:
    return skia.Paint(
        Color=_colour(colour), AntiAlias=True, Style=skia.Paint.kStroke_Style, StrokeWidth=width,
        StrokeCap=skia.Paint.kRound_Cap, StrokeJoin=skia.Paint.kRound_Join,
    )  # fmt: skip
