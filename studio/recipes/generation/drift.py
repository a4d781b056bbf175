"""Drift: how far a rendered image is from its base image outside the area that was to change."""

from collections.abc import Sequence
from math import hypot
from statistics import median
from typing import Annotated, Literal

from pydantic import Field

from studio.recipes.base import StoredModel

DriftLock = Literal["off", "measure", "correct"]
"""What a recipe does about drift: nothing; record it; record it, and undo shift, zoom and tint."""
DriftKind = Literal["shift", "zoom", "tint"]

MAX_SHIFT = 2.0
"""Pixels of shift up to which a figure counts as standing where it stood."""
MAX_ZOOM_CHANGE = 0.01
"""Difference of the zoom from 1 up to which a figure counts as large as it was."""
MAX_TINT = 10.0
"""CIEDE2000 difference up to which the colors outside the area count as those of the base image."""

Share = Annotated[float, Field(ge=0.0, le=1.0)]
DeltaE = Annotated[float, Field(ge=0.0)]


class Drift(StoredModel):
    """An image compared with its base image; None where a value cannot be told.

    Attributes:
        shift_x: pixels of the image by which its content stands further to the right.
        shift_y: likewise, further down.
        zoom: how large the content is beside that of the base image; 1.02 is 2 % larger.
        tint: median color difference outside the area (CIEDE2000).
        tint_lab: its direction: medians of the differences in L*, a* and b*.
        change_median: median over all pixels outside of their color differences (CIEDE2000).
        change_p95: their 95th percentile.
        changed_share: share of the pixels outside that clearly changed.
        face_similarity: structural similarity of the face's lightness, 1 for an identical one. It
            does not recognize people. None without keypoints.
    """

    shift_x: float | None = None
    shift_y: float | None = None
    zoom: Annotated[float, Field(gt=0.0)] | None = None
    tint: DeltaE | None = None
    tint_lab: tuple[float, float, float] | None = None
    change_median: DeltaE | None = None
    change_p95: DeltaE | None = None
    changed_share: Share | None = None
    face_similarity: Annotated[float, Field(ge=-1.0, le=1.0)] | None = None

    @property
    def shift(self) -> float | None:
        """Length of the shift in pixels."""
        if self.shift_x is None or self.shift_y is None:
            return None
        return hypot(self.shift_x, self.shift_y)

    @property
    def exceeded(self) -> tuple[DriftKind, ...]:
        """What is beyond its limit (`MAX_SHIFT`, `MAX_ZOOM_CHANGE`, `MAX_TINT`)."""
        zoom_change = None if self.zoom is None else abs(self.zoom - 1)
        values: tuple[tuple[DriftKind, float | None, float], ...] = (
            ("shift", self.shift, MAX_SHIFT),
            ("zoom", zoom_change, MAX_ZOOM_CHANGE),
            ("tint", self.tint, MAX_TINT),
        )
        return tuple(kind for kind, value, limit in values if value is not None and value > limit)


class DriftSummary(StoredModel):
    """The drift of a set of images.

    Attributes:
        images: how many there are.
        measured: of how many the shift could be told.
        median_shift: pixels; None where it could be told of no image; likewise the others.
        p95_shift: the 95th percentile.
        median_zoom_change: difference of the zoom from 1.
        median_tint: CIEDE2000.
    """

    images: Annotated[int, Field(ge=0)]
    measured: Annotated[int, Field(ge=0)]
    median_shift: float | None = None
    p95_shift: float | None = None
    median_zoom_change: float | None = None
    median_tint: float | None = None

    @property
    def is_shifted(self) -> bool:
        """Whether figures stand somewhere else in most images."""
        return self.median_shift is not None and self.median_shift > MAX_SHIFT


def summarize_drift(drifts: Sequence[Drift]) -> DriftSummary:
    """The drift of several images, rounded to two digits, the zoom to four."""
    shifts = sorted(drift.shift for drift in drifts if drift.shift is not None)
    zooms = [abs(drift.zoom - 1) for drift in drifts if drift.zoom is not None]
    tints = [drift.tint for drift in drifts if drift.tint is not None]
    return DriftSummary(
        images=len(drifts),
        measured=len(shifts),
        median_shift=round(median(shifts), 2) if shifts else None,
        p95_shift=round(shifts[round(0.95 * (len(shifts) - 1))], 2) if shifts else None,
        median_zoom_change=round(median(zooms), 4) if zooms else None,
        median_tint=round(median(tints), 2) if tints else None,
    )
