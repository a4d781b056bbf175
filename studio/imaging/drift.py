"""Drift meter and drift lock: how far an image is from its base image where nothing was to change, and
how that is undone.

Shift and zoom are found by `registration`, colors are compared by CIEDE2000 (`color_metrics`).
"""

from math import hypot

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from skimage.color import deltaE_ciede2000, rgb2lab
from skimage.metrics import structural_similarity

from studio.imaging.face_regions import Box, face_boxes
from studio.imaging.masks import Keypoints, inpaint_mask
from studio.imaging.registration import displacement_matrix, find_displacement
from studio.recipes.generation.drift import Drift
from studio.recipes.generation.recipe import MAX_GROW, MaskSettings

COLOR_SIZE = 256
"""Longer side in pixels at which colors are compared."""
MIN_PIXELS = 200
"""Pixels at that size outside the area from which colors are compared."""
CHANGED_DELTA_E = 5.0
"""CIEDE2000 difference from which a pixel clearly changed."""
FACE_SIZE = 64
"""Side in pixels at which faces are compared."""
GROWTH = 1 / 24
"""How far a doodle's surroundings are repainted with it, as a fraction of the longer side."""
MIN_CORRECTED_PIXELS = 0.3
"""Displacement at the image's border, in pixels, from which resampling it is worth the sharpness."""
MIN_CORRECTED_TINT = 1.0
"""CIEDE2000 from which colors are matched: what is less is not seen."""
MAX_GAIN = 1.5
"""How much the contrast of a color channel, or its inverse, is stretched at most."""

Mask = NDArray[np.bool_]
"""(height, width)."""


def outside_area(
    size: tuple[int, int], doodle: Image.Image | None, mask: Image.Image | None = None
) -> Mask:
    """The pixels of an image of `size` (width, height) that were not to change.

    Args:
        size: of the image.
        doodle: an RGBA layer of any size; its surroundings may change with it. None: nothing was drawn.
        mask: of the image's size, where the recipe has one: not 0 where the image may change.
    """
    if mask is None and doodle is not None:
        grow = min(MAX_GROW, round(GROWTH * max(size)))
        settings = MaskSettings(area="doodle", grow=grow, feather=0)
        mask = inpaint_mask(settings, size, doodle)
    if mask is None:
        return np.ones((size[1], size[0]), np.bool_)
    outside: Mask = np.asarray(mask) == 0
    return outside


def measure_drift(
    base: Image.Image, image: Image.Image, outside: Mask, keypoints: Keypoints | None
) -> Drift:
    """How far `image` is from `base`, with values rounded to what can be relied on.

    Args:
        base: RGB, of the image's size.
        image: RGB.
        outside: what was not to change, of the image's size (`outside_area`).
        keypoints: the base image's 18 keypoints as fractions; None: the face's place is not known.
    """
    found = find_displacement(np.asarray(base), np.asarray(image), outside)
    boxes = face_boxes(keypoints, image.size)
    values: dict[str, object] = _color_changes(base, image, outside)
    if found is not None:
        values |= {
            "shift_x": round(found.dx, 2),
            "shift_y": round(found.dy, 2),
            "zoom": round(found.zoom, 4),
        }
    if boxes:
        values["face_similarity"] = round(_face_similarity(base, image, boxes[0]), 3)
    return Drift.model_validate(values)


def correct_drift(
    base: Image.Image, image: Image.Image, outside: Mask, drift: Drift
) -> Image.Image | None:
    """The image with shift, zoom and tint undone, as far as they are known; None where there is nothing to
    undo.

    It is resampled once at most. Colors are mapped alike everywhere, by medians and contrasts outside of
    the area: what is inside keeps its shades. `drift` is the image's; the other arguments are as in
    `measure_drift`.
    """
    corrected = None
    if _border_displacement(drift, image.size) >= MIN_CORRECTED_PIXELS:
        corrected = _undo_displacement(image, drift)
    if drift.tint is not None and drift.tint >= MIN_CORRECTED_TINT:
        corrected = _match_colors(base, corrected or image, outside)
    return corrected


def _border_displacement(drift: Drift, size: tuple[int, int]) -> float:
    """Pixels by which the point moves that moves furthest; 0 where that is not known."""
    if drift.shift is None or drift.zoom is None:
        return 0.0
    return drift.shift + abs(drift.zoom - 1) * hypot(*size) / 2


def _undo_displacement(image: Image.Image, drift: Drift) -> Image.Image:
    """Where the image shows nothing of what belongs to a pixel, its border is repeated."""
    assert drift.shift_x is not None
    assert drift.shift_y is not None
    assert drift.zoom is not None
    import cv2  # Late: it takes a tenth of a second.

    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    moved = cv2.warpAffine(
        np.asarray(image),
        displacement_matrix(drift.shift_x, drift.shift_y, drift.zoom, image.size),
        image.size,
        flags=flags,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return Image.fromarray(moved)


def _match_colors(base: Image.Image, image: Image.Image, outside: Mask) -> Image.Image:
    """Each Lab channel with the median and, within `MAX_GAIN`, the standard deviation that the base image has
    outside of the area (Reinhard et al. 2001, "Color transfer between images", with medians: what most pixels
    show is met exactly)."""
    import cv2

    first, second = (
        cv2.cvtColor(np.asarray(one, np.float32) / 255, cv2.COLOR_RGB2Lab) for one in (base, image)
    )
    before, after = second[outside], first[outside]
    gain = np.clip(after.std(axis=0) / np.maximum(before.std(axis=0), 1e-3), 1 / MAX_GAIN, MAX_GAIN)
    matched = (second - np.median(before, axis=0)) * gain + np.median(after, axis=0)
    rgb = cv2.cvtColor(matched.astype(np.float32), cv2.COLOR_Lab2RGB)
    return Image.fromarray(np.clip(np.round(rgb * 255), 0, 255).astype(np.uint8))


def _color_changes(base: Image.Image, image: Image.Image, outside: Mask) -> dict[str, object]:
    """The fields of a `Drift` about colors; none where too little is outside."""
    scale = min(1.0, COLOR_SIZE / max(image.size))
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    area = Image.fromarray(np.where(outside, 255, 0).astype(np.uint8))
    compared = np.asarray(area.resize(size, Image.Resampling.BOX)) == 255
    if compared.sum() < MIN_PIXELS:
        return {}
    first, second = (
        rgb2lab(np.asarray(one.resize(size, Image.Resampling.BOX))[compared] / 255)
        for one in (base, image)
    )
    direction = np.median(second - first, axis=0)
    color = np.median(first, axis=0)
    changes = deltaE_ciede2000(first, second)
    return {
        "tint": round(float(deltaE_ciede2000(color, color + direction)), 2),
        "tint_lab": tuple(round(float(part), 2) for part in direction),
        "change_median": round(float(np.median(changes)), 2),
        "change_p95": round(float(np.percentile(changes, 95)), 2),
        "changed_share": round(float((changes > CHANGED_DELTA_E).mean()), 4),
    }


def _face_similarity(base: Image.Image, image: Image.Image, box: Box) -> float:
    """Structural similarity of the lightness inside the face's box, -1 to 1."""
    first, second = (
        np.asarray(one.convert("L").resize((FACE_SIZE, FACE_SIZE), Image.Resampling.BOX, box))
        for one in (base, image)
    )
    return float(structural_similarity(first, second, data_range=255))
