"""The outlines of bodies and garments as skia paths, from a figure's joints."""

import math
from collections.abc import Sequence

import skia

from studio.pocket.figure import Figure, Vec
from studio.pocket.garments import Garment

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


def body_parts(figure: Figure) -> dict[str, skia.Path]:
    """The bare figure's parts: torso, limbs (arm_0 is the one at the picture's left)."""
    joints, scale = figure.joints, figure.scale
    parts = {"torso": torso(figure, 0, 1.0), "neck": limb((joints[1], joints[0]), 13 * scale)}
    for side, (shoulder, hip) in enumerate(((2, 8), (5, 11))):
        parts[f"arm_{side}"] = limb(joints[shoulder : shoulder + 3], ARM * scale)
        parts[f"leg_{side}"] = limb(joints[hip : hip + 3], LEG * scale)
        ankle = joints[hip + 2]
        toe = (ankle[0] + (-1, 1)[side] * 4 * scale, ankle[1] + 5 * scale)
        parts[f"shoe_{side}"] = skia.Path.Oval(
            skia.Rect.MakeXYWH(toe[0] - 10 * scale, toe[1] - 7 * scale, 20 * scale, 13 * scale)
        )
    return parts


def torso(figure: Figure, grow: float, reach: float) -> skia.Path:
    """From the neck down to `reach` (0 neck, 1 hips, beyond 1 lower), grown by some pixels."""
    neck, left, right, pelvis = figure.joints[1], *_shoulders(figure), _pelvis(figure)
    scale, build = figure.scale, figure.build
    down = _unit(neck, pelvis)
    side = (down[1], -down[0])
    length = math.dist(neck, pelvis) * reach + 6 * scale * (reach >= 1)
    half = (15 + grow) * scale * build
    hem = (neck[0] + down[0] * length, neck[1] + down[1] * length)
    waist = (neck[0] + down[0] * length * 0.6, neck[1] + down[1] * length * 0.6)
    path = skia.PathBuilder()
    collar = 7 * scale
    path.moveTo(neck[0] - side[0] * collar, neck[1] - side[1] * collar)
    path.lineTo(left[0] - side[0] * (3 + grow) * scale, left[1] - 3 * scale)
    path.quadTo(*_off(left, down, side, 14 * scale, -3 * scale), *_off(waist, down, side, 0, -half))
    path.lineTo(*_off(hem, down, side, 0, -half - 1.5 * scale))
    path.quadTo(*_off(hem, down, side, 4 * scale, 0), *_off(hem, down, side, 0, half + 1.5 * scale))
    path.lineTo(*_off(waist, down, side, 0, half))
    path.quadTo(*_off(right, down, side, 14 * scale, 3 * scale), right[0] + side[0] * (3 + grow) * scale, right[1] - 3 * scale)  # fmt: skip
    path.lineTo(neck[0] + side[0] * collar, neck[1] + side[1] * collar)
    path.quadTo(*_off(neck, down, side, 6 * scale, 0), neck[0] - side[0] * collar, neck[1] - side[1] * collar)  # fmt: skip
    path.close()
    return path.detach()


def skirt(figure: Figure, start: float, length: float, flare: float) -> skia.Path:
    """A skirt from `start` down the torso (0-1), `length` px long; `flare` 0 tight - 1 wide."""
    neck, pelvis, scale = figure.joints[1], _pelvis(figure), figure.scale
    down = _unit(neck, pelvis)
    side = (down[1], -down[0])
    top = between(neck, pelvis, start)
    half = 16 * scale * figure.build
    wide = half + (8 + 22 * flare) * scale
    hem = (top[0] + down[0] * length, top[1] + down[1] * length)
    path = skia.PathBuilder()
    path.moveTo(*_off(top, down, side, 0, -half))
    path.quadTo(*_off(top, down, side, length * 0.4, -half - 4 * scale), *_off(hem, down, side, 0, -wide))  # fmt: skip
    path.quadTo(*_off(hem, down, side, 9 * scale, 0), *_off(hem, down, side, 0, wide))
    path.quadTo(*_off(top, down, side, length * 0.4, half + 4 * scale), *_off(top, down, side, 0, half))  # fmt: skip
    path.close()
    return path.detach()


