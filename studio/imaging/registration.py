"""Registration: how far, and by what zoom, an image is displaced against another one.

Both are compared by their edges, which a change of style or of colors leaves where they are. The algorithm is that
of Lucas and Kanade over an image pyramid (Baker and Matthews 2004, "Lucas-Kanade 20 years on"), for shift and zoom
alone: OpenCV's ECC has the shift alone or all six parameters of an affine map, and with six an image in another
style is now and then matched by a wrong map.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

WORKING_SIZE = 512
"""Longer side in pixels to which larger images are scaled down."""
MIN_SIZE = 64
"""Shorter side in pixels from which an image is measured."""
COARSEST_SIZE = 24
"""Shorter side in pixels down to which the pyramid goes: there, 8 pixels of 256 are less than one."""
MIN_SHARE = 0.08
"""Share of the pixels that must be compared."""
MIN_CORRELATION = 0.72
"""Correlation of the edges from which a result counts. Images of the pocket models reach 0.75 to 0.98,
and those of another figure less than 0.7."""
MIN_COMPARED = 40
"""Pixels that must be compared on each level of the pyramid."""
MIN_CONTRAST = 0.01
"""Standard deviation of the edges (0 to 1) from which there is something to compare."""
MIN_CURVATURE = 0.02
"""Smallest eigenvalue of the normal equations relative to the largest one: less, and the image may
slide along its own lines."""
MAX_ZOOM = 1.25
"""Zoom, or its inverse, beyond which the images are different ones."""
EDGE_BLUR_SIGMA = 1.2
"""Pixels (Gaussian sigma) by which images are blurred before their edges are found."""
ITERATIONS, ENOUGH = 25, 5e-3
"""Steps at most on one level, and the step in pixels from which no more are taken."""
_EDGE_NORM = 8.0
"""Gradient of the Lab color, per pixel, that counts as half an edge."""

_COLUMNS = 6
"""Slopes to the right, down and away from the center; reference; one; moved image."""

Pixels = NDArray[np.uint8]
Plane = NDArray[np.float32]
Mask = NDArray[np.bool_]
Parameters = NDArray[np.float64]
"""Shift to the right and down in pixels, and zoom."""


class Displacement(NamedTuple):
    """Where the content of an image is, seen from that of a reference of the same size.

    A point at `p` from the center of the reference is at `zoom * p + shift` from the image's center.
    """

    dx: float
    """Pixels to the right."""
    dy: float
    """Pixels down."""
    zoom: float
    correlation: float
    """Of the edges after the displacement is undone, 0 to 1."""


def find_displacement(reference: Pixels, image: Pixels, compared: Mask) -> Displacement | None:
    """The displacement of `image` against `reference`; None where it cannot be told for certain.

    Args:
        reference: RGB, (height, width, 3).
        image: likewise, of the same size.
        compared: (height, width): the pixels of the reference that are to be found again.
    """
    scale = min(1.0, WORKING_SIZE / max(compared.shape))
    if min(compared.shape) < MIN_SIZE or compared.mean() < MIN_SHARE:
        return None
    found: Parameters = np.array([0.0, 0.0, 1.0])
    correlation = 0.0
    for level_scale, first, second, is_compared in _pyramid(reference, image, compared, scale):
        to_level = np.array([level_scale, level_scale, 1.0])
        aligned = _align(first, second, is_compared, found * to_level)
        if aligned is None:
            return None
        found, correlation = aligned[0] / to_level, aligned[1]
    if correlation < MIN_CORRELATION:
        return None
    return Displacement(float(found[0]), float(found[1]), float(found[2]), correlation)


def _pyramid(
    reference: Pixels, image: Pixels, compared: Mask, scale: float
) -> Iterator[tuple[float, Plane, Plane, Mask]]:
    """Scale, edges of both images, and mask of each level, the smallest one first."""
    import cv2  # Late: it takes a tenth of a second.

    height, width = compared.shape
    size = round(width * scale), round(height * scale)
    weights = compared.astype(np.float32)
    edges = [
        _edges(np.asarray(cv2.resize(one, size, interpolation=cv2.INTER_AREA), np.uint8))
        for one in (reference, image)
    ]
    levels = max(0, int(np.log2(min(size) / COARSEST_SIZE)))
    for level in range(levels, -1, -1):
        small = max(1, size[0] >> level), max(1, size[1] >> level)
        first, second, share = (
            np.asarray(cv2.resize(one, small, interpolation=cv2.INTER_AREA), np.float32)
            for one in (*edges, weights)
        )
        yield small[0] / width, first, second, share > 0.99


def _edges(image: Pixels) -> Plane:
    """(height, width), 0 to 1: how much of an edge there is, in any of the three Lab channels."""
    import cv2

    lab = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
    lab = cv2.GaussianBlur(lab, (0, 0), EDGE_BLUR_SIGMA)
    right, down = (cv2.Sobel(lab, cv2.CV_32F, *axes, scale=1 / 8) for axes in ((1, 0), (0, 1)))
    gradient = np.sqrt((right**2 + down**2).sum(axis=-1))
    edges: Plane = gradient / (gradient + _EDGE_NORM)
    return edges


def _align(
    reference: Plane, image: Plane, compared: Mask, start: Parameters
) -> tuple[Parameters, float] | None:
    """The parameters at which the image's edges fit the reference's best, and their correlation then."""
    import cv2

    height, width = reference.shape
    x = (np.arange(width, dtype=np.float32) - (width - 1) / 2)[None, :]
    y = (np.arange(height, dtype=np.float32) - (height - 1) / 2)[:, None]
    radius = max(width, height) / 2
    found, products = start.copy(), np.zeros((_COLUMNS, _COLUMNS))
    for _ in range(ITERATIONS):
        moved = cv2.warpAffine(
            image,
            displacement_matrix(float(found[0]), float(found[1]), float(found[2]), (width, height)),
            (width, height),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        right, down = (
            cv2.Sobel(moved, cv2.CV_32F, *axes, scale=1 / 8) for axes in ((1, 0), (0, 1))
        )
        is_inside = (np.abs(found[2] * x + found[0]) < width / 2 - 1) & (
            np.abs(found[2] * y + found[1]) < height / 2 - 1
        )
        away = (right * x + down * y) / radius
        columns = np.stack(
            [right, down, away, reference, np.ones_like(reference), moved], axis=-1
        ).reshape(-1, _COLUMNS)
        weighted = columns * (compared & is_inside).reshape(-1, 1)
        products = weighted.T.astype(np.float64) @ columns
        step = _solve(products)
        if step is None:
            return None
        found = found + step / (1.0, 1.0, radius)
        if not 1 / MAX_ZOOM < found[2] < MAX_ZOOM or np.abs(found[:2]).max() > width / 4:
            return None
        if np.abs(step).max() < ENOUGH:
            break
    return found, _correlation(products)


def _solve(products: NDArray[np.float64]) -> Parameters | None:
    """The step in pixels to the least squares of `moved + slopes * step = gain * reference + offset`.

    None where the slopes do not tell all three parameters. `products` are those of the columns, summed over all
    pixels.
    """
    count = products[4, 4]
    contrast = products[3, 3] - products[3, 4] ** 2 / max(count, 1.0)
    if contrast < count * MIN_CONTRAST**2 or count < MIN_COMPARED:
        return None
    # Gain and offset are eliminated (Schur complement).
    known = products[3:5, 3:5]
    slopes = products[:3, :3] - products[:3, 3:5] @ np.linalg.solve(known, products[3:5, :3])
    rest = products[:3, 5] - products[:3, 3:5] @ np.linalg.solve(known, products[3:5, 5])
    curvature = np.linalg.eigvalsh(slopes)
    if curvature[0] <= MIN_CURVATURE * curvature[2]:
        return None
    step: Parameters = np.linalg.solve(slopes, -rest).astype(np.float64)
    return step


def _correlation(products: NDArray[np.float64]) -> float:
    """Pearson's, of the reference and the moved image."""
    count = products[4, 4]
    variances = [products[i, i] - products[i, 4] ** 2 / count for i in (3, 5)]
    covariance = products[3, 5] - products[3, 4] * products[5, 4] / count
    return float(covariance / np.sqrt(max(variances[0] * variances[1], 1e-12)))


def displacement_matrix(
    dx: float, dy: float, zoom: float, size: tuple[int, int]
) -> NDArray[np.float64]:
    """The affine matrix (2, 3) from pixels of the reference to those of the image of `size` (width,
    height), for `cv2.warpAffine` with `WARP_INVERSE_MAP`."""
    center_x, center_y = (size[0] - 1) / 2, (size[1] - 1) / 2
    return np.array(
        [
            [zoom, 0, center_x - zoom * center_x + dx],
            [0, zoom, center_y - zoom * center_y + dy],
        ]
    )
