"""Proposes the zones of a base image by its keypoints and the silhouette of its character (GrabCut).

It finds where the body is, not what it wears: sleeves, trousers and bare limbs look alike to it. An operator
corrects the proposal.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from studio.errors import InvalidInputError
from studio.imaging.face_regions import face_boxes
from studio.imaging.zones import ZoneMasks
from studio.recipes.base_image import KEYPOINT_NAMES, Point

WORK_SIDE = 384
"""Longest side in pixels at which the silhouette is looked for."""
ITERATIONS = 4
"""Of GrabCut (Rother et al., 2004)."""
TORSO = ("right_shoulder", "left_shoulder", "right_hip", "left_hip")
LIMBS = (
    ("shoulder", "elbow"), ("elbow", "wrist"), ("shoulder", "hip"), ("hip", "knee"), ("knee", "ankle"),
)  # fmt: skip
"""The bones of a side that clothes cover."""
LIMB_RADIUS = 0.45
"""How far from a bone clothes reach, as a fraction of the shoulders' distance."""
BONE_WIDTH = 0.12
"""Width of what surely is body, as a fraction of the shoulders' distance."""
HAND_RADIUS = 0.3
"""Radius of a hand, as a fraction of the shoulders' distance."""
HEAD_SCALE = 1.35
"""How much larger than the face's box the head with its hair may be."""

Mask = NDArray[np.bool_]
Joints = dict[str, tuple[int, int]]


def propose_zones(image: Image.Image, keypoints: Sequence[Point | None] | None) -> ZoneMasks:
    """The clothes zone (the body from neck and wrists to the ankles, within the silhouette) and the
    protected zone (head with hair, hands), at the image's size.

    Raises InvalidInputError where shoulders or hips are not among the keypoints.
    """
    scale = min(1.0, WORK_SIDE / max(image.size))
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    joints = {
        name: (round(point[0] * size[0]), round(point[1] * size[1]))
        for name, point in zip(KEYPOINT_NAMES, keypoints or (), strict=False)
        if point is not None
    }
    if any(name not in joints for name in TORSO):
        raise InvalidInputError("image.zones_need_keypoints")
    shoulders = joints[TORSO[0]], joints[TORSO[1]]
    width = max(4.0, math.dist(*shoulders))
    body, bones = _body(joints, size, width)
    head = _head(keypoints or (), size)
    # Beside the body: a hand before it is taken for clothes.
    hands = _hands(joints, size, width) & ~_hull(joints, TORSO, size)
    pixels = np.asarray(image.convert("RGB").resize(size, Image.Resampling.BOX))
    figure = _silhouette(pixels, bones, body | head | hands)
    of_head = _distance(head) < _distance(bones)
    neck = joints.get("neck") or np.mean(shoulders, axis=0)
    above_neck = np.arange(size[1])[:, None] < neck[1]
    clothes = figure & body & ~hands & ~(of_head & above_neck)
    protected = figure & ~clothes & (of_head | hands)
    return ZoneMasks(_mask(clothes, image.size), _mask(protected, image.size))


def _body(joints: Joints, size: tuple[int, int], width: float) -> tuple[Mask, Mask]:
    """Where clothes may be: around the bones, and between hips and knees as a skirt; and the bones."""
    import cv2

    region, bones = (np.zeros((size[1], size[0]), np.uint8) for _ in range(2))
    for side in ("right", "left"):
        for first, second in LIMBS:
            ends = joints.get(f"{side}_{first}"), joints.get(f"{side}_{second}")
            if ends[0] is not None and ends[1] is not None:
                cv2.line(region, ends[0], ends[1], 1, _line_width(2 * LIMB_RADIUS * width))
                cv2.line(bones, ends[0], ends[1], 1, _line_width(BONE_WIDTH * width))
    skirt = [f"{side}_{joint}" for side in ("right", "left") for joint in ("hip", "knee")]
    torso = _hull(joints, TORSO, size)
    return (region > 0) | torso | _hull(joints, skirt, size), (bones > 0) | torso


def _hull(joints: Joints, names: Sequence[str], size: tuple[int, int]) -> Mask:
    """The convex hull of joints; those that are hidden are left out."""
    import cv2

    region = np.zeros((size[1], size[0]), np.uint8)
    points = np.array([joints[name] for name in names if name in joints], np.int32)
    cv2.fillConvexPoly(region, cv2.convexHull(points), 1)
    return region > 0


def _head(keypoints: Sequence[Point | None], size: tuple[int, int]) -> Mask:
    """Ellipses over the faces, with room for hair."""
    import cv2

    region = np.zeros((size[1], size[0]), np.uint8)
    for left, top, right, bottom in face_boxes(keypoints, size):
        center = ((left + right) // 2, (top + bottom) // 2)
        axes = round(HEAD_SCALE * (right - left) / 2), round(HEAD_SCALE * (bottom - top) / 2)
        cv2.ellipse(region, center, axes, 0, 0, 360, 1, -1)
    return region > 0


def _hands(joints: Joints, size: tuple[int, int], width: float) -> Mask:
    """Circles beyond the wrists, in the forearms' direction."""
    import cv2

    region, radius = np.zeros((size[1], size[0]), np.uint8), HAND_RADIUS * width
    for side in ("right", "left"):
        elbow, wrist = joints.get(f"{side}_elbow"), joints.get(f"{side}_wrist")
        if elbow is not None and wrist is not None:
            along = np.subtract(wrist, elbow)
            length = max(1.0, float(np.hypot(*along)))
            x, y = np.add(wrist, along / length * radius * 0.75)
            cv2.circle(region, (round(x), round(y)), round(radius), 1, -1)
    return region > 0


def _silhouette(pixels: NDArray[np.uint8], bones: Mask, likely: Mask) -> Mask:
    """The character's pixels: GrabCut, from what surely and what probably is the character."""
    import cv2

    if (likely | bones).all():  # A close-up: there is no background to tell it from.
        return likely | bones
    labels = np.full(bones.shape, cv2.GC_PR_BGD, np.uint8)
    labels[likely] = cv2.GC_PR_FGD
    frame = np.ones(bones.shape, np.bool_)
    frame[2:-2, 2:-2] = False
    labels[frame & ~likely] = cv2.GC_BGD
    labels[bones] = cv2.GC_FGD
    cv2.setRNGSeed(0)
    background, foreground = np.zeros((1, 65)), np.zeros((1, 65))
    image = np.ascontiguousarray(pixels[..., ::-1])
    whole = (0, 0, bones.shape[1], bones.shape[0])  # Not read: the labels say what is known.
    cv2.grabCut(image, labels, whole, background, foreground, ITERATIONS, cv2.GC_INIT_WITH_MASK)
    figure: Mask = (labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)
    _, parts = cv2.connectedComponents(figure.astype(np.uint8))
    of_body = np.unique(parts[figure & bones])
    return figure & np.isin(parts, of_body)


def _distance(region: Mask) -> NDArray[np.float32]:
    """Pixels to the region; very far where it is empty."""
    import cv2

    if not region.any():
        return np.full(region.shape, np.inf, np.float32)
    distance = cv2.distanceTransform((~region).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(distance, np.float32)


def _line_width(width: float) -> int:
    """A line's width in whole pixels, one at least."""
    return 2 * (max(1, round(width)) // 2) + 1


def _mask(area: Mask, size: tuple[int, int]) -> Image.Image:
    enlarged = Image.fromarray(area.astype(np.uint8) * 255).resize(size, Image.Resampling.BILINEAR)
    return enlarged.point(lambda value: 255 if value >= 128 else 0)