def garment_parts(figure: Figure, garment: Garment) -> dict[str, skia.Path]:
    """The garment's pieces by the body part that wears them: torso, arm_0/1, legs."""
    joints, scale = figure.joints, figure.scale
    if garment.kind == "skirt":
        return {"legs": skirt(figure, 0.68, (30 + 32 * garment.length) * scale, garment.flare)}
    if garment.kind in ("trousers", "shorts"):
        legs = []
        share = 0.55 + 0.4 * garment.length if garment.kind == "shorts" else 1.9
        for hip in (8, 11):
            legs.append(limb(_along(joints[hip : hip + 3], share), (LEG + 6) * scale, square=True))
        neck, pelvis = joints[1], _pelvis(figure)
        belt = limb((between(neck, pelvis, 0.78), between(neck, pelvis, 1.04)), 34 * scale * figure.build, True)  # fmt: skip
        return {"legs": union(union(legs[0], legs[1]), belt)}
    if garment.kind == "dress":
        length = (52 + 42 * garment.length) * scale
        body = union(torso(figure, 1.5, 0.75), skirt(figure, 0.52, length, garment.flare))
    else:
        body = torso(figure, 2.0, 0.75 + 0.4 * garment.length)
    parts = {"torso": body}
    if garment.sleeves != "sleeveless":
        share = 0.65 if garment.sleeves == "short-sleeved" else 1.85
        for side, shoulder in enumerate((2, 5)):
            arm = _along(joints[shoulder : shoulder + 3], share)
            parts[f"arm_{side}"] = limb(arm, (ARM + 5.5) * scale, square=True)
    return parts


def motif_path(name: str, centre: Vec, radius: float) -> skia.Path:
    """A star, heart, flower or sun around `centre`."""
    path = skia.PathBuilder()
    if name == "heart":
        x, y = centre
        path.moveTo(x, y + radius)
        path.cubicTo(x - 2 * radius, y - radius * 0.2, x - radius, y - 1.4 * radius, x, y - radius * 0.4)  # fmt: skip
        path.cubicTo(x + radius, y - 1.4 * radius, x + 2 * radius, y - radius * 0.2, x, y + radius)
        path.close()
        return path.detach()
    if name == "flower":
        result = circle(centre, radius * 0.5)
        for petal in range(5):
            turn = 2 * math.pi * petal / 5
            at = (
                centre[0] + radius * 0.7 * math.sin(turn),
                centre[1] - radius * 0.7 * math.cos(turn),
            )
            result = union(result, circle(at, radius * 0.45))
        return result
    spikes, inner = (5, 0.45) if name == "star" else (10, 0.68)
    corners = []
    for corner in range(2 * spikes):
        turn = math.pi * corner / spikes
        reach = radius * (1.1 if corner % 2 == 0 else inner)
        corners.append((centre[0] + reach * math.sin(turn), centre[1] - reach * math.cos(turn)))
    return polygon(corners)


def polygon(points: Sequence[Vec]) -> skia.Path:
    return skia.Path.Polygon([skia.Point(*p) for p in points], True)


def circle(centre: Vec, radius: float) -> skia.Path:
    return skia.Path.Circle(centre[0], centre[1], radius)


def union(a: skia.Path, b: skia.Path) -> skia.Path:
    return skia.Op(a, b, skia.kUnion_PathOp)


def stroked(
    path: skia.Path, width: float, cap: skia.Paint.Cap = skia.Paint.kRound_Cap
) -> skia.Path:
    """The area a pen of `width` covers along `path`."""
    pen = skia.Paint(Style=skia.Paint.kStroke_Style, StrokeWidth=width, StrokeCap=cap, StrokeJoin=skia.Paint.kRound_Join)  # fmt: skip
    area = skia.Path()
    pen.getFillPath(path, area)
    return skia.Simplify(area)


def between(a: Vec, b: Vec, share: float) -> Vec:
    return a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share


def _along(points: Sequence[Vec], share: float) -> list[Vec]:
    """The limb cut at `share`: 1 is its middle joint, 2 its end."""
    if share <= 1:
        return [points[0], between(points[0], points[1], share)]
    return [points[0], points[1], between(points[1], points[2], share - 1)]


def _shoulders(figure: Figure) -> tuple[Vec, Vec]:
    return figure.joints[2], figure.joints[5]


def _pelvis(figure: Figure) -> Vec:
    return between(figure.joints[8], figure.joints[11], 0.5)


def _unit(a: Vec, b: Vec) -> Vec:
    length = math.dist(a, b) or 1.0
    return (b[0] - a[0]) / length, (b[1] - a[1]) / length


def _off(point: Vec, down: Vec, side: Vec, along: float, across: float) -> Vec:
    return (
        point[0] + down[0] * along + side[0] * across,
        point[1] + down[1] * along + side[1] * across,
    )
