"""The rough doodle: what a hurried hand makes of an outfit, flat and wobbly."""

import math
from collections.abc import Sequence

import numpy as np
import skia
from PIL import Image

from training.character import SIZE, Character, Vec
from training.colors import RGB, shade
from training.garment_shapes import SLOTS, garment_parts
from training.garments import Garment
from training.marks import Mark, draw_doodle_marks
from training.motifs import carries_motif, motif_for, pattern

DOODLE_STYLES = ("filled", "careful", "scribbled", "over", "outlined", "line", "half")
DOODLE_STYLE_WEIGHTS = (0.44, 0.14, 0.14, 0.08, 0.1, 0.04, 0.06)
"""Filled blobs, careful outlines filled in, bare scribbles, scribbles over the edge, outlines,
one quick line, half finished. The hand "traced" does not tremble, and is never drawn by chance."""
WOBBLE = {"careful": (0.4, 1.0), "traced": (0.0, 0.0)}
"""How far a hand strays from the line, in pixels."""


def doodle(
    character: Character,
    outfit: Sequence[Garment],
    rng: np.random.Generator,
    doodle_style: str | None = None,
    marks: tuple[Mark, ...] = (),
) -> Image.Image:
    """The outfit as an RGBA layer of hard-edged strokes, 256 x 256, by this hand or any."""
    pixels = np.zeros((SIZE, SIZE, 4), np.uint8)
    surface = skia.Surface(pixels)
    with surface as canvas:
        for slot, garment, path in _in_order(character, outfit):
            stroke_style = doodle_style or str(rng.choice(DOODLE_STYLES, p=DOODLE_STYLE_WEIGHTS))
            wobble = rng.uniform(*WOBBLE.get(stroke_style, (1.0, 3.2)))
            rough = _wobbly(path, rng, wobble)
            canvas.save()
            if stroke_style == "half":
                canvas.clipRect(_half_of(rough.getBounds(), rng))
            _strokes(canvas, rough, garment.color, stroke_style, rng)
            pattern(canvas, rough, garment)
            if carries_motif(slot, garment):
                motif = _wobbly(motif_for(character, garment), rng, wobble * 0.3, spacing=1.5)
                canvas.drawPath(motif, _brush(garment.motif_color))
            canvas.restore()
        draw_doodle_marks(canvas, marks)
    pixels[..., 3] = np.where(pixels[..., 3] > 127, 255, 0)
    pixels[pixels[..., 3] == 0] = 0
    return Image.fromarray(pixels)


def _in_order(
    character: Character, outfit: Sequence[Garment]
) -> list[tuple[str, Garment, skia.Path]]:
    """Every piece of the outfit, in the order the picture shows them."""
    pieces = [
        (slot, garment, path)
        for garment in outfit
        for slot, path in garment_parts(character, garment).items()
    ]
    return sorted(pieces, key=lambda piece: SLOTS.index(piece[0]))


def _half_of(box: skia.Rect, rng: np.random.Generator) -> skia.Rect:
    """The upper or one side's part of `box`, with room for wobble."""
    left, top, right, bottom = box.left() - 8, box.top() - 8, box.right() + 8, box.bottom() + 8
    share = rng.uniform(0.45, 0.7)
    if rng.random() < 0.5:
        return skia.Rect.MakeLTRB(left, top, right, top + (bottom - top) * share)
    return skia.Rect.MakeLTRB(left, top, left + (right - left) * share, bottom)


def _strokes(
    canvas: skia.Canvas, path: skia.Path, color: RGB, doodle_style: str, rng: np.random.Generator
) -> None:
    if doodle_style in ("filled", "careful", "half", "traced"):
        canvas.drawPath(path, _brush(color))
        outline = shade(color, 0.5) if doodle_style == "careful" else color
        canvas.drawPath(path, _brush(outline, 3))
        return
    canvas.drawPath(path, _brush(color, 2.5 if doodle_style == "line" else rng.uniform(3.5, 6)))
    if doodle_style in ("scribbled", "over"):
        canvas.save()
        box = path.getBounds()
        if doodle_style == "over":
            box = box.makeOutset(rng.uniform(1, 8), 0)
        else:
            canvas.clipPath(path)
        canvas.drawPath(_zigzag(box, rng), _brush(color, rng.uniform(5, 8)))
        canvas.restore()


def _zigzag(box: skia.Rect, rng: np.random.Generator) -> skia.Path:
    """Back and forth across `box` as a child shades a shape."""
    line = skia.PathBuilder()
    slope = rng.uniform(-0.5, 0.5)
    y = box.top() - 20 * abs(slope)
    line.moveTo(box.left(), y)
    right = True
    while y < box.bottom() + 20 * abs(slope):
        x = box.right() + 3 if right else box.left() - 3
        line.lineTo(x, y + slope * (x - box.left()) + rng.normal(0, 1.5))
        y += rng.uniform(3.5, 7)
        right = not right
    return line.detach()


def _wobbly(
    path: skia.Path, rng: np.random.Generator, amount: float, spacing: float = 5.0
) -> skia.Path:
    """The outline walked again by an unsteady hand: slow waves of about `amount` pixels,
    a point every `spacing` pixels."""
    result = skia.PathBuilder()
    measure = skia.PathMeasure(path, forceClosed=True)
    while True:
        length = measure.getLength()
        if length > 12:
            points = _walk(measure, length, rng, amount, spacing)
            result.addPolygon([skia.Point(*p) for p in points], isClosed=True)
        if not measure.nextContour():
            return result.detach()


def _walk(
    measure: skia.PathMeasure,
    length: float,
    rng: np.random.Generator,
    amount: float,
    spacing: float,
) -> list[Vec]:
    count = max(5, int(length / spacing))
    waves, phases, sizes = (
        rng.integers(2, 8, 8),
        rng.uniform(0, 2 * math.pi, 8),
        rng.normal(0, 0.5, 8),
    )
    drift = rng.normal(0, amount * 0.5, 2)
    turns = 2 * math.pi * np.arange(count) / count
    pushes = amount * (sizes * np.sin(turns[:, None] * waves + phases)).sum(axis=1)
    points = []
    for step, push in enumerate(pushes.tolist()):
        position, tangent = measure.getPosTan(length * step / count)
        x, y = position.x() - tangent.y() * push, position.y() + tangent.x() * push
        points.append((x + drift[0], y + drift[1]))
    return points


def _brush(color: RGB, width: float = 0) -> skia.Paint:
    style = skia.Paint.kStroke_Style if width else skia.Paint.kFill_Style
    return skia.Paint(
        Color=skia.Color(*color),
        AntiAlias=False,
        Style=style,
        StrokeWidth=width,
        StrokeCap=skia.Paint.kRound_Cap,
        StrokeJoin=skia.Paint.kRound_Join,
    )
