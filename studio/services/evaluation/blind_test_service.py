"""Blind tests: creating them, rendering their images beforehand, voting without knowing the
candidates."""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image
from pydantic import ValidationError

from studio.errors import InvalidInputError, NotFoundError
from studio.imaging.compositing import overlay_doodle
from studio.imaging.png_io import decode_png
from studio.messages import message
from studio.recipes.base import format_validation_error
from studio.recipes.base_image import BaseImage, Slug
from studio.recipes.evaluation.blind_test import (
    BlindTest,
    Candidate,
    Choice,
    Matchup,
    Vote,
    matchup_for,
)
from studio.recipes.generation.job import RenderJob
from studio.recipes.generation.planning import plan_jobs
from studio.services.background_tasks import About, BackgroundTasks, ProgressCallback, TaskProgress
from studio.services.cost_estimates import Cost, Costs
from studio.services.evaluation.ranking import Ranking, rank
from studio.services.rendering.render_cache import RenderCache
from studio.services.requests.request_factory import RequestFactory
from studio.services.themes.bundled_content import SampleDoodle
from studio.store.base_images import BaseImageStore
from studio.store.blind_tests import BlindTestStore, StoredBlindTest
from studio.store.themes import ThemeStore


@dataclass(frozen=True)
class RenderProgress:
    """Whether every image of a blind test is rendered, and the progress until then."""

    is_complete: bool
    progress: TaskProgress


