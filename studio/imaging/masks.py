"""Masks: which pixels of a base image a render may change, and putting the render back over the rest.

A mask is an "L" image: 0 keeps the base image, 255 takes the render, values between blend both.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw

from studio.errors import InvalidInputError
from studio.imaging.face_regions import Box, face_boxes
from studio.imaging.zones import NO_ZONES, ZoneMasks, decode_zones
from studio.recipes.base_image import KEYPOINT_NAMES, Point
from studio.recipes.generation.job import RenderJob
from studio.recipes.generation.planning import check_mask
from studio.recipes.generation.recipe import MaskSettings

VISIBLE_ALPHA = 1
"""Value from which a pixel of a doodle's alpha or of a zone counts, of 255: no pixel that shows the doodle
is left over."""
HAND_OFFSET = 0.35
"""How far behind the wrist the center of a hand is, as a fraction of the forearm's length."""
HAND_RADIUS = 0.45
"""Radius of a hand, as a fraction of the forearm's length."""
EDGE_WIDTH = 12
"""Pixels on both sides of the mask's edge within which colors are matched."""

Keypoints = Sequence[Point | None]


def job_mask(job: RenderJob, doodle: Image.Image | None, size: tuple[int, int]) -> Image.Image:
    """What a job whose recipe has a mask may change, at `size` (width, height) in pixels.

    Raises InvalidInputError where nothing may change, or something is missing (`check_mask`).
    """
    check_mask(job)
    base_image = job.base_image
    zones = decode_zones(job.zone_images, (base_image.width, base_image.height))
    mask = inpaint_mask(job.recipe.mask, size, doodle, zones, base_image.keypoints)
    if mask is None:
        raise InvalidInputError("recipe.mask_empty", slot=job.slot)
    return mask


