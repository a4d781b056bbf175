"""The outlines of garments as skia paths, cut to a figure's joints."""

import skia

from training.character import Character
from training.garments import Garment
from training.geometry import (
    ARM,
    LEG,
    between,
    circle,
    difference,
    intersection,
    limb,
    offset_point,
    pelvis,
    point_at,
    polygon,
    shoe,
    torso,
    union,
    unit,
)

SLOTS = ("shoes", "legs", "torso", "over", "bag", "neck", "arm_0", "arm_1", "hat")
"""Where a garment's pieces go, in the order they are put on the page."""


def garment_parts(character: Character, garment: Garment) -> dict[str, skia.Path]:
    """The garment's pieces by slot."""
    cut = {
        "skirt": _skirt_parts,
        "trousers": _leg_parts,
        "shorts": _leg_parts,
        "hat": _hat_parts,
        "shoes": _shoe_parts,
        "scarf": _scarf_parts,
        "bag": _bag_parts,
    }.get(garment.kind, _upper_parts)
    return cut(character, garment)


def _upper_parts(character: Character, garment: Garment) -> dict[str, skia.Path]:
    """Dress, top and jacket: a body and sleeves."""
    joints, scale = character.joints, character.scale
    if garment.kind == "dress":
        length = (52 + 42 * garment.length) * scale
        slot, body = (
            "torso",
            union(torso(character, 1.5, 0.75), skirt(character, 0.52, length, garment.flare)),
        )
    elif garment.kind == "jacket":
        reach = 0.85 + 0.5 * garment.length
        slot, body = "over", _opened(character, torso(character, 4.0, reach), reach)
    else:
        body = torso(character, 2.0, 0.75 + 0.4 * garment.length)
        slot, body = "torso", difference(body, _neckline(character, garment.cut))
    parts = {slot: body}
    if garment.sleeves != "sleeveless":
        share = 0.65 if garment.sleeves == "short-sleeved" else 1.85
        wide = 8.0 if garment.kind == "jacket" else 5.5
        for side, shoulder in enumerate((2, 5)):
            arm = point_at(joints[shoulder : shoulder + 3], share)
            parts[f"arm_{side}"] = limb(arm, (ARM + wide) * scale, square=True)
    return parts


def _neckline(character: Character, cut: str) -> skia.Path:
    """What is cut out of a top at the neck."""
    neck, scale = character.joints[1], character.scale
    down = unit(neck, pelvis(character))
    side = (down[1], -down[0])
    if cut == "v-neck":
        tip = offset_point(neck, down, side, 16 * scale, 0)
        return polygon(
            [
                offset_point(neck, down, side, -3, -7 * scale),
                offset_point(neck, down, side, -3, 7 * scale),
                tip,
            ]
        )
    return circle(neck, (6 if cut == "round" else 2) * scale)


def _opened(character: Character, body: skia.Path, reach: float) -> skia.Path:
    """A jacket's body without the strip that stands open in front."""
    neck, scale = character.joints[1], character.scale
    hips = between(neck, pelvis(character), reach + 0.4)
    down = unit(neck, hips)
    side = (down[1], -down[0])
    strip = polygon(
        [
            offset_point(neck, down, side, -8, -5 * scale),
            offset_point(neck, down, side, -8, 5 * scale),
            offset_point(hips, down, side, 0, 9 * scale),
            offset_point(hips, down, side, 0, -9 * scale),
        ]
    )
    return difference(body, strip)


def skirt(character: Character, start: float, length: float, flare: float) -> skia.Path:
    """A skirt from `start` down the torso (0-1), `length` px long; `flare` 0 tight - 1 wide."""
    neck, scale = character.joints[1], character.scale
    down = unit(neck, pelvis(character))
    side = (down[1], -down[0])
    top = between(neck, pelvis(character), start)
    half = 16 * scale * character.build
    wide = half + (8 + 22 * flare) * scale
    hem = (top[0] + down[0] * length, top[1] + down[1] * length)
    path = skia.PathBuilder()
    path.moveTo(*offset_point(top, down, side, 0, -half))
    path.quadTo(
        *offset_point(top, down, side, length * 0.4, -half - 4 * scale),
        *offset_point(hem, down, side, 0, -wide),
    )
    path.quadTo(
        *offset_point(hem, down, side, 9 * scale, 0), *offset_point(hem, down, side, 0, wide)
    )
    path.quadTo(
        *offset_point(top, down, side, length * 0.4, half + 4 * scale),
        *offset_point(top, down, side, 0, half),
    )
    path.close()
    return path.detach()


def _skirt_parts(character: Character, garment: Garment) -> dict[str, skia.Path]:
    return {
        "legs": skirt(character, 0.68, (30 + 32 * garment.length) * character.scale, garment.flare)
    }


