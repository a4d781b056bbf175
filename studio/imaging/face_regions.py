"""Face boxes from a base image's keypoints, and how a re-rendered face is pasted back."""

from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFilter

Box = tuple[int, int, int, int]
"""Left, top, right and bottom in pixels; right and bottom are exclusive."""
HEAD_KEYPOINTS = (0, 14, 15, 16, 17)
"""Indices of nose, eyes and ears among the 18 keypoints."""
MIN_HEAD_KEYPOINTS = 3
"""With fewer visible points the head is turned away."""
FACE_RADIUS_FACTOR = 1.15
"""Half the side of a face box, relative to the distance from its center to the furthest keypoint."""
MIN_FACE_RADIUS = 4
"""Pixels; smaller faces are ignored."""


def face_boxes(
    keypoints: Sequence[tuple[float, float] | None] | None, size: tuple[int, int]
) -> list[Box]:
    """Squares around the faces of an image of `size` (width, height); at present one face at most.

    Args:
        keypoints: 18 points as fractions of the image; None where a joint is hidden.
        size: in pixels.
    """
    head = [keypoints[index] for index in HEAD_KEYPOINTS] if keypoints is not None else []
    points = [(p[0] * size[0], p[1] * size[1]) for p in head if p is not None]
    if len(points) < MIN_HEAD_KEYPOINTS:
        return []
    x, y = (sum(axis) / len(points) for axis in zip(*points, strict=True))
    radius = FACE_RADIUS_FACTOR * max(((px - x) ** 2 + (py - y) ** 2) ** 0.5 for px, py in points)
    box = (round(x - radius), round(y - radius), round(x + radius), round(y + radius))
    return [_clip(box, size)] if radius >= MIN_FACE_RADIUS else []


def pad_box(box: Box, padding: int, size: tuple[int, int]) -> Box:
    """The box enlarged by `padding` pixels on each side, clipped to an image of `size`."""
    left, top, right, bottom = box
    return _clip((left - padding, top - padding, right + padding, bottom + padding), size)


def paste_face(
    image: Image.Image, face: Image.Image, outer_box: Box, inner_box: Box, blur: int
) -> Image.Image:
    """A copy of `image` with `face` pasted through an elliptical mask.

    Pixels outside `outer_box` do not change.

    Args:
        face: the re-rendered content of `outer_box`, of any size.
        outer_box: the face box with its padding.
        inner_box: the face box; the mask is the ellipse inside it.
        blur: softness of the mask's edge in pixels (Gaussian radius).
    """
    left, top = outer_box[:2]
    width, height = outer_box[2] - left, outer_box[3] - top
    mask = Image.new("L", (width, height))
    ellipse = (
        inner_box[0] - left,
        inner_box[1] - top,
        inner_box[2] - left - 1,
        inner_box[3] - top - 1,
    )
    ImageDraw.Draw(mask).ellipse(ellipse, fill=255)
    if blur:
        mask = mask.filter(ImageFilter.GaussianBlur(blur))
    result = image.copy()
    result.paste(face.resize((width, height), Image.Resampling.LANCZOS), (left, top), mask)
    return result


def _clip(box: Box, size: tuple[int, int]) -> Box:
    return max(0, box[0]), max(0, box[1]), min(size[0], box[2]), min(size[1], box[3])