@dataclass(frozen=True)
class BlindTestService:
    """Blind tests between candidates: recipes, or whole theme versions."""

    store: BlindTestStore
    themes: ThemeStore
    base_images: BaseImageStore
    request_factory: RequestFactory
    cache: RenderCache
    sample_doodles: Sequence[SampleDoodle]
    background_tasks: BackgroundTasks
    costs: Costs

    def create(
        self, title: str, candidates: Sequence[Candidate], author: str = ""
    ) -> StoredBlindTest:
        """Stores a blind test over the sample doodles that were drawn on a base image.

        Raises InvalidInputError for an invalid set of candidates, NotFoundError for unknown
        versions.
        """
        return self.store.add(self._make_blind_test(title, candidates), author)

    def list_all(self) -> Sequence[StoredBlindTest]:
        """All blind tests, latest first."""
        return self.store.list_all()

    def get(self, blind_test_id: int) -> StoredBlindTest:
        """A blind test. Raises NotFoundError."""
        return self.store.get(blind_test_id)

    def cost(self, candidates: Sequence[Candidate]) -> Cost:
        """What a blind test between these candidates would render. Raises what `create` raises."""
        return self.costs.of(self._all_jobs(self._make_blind_test("a blind test", candidates)))

    def cost_of(self, blind_test_id: int) -> Cost:
        """What a stored blind test has left to render. Raises NotFoundError."""
        return self.costs.of(self._all_jobs(self._blind_test(blind_test_id)))

    def render_missing(self, blind_test_id: int, on_progress: ProgressCallback) -> None:
        """Renders every image of a blind test that is not cached."""
        jobs = self._all_jobs(self._blind_test(blind_test_id))
        on_progress(0, len(jobs))
        for done, job in enumerate(jobs, start=1):
            self.cache.get_or_render(job)
            on_progress(done, len(jobs))

    def progress(self, blind_test_id: int) -> RenderProgress:
        """The rendering progress of a blind test; it starts nothing (`start_rendering` does)."""
        progress = self.background_tasks.progress(_task_name(blind_test_id))
        if progress is not None and progress.state == "running":
            return RenderProgress(is_complete=False, progress=progress)
        jobs = self._all_jobs(self._blind_test(blind_test_id))
        cached = sum(map(self.cache.has, jobs))
        if progress is None:
            progress = TaskProgress(cached, len(jobs), "stopped")
        return RenderProgress(cached == len(jobs), progress)

    def start_rendering(self, blind_test_id: int) -> RenderProgress:
        """Renders the missing images as a background task, unless it is running or nothing is
        missing."""
        current = self.progress(blind_test_id)
        if current.is_complete or current.progress.state == "running":
            return current
        about = About(
            "blind_test",
            self._blind_test(blind_test_id).title,
            f"/tests/blind-tests?test={blind_test_id}",
        )
        self.background_tasks.start(
            _task_name(blind_test_id),
            about,
            lambda on_progress: self.render_missing(blind_test_id, on_progress),
        )
        return RenderProgress(is_complete=False, progress=TaskProgress())

    def next_matchup(self, blind_test_id: int, voter: str) -> tuple[int, Matchup]:
        """The number and the matchup on which the voter is to vote next."""
        blind_test = self._blind_test(blind_test_id)
        number = self.store.count_votes_by(blind_test_id, voter)
        return number, matchup_for(blind_test, str(blind_test_id), voter, number)

    def image(self, blind_test_id: int, voter: str, number: int, side: str) -> Image.Image:
        """The image on one side of a voter's matchup; side "doodle": what both are rendered from.

        An image of a whole version is its four variants as a grid. Raises NotFoundError where it
        is not rendered yet.
        """
        blind_test = self._blind_test(blind_test_id)
        matchup = matchup_for(blind_test, str(blind_test_id), voter, number)
        if side == "doodle":
            return self._doodle_image(matchup.doodle)
        candidate = blind_test.candidates[matchup.left if side == "left" else matchup.right]
        jobs = self._jobs(candidate, matchup.doodle, matchup.seed)
        if not all(self.cache.has(job) for job in jobs):
            raise NotFoundError("blind_test.image_not_rendered")
        return _grid([self.cache.get_or_render(job) for job in jobs])

    def cast_vote(self, blind_test_id: int, voter: str, number: int, choice: Choice) -> None:
        """Stores a vote.

        Raises VersionConflictError when the matchup was voted on already, InvalidInputError for an
        invalid voter name.
        """
        matchup = matchup_for(self._blind_test(blind_test_id), str(blind_test_id), voter, number)
        try:
            vote = Vote(voter=voter, matchup=matchup, choice=choice)
        except ValidationError as error:
            raise InvalidInputError(
                "blind_test.vote_invalid", reason=format_validation_error(error)
            ) from None
        self.store.add_vote(blind_test_id, vote, number)

    def ranking(self, blind_test_id: int) -> Ranking:
        """The ranking of the candidates by the votes so far."""
        return rank(self._blind_test(blind_test_id), self.store.votes(blind_test_id))

    def list_for_theme(self, slug: Slug) -> Sequence[StoredBlindTest]:
        """The blind tests with candidates of a theme, newest first."""
        return [
            stored
            for stored in self.store.list_all()
            if any(candidate.slug == slug for candidate in stored.blind_test.candidates)
        ]

    def _blind_test(self, blind_test_id: int) -> BlindTest:
        return self.store.get(blind_test_id).blind_test

    def _make_blind_test(self, title: str, candidates: Sequence[Candidate]) -> BlindTest:
        for candidate in candidates:
            self.themes.get_version(candidate.slug, candidate.version)
        doodles = tuple(
            doodle.name for doodle in self.sample_doodles if doodle.base_image is not None
        )
        try:
            return BlindTest(title=title, candidates=tuple(candidates), doodles=doodles)
        except ValidationError as error:
            raise InvalidInputError(
                "blind_test.invalid", reason=format_validation_error(error)
            ) from None

    def _all_jobs(self, blind_test: BlindTest) -> list[RenderJob]:
        return [
            job
            for candidate in blind_test.candidates
            for doodle in blind_test.doodles
            for seed in blind_test.seeds
            for job in self._jobs(candidate, doodle, seed)
        ]

    def _jobs(self, candidate: Candidate, doodle_name: str, seed: int) -> list[RenderJob]:
        """The candidate's job, or all four where it is a whole version."""
        doodle, base = self._test_input(doodle_name)
        version = self.themes.get_version(candidate.slug, candidate.version)
        request = self.request_factory.create(
            version.preset, base.id, doodle.png, "", seed, version.version
        )
        jobs = sorted(plan_jobs(request), key=lambda job: job.slot)
        return [job for job in jobs if candidate.slot in (None, job.slot)]

    def _test_input(self, doodle_name: str) -> tuple[SampleDoodle, BaseImage]:
        doodle = next((one for one in self.sample_doodles if one.name == doodle_name), None)
        if doodle is None or doodle.base_image is None:
            raise NotFoundError("blind_test.doodle_missing", name=doodle_name)
        return doodle, self.base_images.get(doodle.base_image)

    def _doodle_image(self, doodle_name: str) -> Image.Image:
        doodle, base = self._test_input(doodle_name)
        base_pixels = decode_png(
            self.base_images.read_png(base), message("image.base_named", id=base.id)
        )
        doodle_pixels = decode_png(
            doodle.png, message("image.sample_doodle_named", name=doodle.name)
        )
        return overlay_doodle(base_pixels, doodle_pixels)


def _task_name(blind_test_id: int) -> str:
    return f"blind_test/{blind_test_id}"


def _grid(images: Sequence[Image.Image]) -> Image.Image:
    """One image as it is; four in two rows."""
    if len(images) == 1:
        return images[0]
    width, height = images[0].size
    grid = Image.new("RGB", (2 * width, 2 * height))
    for index, image in enumerate(images):
        grid.paste(image.convert("RGB"), (index % 2 * width, index // 2 * height))
    return grid