def inpaint_mask(
    settings: MaskSettings,
    size: tuple[int, int],
    doodle: Image.Image | None,
    zones: ZoneMasks = NO_ZONES,
    keypoints: Keypoints | None = None,
) -> Image.Image | None:
    """The mask of a recipe at `size` (width, height) in pixels; None where it is empty.

    Every pixel of the area (what the doodle touches, the clothes zone, or both) is masked, and
    `settings.grow` pixels around it, but no kept part and no pixel of the protected zone. The values
    rise over `settings.feather` pixels from the edge inwards: the mask never reaches beyond the grown
    area.

    Args:
        settings: `grow` and `feather` are pixels at `size`. Its area is not "off".
        doodle: an RGBA layer of any size.
        zones: of any size.
        keypoints: the base image's 18 keypoints as fractions; needed for kept parts.
    """
    import cv2  # Late: it takes a tenth of a second.

    area = np.zeros((size[1], size[0]), np.bool_)
    if settings.area != "garment" and doodle is not None:
        area |= _touched(doodle.convert("RGBA").getchannel("A"), size)
    if settings.needs_clothes_zone and zones.clothes is not None:
        area |= _touched(zones.clothes, size)
    if not area.any():
        return None
    # A distance takes the same time however far the area grows.
    distance = cv2.distanceTransform((~area).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    area = distance <= settings.grow
    if zones.protected is not None:
        area &= ~_touched(zones.protected, size)
    if keypoints is not None:
        area &= np.asarray(_kept_parts(settings, keypoints, size)) == 0
    if not area.any():
        return None
    return Image.fromarray(_feathered(area, settings.feather))


def _touched(coverage: Image.Image, size: tuple[int, int]) -> NDArray[np.bool_]:
    """(height, width): the pixels at `size` of which any part is covered by an "L" image."""
    covered = Image.fromarray((np.asarray(coverage) >= VISIBLE_ALPHA).astype(np.float32))
    touched: NDArray[np.bool_] = np.asarray(covered.resize(size, Image.Resampling.BOX)) > 0
    return touched


def put_back(
    image: Image.Image, base: Image.Image, mask: Image.Image, match_edges: bool = True
) -> Image.Image:
    """`image` where the mask is white over `base` where it is black.

    Where the mask is 0 the result has exactly the bytes of `base`.

    Args:
        image: the render, RGB.
        base: RGB, of any size; it is resized to the image's.
        mask: of any size; it is resized to the image's.
        match_edges: shifts the render's colors along the mask's edge to those of the base image.
    """
    base = base.convert("RGB")
    if base.size != image.size:
        base = base.resize(image.size, Image.Resampling.LANCZOS)
    if mask.size != image.size:
        mask = _enlarged(mask, image.size)
    weights = np.asarray(mask, np.float32)[..., None] / 255
    below, above = np.asarray(base, np.float32), np.asarray(image.convert("RGB"), np.float32)
    if match_edges:
        above = above + _edge_correction(above, below, weights[..., 0] > 0)
    blended = np.clip(np.round(below + weights * (above - below)), 0, 255).astype(np.uint8)
    return Image.fromarray(blended)


def covers_face(mask: Image.Image, box: Box) -> bool:
    """Whether a pixel of the ellipse inside a face's box is in the mask."""
    face = Image.new("L", (box[2] - box[0], box[3] - box[1]))
    ImageDraw.Draw(face).ellipse((0, 0, face.width - 1, face.height - 1), fill=255)
    return ImageChops.multiply(mask.crop(box), face).getbbox() is not None


def _enlarged(mask: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The mask at another size, 0 wherever its nearest pixel is 0."""
    nearest = np.asarray(mask.resize(size, Image.Resampling.NEAREST))
    smooth = np.asarray(mask.resize(size, Image.Resampling.BILINEAR))
    return Image.fromarray(np.where(nearest == 0, 0, smooth).astype(np.uint8))


def _feathered(area: NDArray[np.bool_], feather: int) -> NDArray[np.uint8]:
    """(height, width): 255 inside, rising from the edge over `feather` pixels, 0 outside."""
    import cv2

    if not feather:
        return np.where(area, 255, 0).astype(np.uint8)
    # A border of the image is no edge: the pixels beyond it are of nobody.
    distance = cv2.distanceTransform(area.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    ramp = np.clip(distance / (feather + 1), 0, 1) if not area.all() else np.ones(area.shape)
    values: NDArray[np.uint8] = np.ceil(255 * ramp).astype(np.uint8)
    return values


def _edge_correction(
    image: NDArray[np.float32], base: NDArray[np.float32], area: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """What is added to the image inside its mask, (height, width, 3): the difference just outside the
    mask, where the render should equal the base image, fading over `EDGE_WIDTH` pixels inwards."""
    import cv2

    if area.all() or not area.any():
        return np.zeros_like(image)
    outside = cv2.distanceTransform((~area).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    inside = cv2.distanceTransform(area.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    ring = ((outside > 0) & (outside <= EDGE_WIDTH)).astype(np.float32)
    blur = (4 * EDGE_WIDTH + 1, 4 * EDGE_WIDTH + 1)
    total = cv2.GaussianBlur((base - image) * ring[..., None], blur, EDGE_WIDTH)
    count = cv2.GaussianBlur(ring, blur, EDGE_WIDTH)
    fade = np.where(inside > 0, np.clip(1 - inside / EDGE_WIDTH, 0, 1), 0)
    average = total / np.maximum(count, 1e-6)[..., None]
    return (average * fade[..., None]).astype(np.float32)


def _kept_parts(settings: MaskSettings, keypoints: Keypoints, size: tuple[int, int]) -> Image.Image:
    """White where a kept part of the character is, at `size`."""
    parts = Image.new("L", size)
    draw = ImageDraw.Draw(parts)
    if settings.keep_face:
        for left, top, right, bottom in face_boxes(keypoints, size):
            draw.ellipse((left, top, right - 1, bottom - 1), fill=255)
    if settings.keep_hands:
        joints = dict(zip(KEYPOINT_NAMES, keypoints, strict=True))
        for side in ("right", "left"):
            elbow, wrist = joints[f"{side}_elbow"], joints[f"{side}_wrist"]
            if elbow is not None and wrist is not None:
                _draw_hand(draw, elbow, wrist, size)
    return parts


def _draw_hand(
    draw: ImageDraw.ImageDraw, elbow: Point, wrist: Point, size: tuple[int, int]
) -> None:
    """A circle behind the wrist, in the forearm's direction; both joints are fractions of the image."""
    (ex, ey), (wx, wy) = ((point[0] * size[0], point[1] * size[1]) for point in (elbow, wrist))
    length = float(np.hypot(wx - ex, wy - ey))
    x, y = wx + HAND_OFFSET * (wx - ex), wy + HAND_OFFSET * (wy - ey)
    radius = HAND_RADIUS * length
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
