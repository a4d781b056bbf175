"""The regression sheet: fixed doodles and seeds through a version, beside the version it would replace."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from statistics import mean

import numpy as np
from PIL import Image

from studio.errors import NotFoundError
from studio.imaging.color_metrics import delta_e_map, diversity, median_color_error, median_or_none
from studio.imaging.png_io import decode_png
from studio.messages import message
from studio.recipes.base_image import BaseImage
from studio.recipes.evaluation.reports import (
    ChangedRegion,
    ImageComparison,
    QualityMetrics,
    RegressionReport,
)
from studio.recipes.generation.job import RenderJob
from studio.recipes.generation.planning import plan_jobs
from studio.recipes.themes.preset import SLOTS, Slot, ThemeVersion
from studio.services.background_tasks import ProgressCallback
from studio.services.rendering.render_cache import RenderCache
from studio.services.requests.request_factory import RequestFactory
from studio.services.themes.bundled_content import SampleDoodle
from studio.store.base_images import BaseImageStore

SEEDS = (1, 2)
PARTS = 8
"""The picture is parted into this many places a side, to say which changed most."""
SHOWN, CHANGED = 3, 4.0
"""So many places are told at most, of those that differ by this much (CIEDE2000) or more."""

Key = tuple[str, int, Slot]
"""A picture's place on the sheet: doodle, seed, recipe."""
Images = Mapping[Key, Image.Image]


@dataclass(frozen=True)
class RegressionRun:
    """A finished sheet: the report, and the pictures it is about."""

    report: RegressionReport
    images: Images
    baseline_images: Images
    doodles: Mapping[str, Image.Image]


@dataclass(frozen=True)
class RegressionSuite:
    """Draws sheets over the shipped doodles that show clothes, each on the base it was drawn on."""

    base_images: BaseImageStore
    intake: RequestFactory
    album: RenderCache
    pack: Sequence[SampleDoodle]

    def run(
        self, version: ThemeVersion, against: ThemeVersion | None, tell: ProgressCallback
    ) -> RegressionRun:
        """Draws what is missing of both versions and compares them. Raises what rendering raises,
        NotFound when no shipped doodle fits the preset's base images."""
        jobs = dict(self._jobs(version))
        others = dict(self._jobs(against)) if against else {}
        total = len(jobs) + len(others)
        tell(0, total)
        images, before = {}, {}
        for number, (key, job) in enumerate(jobs.items()):
            images[key] = self.album.get_or_render(job)
            tell(number + 1, total)
        for number, (key, job) in enumerate(others.items()):
            before[key] = self.album.get_or_render(job)
            tell(len(jobs) + number + 1, total)
        doodles = {
            each.name: decode_png(each.png, message("image.test_doodle", name=each.name))
            for each, _ in self._test_inputs(version)
        }
        report = RegressionReport(
            baseline_version=against.version if against else None,
            comparisons=tuple(
                _compare(key, image, before.get(key)) for key, image in images.items()
            ),
            metrics=compute_suite_metrics(images, doodles),
            baseline_metrics=compute_suite_metrics(before, doodles) if before else None,
        )
        return RegressionRun(report, images, before, doodles)

    def jobs(self, version: ThemeVersion, against: ThemeVersion | None) -> list[RenderJob]:
        """What the sheet shows of both versions. Raises what `run` raises before it draws."""
        shown = [*self._jobs(version), *(self._jobs(against) if against else ())]
        return [job for _, job in shown]

    def _jobs(self, version: ThemeVersion) -> list[tuple[Key, RenderJob]]:
        """By recipe first, so that base models change least."""
        found: list[tuple[Key, RenderJob]] = []
        for (doodle, base), seed in product(self._test_inputs(version), SEEDS):
            request = self.intake.create(
                version.preset, base.id, doodle.png, "", seed, version.version
            )
            found += [((doodle.name, seed, job.slot), job) for job in plan_jobs(request)]
        return sorted(found, key=lambda each: each[0][2])

    def _test_inputs(self, version: ThemeVersion) -> list[tuple[SampleDoodle, BaseImage]]:
        allowed = set(version.preset.base_images)
        known = {image.id: image for image in self.base_images.list_all(with_retired=True)}
        pages = [
            (each, known[each.base_image])
            for each in self.pack
            if each.base_image in known and (not allowed or each.base_image in allowed)
        ]
        if not pages:
            raise NotFoundError("image.no_test_doodle_fits")
        return pages


def compute_suite_metrics(images: Images, doodles: Mapping[str, Image.Image]) -> QualityMetrics:
    """How the pictures of a sheet are: alike to their doodles, unlike one another."""
    alike = median_or_none(
        median_color_error(doodles[name], image) for (name, _, _), image in images.items()
    )
    pages = sorted({(name, seed) for name, seed, _ in images})
    of_four = [diversity([images[name, seed, slot] for slot in SLOTS]) for name, seed in pages]
    of_seeds = [
        diversity([images[name, seed, "A"] for page, seed in pages if page == name])
        for name in sorted({name for name, _ in pages})
        if sum(page == name for page, _ in pages) > 1
    ]
    return QualityMetrics(
        color_error=None if alike is None else round(alike, 2),
        diversity=round(mean(of_four), 2),
        seed_diversity=round(mean(of_seeds), 2) if of_seeds else None,
    )


def _compare(key: Key, image: Image.Image, other: Image.Image | None) -> ImageComparison:
    doodle, seed, slot = key
    if other is None:
        return ImageComparison(doodle=doodle, seed=seed, slot=slot)
    changed = delta_e_map(other, image)
    return ImageComparison(
        doodle=doodle, seed=seed, slot=slot,
        delta_e=round(float(changed.mean()), 2), changed_regions=_changed_regions(changed),
    )  # fmt: skip


def _changed_regions(
    changed: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]",
) -> tuple[ChangedRegion, ...]:
    """The parts of the picture that changed most, worst first."""
    side = changed.shape[0] // PARTS
    parts = changed.reshape(PARTS, side, PARTS, side).mean(axis=(1, 3))
    order = np.argsort(parts, axis=None)[::-1][:SHOWN]
    spots = [divmod(int(index), PARTS) for index in order]
    return tuple(
        ChangedRegion(
            x=x / PARTS,
            y=y / PARTS,
            width=1 / PARTS,
            height=1 / PARTS,
            delta_e=round(float(parts[y, x]), 2),
        )
        for y, x in spots
        if parts[y, x] >= CHANGED
    )
