"""Skia paths: lines, circles, limbs, and the outline of a body from its figure's joints."""

import math
from collections.abc import Sequence

import skia

from training.character import Character, Vec

ARM, LEG = 11.5, 14.0
"""Widths of a bare arm and leg at scale 1, in pixels."""


def limb(points: Sequence[Vec], width: float, square: bool = False) -> skia.Path:
    """A bent sausage along `points`; `square` cuts its far end flat, as a cuff."""
    spine = skia.PathBuilder()
    spine.moveTo(*points[0])
    if len(points) == 3:
        # A soft elbow: the curve's handle is the joint, pulled outwards a little.
        middle = points[1]
        spine.lineTo(*between(points[0], middle, 0.6))
        spine.quadTo(*middle, *between(middle, points[2], 0.4))
    spine.lineTo(*points[-1])
    cap = skia.Paint.kButt_Cap if square else skia.Paint.kRound_Cap
    outline = stroked(spine.detach(), width, cap)
    if square:
        outline = union(outline, circle(points[0], width / 2))
    return outline


def body_parts(character: Character) -> dict[str, skia.Path]:
    """The bare figure's parts: torso, limbs (arm_0 is the one at the picture's left)."""
    joints, scale = character.joints, character.scale
    parts = {"torso": torso(character, 0, 1.0), "neck": limb((joints[1], joints[0]), 13 * scale)}
    for side, (shoulder, hip) in enumerate(((2, 8), (5, 11))):
        parts[f"arm_{side}"] = limb(joints[shoulder : shoulder + 3], ARM * scale)
        parts[f"leg_{side}"] = limb(joints[hip : hip + 3], LEG * scale)
        parts[f"shoe_{side}"] = shoe(character, side)
    return parts


def shoe(character: Character, side: int, size: float = 1.0) -> skia.Path:
    """The foot at the picture's left (0) or right (1)."""
    ankle, scale = character.joints[(10, 13)[side]], character.scale * size
    toe = (ankle[0] + (-1, 1)[side] * 4 * scale, ankle[1] + 5 * scale)
    box = skia.Rect.MakeXYWH(toe[0] - 10 * scale, toe[1] - 7 * scale, 20 * scale, 13 * scale)
    return skia.Path.Oval(box)


def torso(character: Character, grow: float, reach: float) -> skia.Path:
    """From the neck down to `reach` (0 neck, 1 hips, beyond 1 lower), grown by some pixels."""
    neck, left, right = character.joints[1], character.joints[2], character.joints[5]
    scale, build = character.scale, character.build
    down = unit(neck, pelvis(character))
    side = (down[1], -down[0])
    length = math.dist(neck, pelvis(character)) * reach + 6 * scale * (reach >= 1)
    half = (15 + grow) * scale * build
    hem = (neck[0] + down[0] * length, neck[1] + down[1] * length)
    waist = (neck[0] + down[0] * length * 0.6, neck[1] + down[1] * length * 0.6)
    path = skia.PathBuilder()
    collar = 7 * scale
    path.moveTo(neck[0] - side[0] * collar, neck[1] - side[1] * collar)
    path.lineTo(left[0] - side[0] * (3 + grow) * scale, left[1] - 3 * scale)
    path.quadTo(
        *offset_point(left, down, side, 14 * scale, -3 * scale),
        *offset_point(waist, down, side, 0, -half),
    )
    path.lineTo(*offset_point(hem, down, side, 0, -half - 1.5 * scale))
    path.quadTo(
        *offset_point(hem, down, side, 4 * scale, 0),
        *offset_point(hem, down, side, 0, half + 1.5 * scale),
    )
    path.lineTo(*offset_point(waist, down, side, 0, half))
    path.quadTo(
        *offset_point(right, down, side, 14 * scale, 3 * scale),
        right[0] + side[0] * (3 + grow) * scale,
        right[1] - 3 * scale,
    )
    path.lineTo(neck[0] + side[0] * collar, neck[1] + side[1] * collar)
    path.quadTo(
        *offset_point(neck, down, side, 6 * scale, 0),
        neck[0] - side[0] * collar,
        neck[1] - side[1] * collar,
    )
    path.close()
    return path.detach()


def polygon(points: Sequence[Vec]) -> skia.Path:
    return skia.Path.Polygon([skia.Point(*p) for p in points], isClosed=True)


def open_line(points: Sequence[Vec]) -> skia.Path:
    return skia.Path.Polygon([skia.Point(*p) for p in points], isClosed=False)


def difference(a: skia.Path, b: skia.Path) -> skia.Path:
    return skia.Op(a, b, skia.kDifference_PathOp)


def intersection(a: skia.Path, b: skia.Path) -> skia.Path:
    return skia.Op(a, b, skia.kIntersect_PathOp)


def circle(center: Vec, radius: float) -> skia.Path:
    return skia.Path.Circle(center[0], center[1], radius)


def union(a: skia.Path, b: skia.Path) -> skia.Path:
    return skia.Op(a, b, skia.kUnion_PathOp)


def stroked(
    path: skia.Path, width: float, cap: skia.Paint.Cap = skia.Paint.kRound_Cap
) -> skia.Path:
    """The area a pen of `width` covers along `path`."""
    pen = skia.Paint(
        Style=skia.Paint.kStroke_Style,
        StrokeWidth=width,
        StrokeCap=cap,
        StrokeJoin=skia.Paint.kRound_Join,
    )
    area = skia.Path()
    pen.getFillPath(path, area)
    return skia.Simplify(area)


def between(a: Vec, b: Vec, share: float) -> Vec:
    return a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share


def point_at(points: Sequence[Vec], share: float) -> list[Vec]:
    """The limb cut at `share`: 1 is its middle joint, 2 its end."""
    if share <= 1:
        return [points[0], between(points[0], points[1], share)]
    return [points[0], points[1], between(points[1], points[2], share - 1)]


def pelvis(character: Character) -> Vec:
    return between(character.joints[8], character.joints[11], 0.5)


def unit(a: Vec, b: Vec) -> Vec:
    length = math.dist(a, b) or 1.0
    return (b[0] - a[0]) / length, (b[1] - a[1]) / length


def offset_point(point: Vec, down: Vec, side: Vec, point_at: float, across: float) -> Vec:
    return (
        point[0] + down[0] * point_at + side[0] * across,
        point[1] + down[1] * point_at + side[1] * across,
    )
