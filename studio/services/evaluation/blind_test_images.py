"""The images of blind tests: the jobs that make them, and those of them that are rendered."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from PIL import Image

from studio.errors import NotFoundError
from studio.imaging.compositing import overlay_doodle
from studio.imaging.png_io import decode_png
from studio.messages import message
from studio.recipes.base_image import BaseImage
from studio.recipes.evaluation.blind_test import BlindTest, Candidate, Matchup
from studio.recipes.generation.job import RenderJob
from studio.recipes.generation.planning import plan_jobs
from studio.recipes.themes.preset import Preset
from studio.services.evaluation.grid_service import GridService
from studio.services.rendering.render_cache import RenderCache
from studio.services.requests.request_factory import RequestFactory
from studio.services.themes.bundled_content import SampleDoodle
from studio.store.base_images import BaseImageStore
from studio.store.themes import ThemeStore

CACHED_TESTS = 64
"""Blind tests whose images' keys stay in memory: to compute them takes seconds."""
ImageKeys = Mapping[tuple[int, str, int], tuple[str, ...]]
"""Keys in the render cache by candidate's index, doodle and seed: one, or those of four slots."""


@dataclass(frozen=True)
class BlindTestImages:
    """Images over the sample doodles that were drawn on a base image. Nothing is rendered here."""

    themes: ThemeStore
    base_images: BaseImageStore
    request_factory: RequestFactory
    cache: RenderCache
    sample_doodles: Sequence[SampleDoodle]
    grids: GridService

    @property
    def doodles(self) -> tuple[str, ...]:
        """The names of the doodles of a new blind test."""
        return tuple(doodle.name for doodle in self.sample_doodles if doodle.base_image is not None)

    def preset(self, candidate: Candidate) -> Preset:
        """What a candidate is rendered with. Raises NotFoundError."""
        if candidate.cell is not None:
            return self.grids.cell_preset(candidate.cell.grid, candidate.cell.cell)
        return self.themes.get_version(candidate.slug, candidate.version).preset

    def jobs(self, blind_test: BlindTest) -> list[RenderJob]:
        """All jobs, by doodle, so that the first matchups are complete early.

        Raises NotFoundError, and what `RequestFactory.create` raises.
        """
        return [
            job
            for doodle in blind_test.doodles
            for candidate in blind_test.candidates
            for jobs in self._jobs(candidate, doodle, blind_test.seeds).values()
            for job in jobs
        ]

    def keys(self, blind_test: BlindTest) -> ImageKeys:
        """The keys of all images in the render cache. Raises as `jobs` does."""
        # Its versions and the sample doodles never change; its base images may.
        bases = tuple(self.base_images.list_all(include_retired=True))
        return self._compute_keys_cached(blind_test, bases)

    def is_rendered(self, keys: ImageKeys, matchup: Matchup) -> bool:
        """Whether both images of a matchup are here; `keys` are those of its blind test."""
        return all(
            self.cache.has_key(key)
            for side in (matchup.left, matchup.right)
            for key in keys[side, matchup.doodle, matchup.seed]
        )

    def image(self, blind_test: BlindTest, candidate: int, matchup: Matchup) -> Image.Image:
        """The image of a candidate, by its index, in a matchup; of a whole version its four as a grid.

        Raises NotFoundError where it is not rendered.
        """
        keys = self.keys(blind_test)[candidate, matchup.doodle, matchup.seed]
        if not all(map(self.cache.has_key, keys)):
            raise NotFoundError("blind_test.image_not_rendered")
        label = message("image.finished")
        return _grid([decode_png(self.cache.read(key), label) for key in keys])

    def doodle_image(self, name: str) -> Image.Image:
        """A sample doodle on its base image. Raises NotFoundError."""
        doodle, base = self._test_input(name)
        base_png = self.base_images.read_png(base)
        return overlay_doodle(
            decode_png(base_png, message("image.base_named", id=base.id)),
            decode_png(doodle.png, message("image.sample_doodle_named", name=name)),
        )

    def _compute_keys(self, blind_test: BlindTest, _: tuple[BaseImage, ...]) -> ImageKeys:
        return {
            (index, doodle, seed): tuple(map(self.cache.key, jobs))
            for index, candidate in enumerate(blind_test.candidates)
            for doodle in blind_test.doodles
            for seed, jobs in self._jobs(candidate, doodle, blind_test.seeds).items()
        }

    @cached_property
    def _compute_keys_cached(self) -> Callable[[BlindTest, tuple[BaseImage, ...]], ImageKeys]:
        return lru_cache(maxsize=CACHED_TESTS)(self._compute_keys)

    def _jobs(
        self, candidate: Candidate, doodle_name: str, seeds: Sequence[int]
    ) -> Mapping[int, list[RenderJob]]:
        """The candidate's job, or all four where it is a whole version, by seed."""
        doodle, base = self._test_input(doodle_name)
        number = None if candidate.cell else candidate.version
        # Checks doodle and models: once for all seeds.
        request = self.request_factory.create(
            self.preset(candidate), base.id, doodle.png, "", seeds[0], number
        )
        by_seed = {}
        for seed in seeds:
            planned = plan_jobs(request.model_copy(update={"seed": seed}))
            jobs = sorted(planned, key=lambda job: job.slot)
            by_seed[seed] = [job for job in jobs if candidate.slot in (None, job.slot)]
        return by_seed

    def _test_input(self, doodle_name: str) -> tuple[SampleDoodle, BaseImage]:
        doodle = next((one for one in self.sample_doodles if one.name == doodle_name), None)
        if doodle is None or doodle.base_image is None:
            raise NotFoundError("blind_test.doodle_missing", name=doodle_name)
        return doodle, self.base_images.get(doodle.base_image)


def _grid(images: Sequence[Image.Image]) -> Image.Image:
    """One image as it is; four in two rows."""
    if len(images) == 1:
        return images[0]
    width, height = images[0].size
    grid = Image.new("RGB", (2 * width, 2 * height))
    for index, image in enumerate(images):
        grid.paste(image.convert("RGB"), (index % 2 * width, index // 2 * height))
    return grid
