"""The regression suite: fixed doodles and seeds rendered with a version and with the one it would
replace."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from studio.errors import NotFoundError
from studio.imaging.color_metrics import delta_e_map, diversity, median_color_error
from studio.imaging.png_io import decode_png
from studio.messages import message
from studio.recipes.base_image import BaseImage
from studio.recipes.evaluation.reports import (
    ChangedRegion,
    ImageComparison,
    QualityMetrics,
    RegressionReport,
)
from studio.recipes.generation.drift import Drift
from studio.recipes.generation.job import RenderJob
from studio.recipes.generation.planning import plan_jobs
from studio.recipes.themes.preset import SLOTS, Slot, ThemeVersion
from studio.services.background_tasks import ProgressCallback
from studio.services.evaluation.quality_metrics import compute_drift, compute_quality_metrics
from studio.services.rendering.render_cache import RenderCache
from studio.services.requests.request_factory import RequestFactory
from studio.services.themes.bundled_content import SampleDoodle
from studio.store.base_images import BaseImageStore

SEEDS = (1, 2)
GRID = 8
"""The image is divided into so many cells a side, to find the regions that changed most."""
MAX_REGIONS, MIN_DELTA_E = 3, 4.0
"""At most so many regions are reported, of those with at least this mean CIEDE2000."""

Key = tuple[str, int, Slot]
"""Which image of the suite: doodle, seed, slot."""
Images = Mapping[Key, Image.Image]


@dataclass(frozen=True)
class RegressionRun:
    """A finished regression run: the report, and the images that it is about."""

    report: RegressionReport
    images: Images
    baseline_images: Images
    doodles: Mapping[str, Image.Image]


@dataclass(frozen=True)
class RegressionSuite:
    """Renders the sample doodles that show clothes, each on the base image it was drawn on."""

    base_images: BaseImageStore
    request_factory: RequestFactory
    cache: RenderCache
    sample_doodles: Sequence[SampleDoodle]

    def run(
        self,
        version: ThemeVersion,
        baseline: ThemeVersion | None,
        on_progress: ProgressCallback,
    ) -> RegressionRun:
        """Renders what is not cached of both versions and compares them.

        Raises what rendering raises, and NotFoundError when no sample doodle fits the preset's base
        images.
        """
        jobs = dict(self.keyed_jobs(version))
        # A baseline of other base images has other doodles, which nothing is compared with.
        baseline_jobs = (
            {key: job for key, job in self.keyed_jobs(baseline) if key in jobs} if baseline else {}
        )
        rendered = self._render([*jobs.values(), *baseline_jobs.values()], on_progress)
        images = dict(zip(jobs, rendered[: len(jobs)], strict=True))
        baseline_images = dict(zip(baseline_jobs, rendered[len(jobs) :], strict=True))
        doodles = {
            doodle.name: decode_png(
                doodle.png, message("image.sample_doodle_named", name=doodle.name)
            )
            for doodle, _ in self._test_inputs(version)
        }
        report = RegressionReport(
            baseline_version=baseline.version if baseline else None,
            comparisons=tuple(
                _compare(key, image, baseline_images.get(key)).model_copy(
                    update={"drift": self._drift(jobs[key], image)}
                )
                for key, image in images.items()
            ),
            metrics=compute_suite_metrics(images, doodles),
            baseline_metrics=(
                compute_suite_metrics(baseline_images, doodles) if baseline_images else None
            ),
        )
        return RegressionRun(report, images, baseline_images, doodles)

    def _render(
        self, jobs: Sequence[RenderJob], on_progress: ProgressCallback
    ) -> list[Image.Image]:
        on_progress(0, len(jobs))
        images = []
        for done, job in enumerate(jobs, start=1):
            images.append(self.cache.get_or_render(job))
            on_progress(done, len(jobs))
        return images

    def _drift(self, job: RenderJob, image: Image.Image) -> Drift:
        png = self.base_images.read_png(job.base_image)
        base = decode_png(png, message("image.base_named", id=job.base_image.id))
        return compute_drift(job, base, image)

    def jobs(self, version: ThemeVersion, baseline: ThemeVersion | None) -> list[RenderJob]:
        """The jobs of both versions. Raises NotFoundError and what `RequestFactory.create`
        raises."""
        keyed = [*self.keyed_jobs(version), *(self.keyed_jobs(baseline) if baseline else ())]
        return [job for _, job in keyed]

    def keyed_jobs(self, version: ThemeVersion) -> list[tuple[Key, RenderJob]]:
        """A version's jobs, sorted by slot, so that the base model is switched as seldom as possible.

        Raises NotFoundError when no sample doodle fits the preset's base images.
        """
        keyed: list[tuple[Key, RenderJob]] = []
        for doodle, base in self._test_inputs(version):
            # Checks doodle and models: once for all seeds.
            request = self.request_factory.create(
                version.preset, base.id, doodle.png, "", SEEDS[0], version.version
            )
            for seed in SEEDS:
                jobs = plan_jobs(request.model_copy(update={"seed": seed}))
                keyed += [((doodle.name, seed, job.slot), job) for job in jobs]
        return sorted(keyed, key=lambda item: item[0][2])

    def _test_inputs(self, version: ThemeVersion) -> list[tuple[SampleDoodle, BaseImage]]:
        allowed = set(version.preset.base_images)
        by_id = {image.id: image for image in self.base_images.list_all(include_retired=True)}
        inputs = [
            (doodle, by_id[doodle.base_image])
            for doodle in self.sample_doodles
            if doodle.base_image in by_id and (not allowed or doodle.base_image in allowed)
        ]
        if not inputs:
            raise NotFoundError("image.no_sample_doodle_fits")
        return inputs


def compute_suite_metrics(images: Images, doodles: Mapping[str, Image.Image]) -> QualityMetrics:
    """The quality metrics of one version's images, rounded to two digits."""
    inputs = sorted({(name, seed) for name, seed, _ in images})
    seeds = {name: [seed for other, seed in inputs if other == name] for name, _ in inputs}
    metrics = compute_quality_metrics(
        (median_color_error(doodles[name], image) for (name, _, _), image in images.items()),
        [diversity([images[name, seed, slot] for slot in SLOTS]) for name, seed in inputs],
        [
            diversity([images[name, seed, "A"] for seed in of_doodle])
            for name, of_doodle in seeds.items()
            if len(of_doodle) > 1
        ],
    )
    values = metrics.model_dump()
    rounded = {name: None if value is None else round(value, 2) for name, value in values.items()}
    return QualityMetrics(**rounded)


