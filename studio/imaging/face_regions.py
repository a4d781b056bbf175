"""Where faces are, from a base image's keypoints; how one is cut out and put back."""

from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFilter

Box = tuple[int, int, int, int]
HEAD_KEYPOINTS = (0, 14, 15, 16, 17)
"""COCO's nose, eyes and ears among the 18 points."""
FACE_RADIUS_FACTOR = 1.15
"""A face's half side, as a multiple of the way from its middle to its furthest point."""


def face_boxes(
    keypoints: Sequence[tuple[float, float] | None] | None, size: tuple[int, int]
) -> list[Box]:
    """Squares (left, top, right, bottom) around faces, in pixels of a picture of `size`.

    Keypoints are fractions of the page. A head of which fewer than three points are known is
    turned away: no face.
    """
    known = [keypoints[index] for index in HEAD_KEYPOINTS] if keypoints is not None else []
    points = [(p[0] * size[0], p[1] * size[1]) for p in known if p is not None]
    if len(points) < 3:
        return []
    x, y = (sum(axis) / len(points) for axis in zip(*points, strict=True))
    half = FACE_RADIUS_FACTOR * max(((px - x) ** 2 + (py - y) ** 2) ** 0.5 for px, py in points)
    box = (round(x - half), round(y - half), round(x + half), round(y + half))
    return [_inside(box, size)] if half >= 4 else []


def pad_box(box: Box, padding: int, size: tuple[int, int]) -> Box:
    """The box with its surroundings, as far as the page goes."""
    left, top, right, bottom = box
    return _inside((left - padding, top - padding, right + padding, bottom + padding), size)


def paste_face(
    image: Image.Image, face: Image.Image, at: Box, shown: Box, blur: int
) -> Image.Image:
    """`picture` with `face`, a redrawing of its part `at`, where the box `shown` is.

    The seam is `blur` pixels soft; outside of `at` not one pixel changes.
    """
    width, height = at[2] - at[0], at[3] - at[1]
    mask = Image.new("L", (width, height))
    inner = (shown[0] - at[0], shown[1] - at[1], shown[2] - at[0] - 1, shown[3] - at[1] - 1)
    ImageDraw.Draw(mask).ellipse(inner, fill=255)
    if blur:
        mask = mask.filter(ImageFilter.GaussianBlur(blur))
    mended = image.copy()
    mended.paste(face.resize((width, height), Image.Resampling.LANCZOS), at[:2], mask)
    return mended


def _inside(box: Box, size: tuple[int, int]) -> Box:
    return max(0, box[0]), max(0, box[1]), min(size[0], box[2]), min(size[1], box[3])
