"""How well drift is found and undone: synthetic shifts, zooms and tints of the shipped base images under all doodles, and
what that costs. A part of `benchmarks.images`."""

import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image
from skimage.color import deltaE_ciede2000, rgb2lab

from benchmarks.report import Measurement, percentile
from studio.app import AppContainer
from studio.imaging.compositing import overlay_doodle
from studio.imaging.drift import Mask, correct_drift, measure_drift, outside_area
from studio.imaging.png_io import decode_png
from studio.imaging.registration import displacement_matrix
from studio.recipes.generation.drift import Drift

DISPLACEMENTS = ((8.0, 0.0, 1.0), (-8.0, 8.0, 1.0), (0.0, -8.0, 0.98), (0.0, 0.0, 1.02))
"""Pixels to the right and down, and zoom."""
SHIFT_TOLERANCE, ZOOM_TOLERANCE = 0.5, 0.002
LARGE = 512


@dataclass(frozen=True)
class _Case:
    """A displaced image, and how far what was found of it is off; None where nothing was told."""

    shift_error: float | None
    zoom_error: float | None
    outside_error: tuple[float, float]
    """Median and 95th percentile of CIEDE2000 outside the doodle after the correction."""


def drift_measurements(studio: AppContainer) -> Iterator[Measurement]:
    """Over all base images, doodles and displacements that leave something to compare."""
    inputs = list(_inputs(studio))
    cases = [
        _case(base, drawn, outside, displacement)
        for base, drawn, outside in inputs
        for displacement in DISPLACEMENTS
    ]
    told = [(case.shift_error, case.zoom_error) for case in cases if case.shift_error is not None]
    shifts = [shift for shift, _ in told if shift is not None]
    zooms = [zoom for _, zoom in told if zoom is not None]
    exact = sum(
        shift <= SHIFT_TOLERANCE and zoom <= ZOOM_TOLERANCE
        for shift, zoom in zip(shifts, zooms, strict=True)
    )
    yield Measurement("drift: displaced images", len(cases))
    yield Measurement("drift: told", 100 * len(told) / len(cases), "%", 1)
    yield Measurement("drift: told within 0.5 px and 0.2 %", 100 * exact / len(told), "%", 1)
    yield Measurement("drift: error of the shift, p95", percentile(shifts, 0.95), "px", 3)
    yield Measurement("drift: error of the zoom, p95", 100 * percentile(zooms, 0.95), "%", 3)
    for index, name in enumerate(("median of the pixels", "p95 of the pixels")):
        errors = [case.outside_error[index] for case in cases]
        label = f"drift: CIEDE2000 outside after correction, {name}"
        yield Measurement(label, statistics.median(errors), "", 2)
    yield from _costs(*inputs[0])


def _inputs(studio: AppContainer) -> Iterator[tuple[Image.Image, Image.Image, Mask]]:
    """Base image, base image under a doodle, and what the doodle leaves, where that is enough to compare."""
    doodles = [decode_png(sample.png, sample.name) for sample in studio.authoring.sample_doodles]
    for each in studio.stores.base_images.list_all():
        base = decode_png(studio.stores.base_images.read_png(each), each.id).convert("RGB")
        for doodle in (None, *doodles):
            outside = outside_area(base.size, doodle)
            if outside.mean() > 0.1:
                yield base, overlay_doodle(base, doodle), outside


def _case(
    base: Image.Image, drawn: Image.Image, outside: Mask, displacement: tuple[float, float, float]
) -> _Case:
    moved = _tint(_displace(drawn, *displacement))
    drift = measure_drift(base, moved, outside, None)
    corrected = correct_drift(base, moved, outside, drift) or moved
    first, second = (rgb2lab(np.asarray(one)[outside] / 255) for one in (base, corrected))
    changes = deltaE_ciede2000(first, second)
    error = float(np.median(changes)), float(np.percentile(changes, 95))
    return _Case(*_errors(drift, displacement), error)


def _errors(
    drift: Drift, displacement: tuple[float, float, float]
) -> tuple[float | None, float | None]:
    if drift.shift_x is None or drift.shift_y is None or drift.zoom is None:
        return None, None
    dx, dy, zoom = displacement
    return max(abs(drift.shift_x - dx), abs(drift.shift_y - dy)), abs(drift.zoom - zoom)


def _displace(image: Image.Image, dx: float, dy: float, zoom: float) -> Image.Image:
    matrix = displacement_matrix(dx, dy, zoom, image.size)
    moved = cv2.warpAffine(
        np.asarray(image),
        matrix,
        image.size,
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return Image.fromarray(moved)


def _tint(image: Image.Image) -> Image.Image:
    values = np.asarray(image, np.float64) * (0.95, 0.98, 0.9) + (8, 0, 4)
    return Image.fromarray(np.clip(values.round(), 0, 255).astype(np.uint8))


def _costs(base: Image.Image, drawn: Image.Image, outside: Mask) -> Iterator[Measurement]:
    """CPU milliseconds of one measurement, and of one correction with both of its measurements."""
    for side in (base.width, LARGE):
        first, second = (one.resize((side, side)) for one in (base, drawn))
        area = Image.fromarray(outside).resize((side, side), Image.Resampling.NEAREST)
        compared, moved = np.asarray(area), _displace(second, 8.0, -8.0, 1.01)
        measuring, correcting = [], []
        for _ in range(5):
            started = time.process_time()
            drift = measure_drift(first, moved, compared, None)
            measured = time.process_time()
            corrected = correct_drift(first, moved, compared, drift) or moved
            measure_drift(first, corrected, compared, None)
            measuring.append(measured - started)
            correcting.append(time.process_time() - started)
        for name, seconds in (("measure", measuring), ("correct", correcting)):
            cost = 1000 * statistics.median(seconds)
            yield Measurement(f"drift: {name}, {side} x {side}", cost, "ms", 0)
