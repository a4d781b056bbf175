"""The images of a trial of a tuning study, and what is measured on them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from PIL import Image

from studio.imaging.color_metrics import mean_delta_e, median_color_error
from studio.imaging.png_io import decode_png
from studio.messages import message
from studio.recipes.evaluation.reports import QualityMetrics
from studio.recipes.generation.job import RenderJob
from studio.recipes.generation.planning import plan_job
from studio.recipes.generation.recipe import Recipe
from studio.recipes.themes.preset import SLOTS, Preset, Slot
from studio.services.evaluation.quality_metrics import compute_quality_metrics
from studio.services.rendering.render_cache import RenderCache
from studio.services.requests.request_factory import RequestFactory
from studio.services.themes.bundled_content import SampleDoodle

SEED = 1


@dataclass(frozen=True)
class TrialImages:
    """Images over the sample doodles that were drawn on a base image, one for each doodle.

    `version` in each method is the number of the theme version that the preset is of.
    """

    request_factory: RequestFactory
    cache: RenderCache
    sample_doodles: Sequence[SampleDoodle]

    def jobs(self, preset: Preset, version: int, slot: Slot) -> list[RenderJob]:
        """The jobs of one slot."""
        return [self._job(preset, version, slot, doodle) for doodle in self._doodles()]

    def other_jobs(self, preset: Preset, version: int, slot: Slot) -> list[RenderJob]:
        """The jobs of the other slots, which a trial of `slot` leaves as they are."""
        return [
            job
            for doodle in self._doodles()
            for job in self._other_jobs(preset, version, slot, doodle)
        ]

    def find_cached(self, preset: Preset, version: int, slot: Slot) -> list[Image.Image] | None:
        """The images of one slot, None where not all of them are cached: reading renders nothing."""
        jobs = self.jobs(preset, version, slot)
        if not all(map(self.cache.has, jobs)):
            return None
        return [self.cache.get_or_render(job) for job in jobs]

    def measure(self, preset: Preset, version: int, slot: Slot, recipe: Recipe) -> QualityMetrics:
        """The color errors of the slot's images with `recipe` in it, and their differences from the other
        slots' images. Renders what is not cached."""
        varied = preset.model_copy(update={"recipes": preset.recipes.replace(slot, recipe)})
        color_errors: list[float | None] = []
        differences: list[float] = []
        for doodle in self._doodles():
            image = self.cache.get_or_render(self._job(varied, version, slot, doodle))
            doodle_pixels = decode_png(doodle.png, message("image.sample_doodle"))
            color_errors.append(median_color_error(doodle_pixels, image))
            differences += [
                mean_delta_e(image, self.cache.get_or_render(other))
                for other in self._other_jobs(preset, version, slot, doodle)
            ]
        return compute_quality_metrics(color_errors, differences)

    def _doodles(self) -> Iterator[SampleDoodle]:
        return (doodle for doodle in self.sample_doodles if doodle.base_image is not None)

    def _other_jobs(
        self, preset: Preset, version: int, slot: Slot, doodle: SampleDoodle
    ) -> Iterator[RenderJob]:
        for other in SLOTS:
            if other != slot:
                yield self._job(preset, version, other, doodle)

    def _job(self, preset: Preset, version: int, slot: Slot, doodle: SampleDoodle) -> RenderJob:
        assert doodle.base_image is not None
        request = self.request_factory.create(
            preset, doodle.base_image, doodle.png, "", SEED, version
        )
        return plan_job(request, slot)
