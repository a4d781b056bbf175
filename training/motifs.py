"""What is drawn on cloth: motifs on the chest, patterns on a grid that belongs to the page."""

import math

import skia

from training import geometry
from training.character import SIZE, Character, Vec
from training.garments import Garment
from training.styles import fill, stroke


def carries_motif(slot: str, garment: Garment) -> bool:
    """Whether the garment's piece in `slot` is the one that its motif is on."""
    home = "legs" if garment.kind == "skirt" else "torso"
    return garment.motif != "none" and slot == home


def motif_center(character: Character, garment: Garment) -> Vec:
    """Where the motif is: between neck and hips, on a skirt below them."""
    neck, hips = character.joints[1], geometry.pelvis(character)
    reach = garment.motif_reach + (0.85 if garment.kind == "skirt" else 0)
    x, y = geometry.between(neck, hips, reach)
    return x + garment.motif_shift * character.scale, y


def motif_for(character: Character, garment: Garment) -> skia.Path:
    """The motif's outline on the garment."""
    center = motif_center(character, garment)
    return motif_path(garment.motif, center, garment.motif_size * character.scale)


def motif_path(name: str, center: Vec, radius: float) -> skia.Path:
    """The outline of one of `garments.MOTIFS` around `center`."""
    x, y = center
    if name == "heart":
        path = skia.PathBuilder()
        path.moveTo(x, y + radius)
        path.cubicTo(
            x - 2 * radius, y - radius * 0.2, x - radius, y - 1.4 * radius, x, y - radius * 0.4
        )
        path.cubicTo(x + radius, y - 1.4 * radius, x + 2 * radius, y - radius * 0.2, x, y + radius)
        path.close()
        return path.detach()
    if name == "flower":
        turns = [2 * math.pi * petal / 5 for petal in range(5)]
        petals = [(x + radius * 0.7 * math.sin(t), y - radius * 0.7 * math.cos(t)) for t in turns]
        return _union_of_circles(
            [(center, radius * 0.5), *((petal, radius * 0.45) for petal in petals)]
        )
    if name == "cloud":
        puffs = ((-0.6, 0.15, 0.45), (0, -0.15, 0.6), (0.6, 0.15, 0.45), (0, 0.3, 0.45))
        return _union_of_circles(
            [((x + dx * radius, y + dy * radius), r * radius) for dx, dy, r in puffs]
        )
    if name == "moon":
        bite = geometry.circle((x + radius * 0.5, y - radius * 0.15), radius * 0.8)
        return skia.Op(geometry.circle(center, radius), bite, skia.kDifference_PathOp)
    if name == "bolt":
        corners = ((0.25, -1.1), (-0.65, 0.2), (-0.08, 0.2), (-0.3, 1.1), (0.65, -0.25), (0.08, -0.25))  # fmt: skip
        return geometry.polygon([(x + dx * radius, y + dy * radius) for dx, dy in corners])
    return _spiky(center, radius, *((5, 0.45) if name == "star" else (10, 0.68)))


def pattern(canvas: skia.Canvas, path: skia.Path, garment: Garment) -> None:
    """The garment's pattern inside `path`."""
    if garment.pattern == "plain":
        return
    canvas.save()
    canvas.clipPath(path, skia.ClipOp.kIntersect, doAntiAlias=True)
    brush, gap = fill(garment.secondary_color), garment.gap
    lines = [gap * index for index in range(int(SIZE / gap) + 1)]
    for row, at in enumerate(lines):
        if garment.pattern == "striped":
            canvas.drawRect(skia.Rect.MakeXYWH(0, at, SIZE, gap * 0.45), brush)
        elif garment.pattern == "pinstriped":
            canvas.drawRect(skia.Rect.MakeXYWH(at, 0, gap * 0.35, SIZE), brush)
        elif garment.pattern == "zigzag":
            corners = [(x, at + (gap * 0.5 if i % 2 else 0)) for i, x in enumerate(lines)]
            canvas.drawPath(geometry.open_line(corners), stroke(garment.secondary_color, gap * 0.3))
        elif garment.pattern == "dotted":
            for x in lines:
                canvas.drawCircle(x + (row % 2) * gap / 2, at, gap * 0.27, brush)
        else:
            brush.setAlphaf(0.55)
            canvas.drawRect(skia.Rect.MakeXYWH(0, at, SIZE, gap * 0.5), brush)
            canvas.drawRect(skia.Rect.MakeXYWH(at, 0, gap * 0.5, SIZE), brush)
    canvas.restore()


def _spiky(center: Vec, radius: float, spikes: int, inner: float) -> skia.Path:
    corners = []
    for corner in range(2 * spikes):
        turn = math.pi * corner / spikes
        reach = radius * (1.1 if corner % 2 == 0 else inner)
        corners.append((center[0] + reach * math.sin(turn), center[1] - reach * math.cos(turn)))
    return geometry.polygon(corners)


def _union_of_circles(circles: list[tuple[Vec, float]]) -> skia.Path:
    outline = skia.Path()
    for center, radius in circles:
        outline = geometry.union(outline, geometry.circle(center, radius))
    return outline