def _leg_parts(character: Character, garment: Garment) -> dict[str, skia.Path]:
    """Trousers and shorts: two legs and a belt."""
    joints, scale = character.joints, character.scale
    share = 0.55 + 0.4 * garment.length if garment.kind == "shorts" else 1.9
    width = (LEG + 4 + 6 * garment.flare) * scale
    left, right = (
        limb(point_at(joints[hip : hip + 3], share), width, square=True) for hip in (8, 11)
    )
    neck, hips = joints[1], pelvis(character)
    waist = (between(neck, hips, 0.78), between(neck, hips, 1.04))
    belt = limb(waist, 34 * scale * character.build, square=True)
    return {"legs": union(union(left, right), belt)}


def _shoe_parts(character: Character, garment: Garment) -> dict[str, skia.Path]:
    """Both shoes as one piece; boots have a shaft."""
    pair = skia.Path()
    for side, hip in enumerate((8, 11)):
        knee, ankle = character.joints[hip + 1], character.joints[hip + 2]
        pair = union(pair, shoe(character, side, 1.12))
        if garment.cut == "boots":
            shaft = (between(knee, ankle, 0.55), ankle)
            pair = union(pair, limb(shaft, (LEG + 4) * character.scale, square=True))
    return {"shoes": pair}


def _scarf_parts(character: Character, garment: Garment) -> dict[str, skia.Path]:
    """A band around the neck and an end that hangs down one side."""
    neck, scale = character.joints[1], character.scale
    side = -1 if garment.flare < 0.5 else 1
    band = skia.Path.Oval(
        skia.Rect.MakeXYWH(neck[0] - 19 * scale, neck[1] - 8 * scale, 38 * scale, 16 * scale)
    )
    start = (neck[0] + side * 9 * scale, neck[1] + 2 * scale)
    end = (start[0] + side * 3 * scale, start[1] + (22 + 22 * garment.length) * scale)
    return {"neck": union(band, limb((start, end), 12 * scale, square=True))}


def _bag_parts(character: Character, garment: Garment) -> dict[str, skia.Path]:
    """A strap from one shoulder and a bag at the other hip."""
    left = garment.flare < 0.5
    shoulder, hip = character.joints[2 if left else 5], character.joints[11 if left else 8]
    scale, out = character.scale, (1 if left else -1)
    center = (hip[0] + out * 12 * scale, hip[1] + 4 * scale)
    wide, high = (26 + 8 * garment.length) * scale, (20 + 6 * garment.length) * scale
    box = skia.Rect.MakeXYWH(center[0] - wide / 2, center[1] - high / 2, wide, high)
    strap = limb(((shoulder[0], shoulder[1] - 4 * scale), center), 4 * scale)
    return {"bag": union(strap, skia.Path.RRect(skia.RRect.MakeRectXY(box, 5, 5)))}


def _hat_parts(character: Character, garment: Garment) -> dict[str, skia.Path]:
    """A hat in the head's axes (its radius is 1), then put on the tilted head."""
    shape = {"cap": _cap, "beanie": _beanie, "sun hat": _sun_hat, "crown": _crown}[garment.cut]()
    place = skia.Matrix()
    place.setScale(character.head_radius, character.head_radius)
    place.postRotate(-character.head_tilt)
    place.postTranslate(*character.head)
    worn = skia.Path(shape)
    worn.transform(place)
    return {"hat": worn}


def _cap() -> skia.Path:
    dome = _dome(1.1, -0.32)
    peak = skia.Path.Oval(skia.Rect.MakeLTRB(0.1, -0.52, 1.55, -0.2))
    return union(dome, peak)


def _beanie() -> skia.Path:
    brim = skia.Path.RRect(
        skia.RRect.MakeRectXY(skia.Rect.MakeLTRB(-1.12, -0.58, 1.12, -0.22), 0.15, 0.15)
    )
    return union(union(_dome(1.08, -0.4), brim), circle((0, -1.42), 0.24))


def _sun_hat() -> skia.Path:
    brim = skia.Path.Oval(skia.Rect.MakeLTRB(-1.75, -0.68, 1.75, -0.2))
    return union(_dome(1.0, -0.42), brim)


def _crown() -> skia.Path:
    teeth = [(-0.8, -0.5), (-0.95, -1.35), (-0.45, -0.95), (0, -1.55), (0.45, -0.95), (0.95, -1.35), (0.8, -0.5)]  # fmt: skip
    return polygon(teeth)


def _dome(width: float, edge: float) -> skia.Path:
    """The upper part of an oval, cut level at `edge`."""
    oval = skia.Path.Oval(skia.Rect.MakeLTRB(-width, -1.32, width, 0.7))
    return intersection(oval, skia.Path.Rect(skia.Rect.MakeLTRB(-2, -2, 2, edge)))