def _compare(key: Key, image: Image.Image, baseline: Image.Image | None) -> ImageComparison:
    doodle, seed, slot = key
    if baseline is None:
        return ImageComparison(doodle=doodle, seed=seed, slot=slot)
    delta_e = delta_e_map(baseline, image)
    return ImageComparison(
        doodle=doodle,
        seed=seed,
        slot=slot,
        delta_e=round(float(delta_e.mean()), 2),
        changed_regions=_changed_regions(delta_e),
    )


def _changed_regions(
    delta_e: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]",
) -> tuple[ChangedRegion, ...]:
    """The cells with the largest mean difference, largest first.

    `delta_e` is (size, size), with a size that `GRID` divides.
    """
    side = delta_e.shape[0] // GRID
    cells = delta_e.reshape(GRID, side, GRID, side).mean(axis=(1, 3))
    largest = np.argsort(cells, axis=None)[::-1][:MAX_REGIONS]
    positions = [divmod(int(index), GRID) for index in largest]
    return tuple(
        ChangedRegion(
            x=x / GRID,
            y=y / GRID,
            width=1 / GRID,
            height=1 / GRID,
            delta_e=round(float(cells[y, x]), 2),
        )
        for y, x in positions
        if cells[y, x] >= MIN_DELTA_E
    )
