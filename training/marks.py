"""Marks beside the clothes: dots, strokes, letters and small motifs, anywhere on the page.

Users draw them too, and nothing else now and then; a mark stays a mark and no garment grows
around it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import skia

from training.character import SIZE, Vec
from training.colors import RGB, random_color, shade
from training.garments import MOTIFS
from training.geometry import circle, open_line
from training.motifs import motif_path
from training.styles import DrawingStyle, fill, stroke

LETTERS: Mapping[str, tuple[tuple[Vec, ...], ...]] = {
    "A": (((0, 1), (0.5, 0), (1, 1)), ((0.2, 0.6), (0.8, 0.6))),
    "E": (((1, 0), (0, 0), (0, 1), (1, 1)), ((0, 0.5), (0.8, 0.5))),
    "H": (((0, 0), (0, 1)), ((1, 0), (1, 1)), ((0, 0.5), (1, 0.5))),
    "I": (((0.5, 0), (0.5, 1)),),
    "L": (((0, 0), (0, 1), (0.9, 1)),),
    "M": (((0, 1), (0, 0), (0.5, 0.6), (1, 0), (1, 1)),),
    "N": (((0, 1), (0, 0), (1, 1), (1, 0)),),
    "O": (((0.5, 0), (0, 0.3), (0, 0.7), (0.5, 1), (1, 0.7), (1, 0.3), (0.5, 0)),),
    "T": (((0, 0), (1, 0)), ((0.5, 0), (0.5, 1))),
    "V": (((0, 0), (0.5, 1), (1, 0)),),
    "Y": (((0, 0), (0.5, 0.5), (1, 0)), ((0.5, 0.5), (0.5, 1))),
}
"""Polylines in a unit square."""
KINDS = ("dot", "stroke", "text", "motif")


@dataclass(frozen=True)
class Mark:
    """One mark: closed `shapes` that are filled, or open `lines` of `width` pixels."""

    color: RGB
    shapes: tuple[skia.Path, ...] = ()
    lines: tuple[skia.Path, ...] = ()
    width: float = 4.0


def random_marks(rng: np.random.Generator, most: int = 3) -> tuple[Mark, ...]:
    return tuple(_random_mark(rng) for _ in range(int(rng.integers(1, most + 1))))


def draw_doodle_marks(canvas: skia.Canvas, marks: tuple[Mark, ...]) -> None:
    """As the user draws them: flat, with hard edges."""
    for mark in marks:
        for paint, paths in (
            (fill(mark.color), mark.shapes),
            (stroke(mark.color, mark.width), mark.lines),
        ):
            paint.setAntiAlias(False)
            for path in paths:
                canvas.drawPath(path, paint)


def draw_target_marks(canvas: skia.Canvas, style: DrawingStyle, marks: tuple[Mark, ...]) -> None:
    """As the finished image shows them."""
    for mark in marks:
        for path in mark.shapes:
            style.detail(canvas, path, mark.color)
            style.line(canvas, path, shade(mark.color, 0.55), 1.5)
        for path in mark.lines:
            style.line(canvas, path, mark.color, mark.width)


def _random_mark(rng: np.random.Generator) -> Mark:
    kind = str(rng.choice(KINDS))
    _, color = random_color(rng)
    at = (float(rng.uniform(16, SIZE - 16)), float(rng.uniform(16, SIZE - 16)))
    if rng.random() < 0.6:
        # Beside the figure, where there is room.
        at = (float(rng.choice([rng.uniform(14, 62), rng.uniform(194, 242)])), at[1])
    if kind == "dot":
        return Mark(color, shapes=(circle(at, float(rng.uniform(2.5, 9))),))
    if kind == "motif":
        motif = str(rng.choice(MOTIFS[1:]))
        return Mark(color, shapes=(motif_path(motif, at, float(rng.uniform(6, 20))),))
    if kind == "stroke":
        steps = rng.normal(0, 16, (int(rng.integers(2, 6)), 2)).cumsum(axis=0)
        points = [(at[0] + float(x), at[1] + float(y)) for x, y in steps]
        return Mark(color, lines=(open_line([at, *points]),), width=float(rng.uniform(3, 7)))
    return Mark(color, lines=_text(rng, at), width=float(rng.uniform(2.5, 4.5)))


def _text(rng: np.random.Generator, at: Vec) -> tuple[skia.Path, ...]:
    """Two to five letters in a row."""
    size = float(rng.uniform(11, 24))
    lines = []
    for place, letter in enumerate(rng.choice(list(LETTERS), int(rng.integers(2, 6)))):
        left = at[0] + place * size * 0.95 - size * 1.5
        lines += [
            open_line([(left + x * size * 0.62, at[1] + y * size) for x, y in line])
            for line in LETTERS[str(letter)]
        ]
    return tuple(lines)
