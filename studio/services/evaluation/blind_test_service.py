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

    contests: BlindTestStore
    themes: ThemeStore
    base_images: BaseImageStore
    request_factory: RequestFactory
    cache: RenderCache
    sample_doodles: Sequence[SampleDoodle]
    background_tasks: BackgroundTasks
    costs: Costs

    def create(
        self, title: str, entrants: Sequence[Candidate], author: str = ""
    ) -> StoredBlindTest:
        """Stores a blind test over the sample doodles that were drawn on a base image.

        Raises InvalidInputError for an invalid set of candidates, NotFoundError for unknown
        versions.
        """
        return self.contests.add(self._make_contest(title, entrants), author)

    def cost(self, entrants: Sequence[Candidate]) -> Cost:
        """What a blind test between these candidates would render. Raises what `create` raises."""
        return self.costs.of(self._all_jobs(self._make_contest("a contest", entrants)))

    def cost_of(self, contest_id: int) -> Cost:
        """What a stored blind test has left to render. Raises NotFoundError."""
        return self.costs.of(self._all_jobs(self._contest(contest_id)))

    def render_missing(self, contest_id: int, on_progress: ProgressCallback) -> None:
        """Renders every image of a blind test that is not cached."""
        jobs = self._all_jobs(self._contest(contest_id))
        on_progress(0, len(jobs))
        for done, job in enumerate(jobs, start=1):
            self.cache.get_or_render(job)
            on_progress(done, len(jobs))

    def progress(self, contest_id: int) -> RenderProgress:
        """The rendering progress of a blind test; it starts nothing (`start_rendering` does)."""
        progress = self.background_tasks.progress(_task_name(contest_id))
        if progress is not None and progress.state == "running":
            return RenderProgress(False, progress)
        jobs = self._all_jobs(self._contest(contest_id))
        cached = sum(map(self.cache.has, jobs))
        if progress is None:
            progress = TaskProgress(cached, len(jobs), "stopped")
        return RenderProgress(cached == len(jobs), progress)

    def start_rendering(self, contest_id: int) -> RenderProgress:
        """Renders the missing images as a background task, unless it is running or nothing is
        missing."""
        current = self.progress(contest_id)
        if current.is_complete or current.progress.state == "running":
            return current
        about = About("contest", self._contest(contest_id).title, f"/blind-tests?test={contest_id}")
        self.background_tasks.start(
            _task_name(contest_id),
            about,
            lambda on_progress: self.render_missing(contest_id, on_progress),
        )
        return RenderProgress(False, TaskProgress())

    def next_matchup(self, contest_id: int, voter: str) -> tuple[int, Matchup]:
        """The number and the matchup on which the voter is to vote next."""
        contest = self._contest(contest_id)
        number = self.contests.count_votes_by(contest_id, voter)
        return number, matchup_for(contest, str(contest_id), voter, number)

    def image(self, contest_id: int, voter: str, number: int, side: str) -> Image.Image:
        """The image on one side of a voter's matchup; side "doodle": what both are rendered from.

        An image of a whole version is its four variants as a grid. Raises NotFoundError where it
        is not rendered yet.
        """
        contest = self._contest(contest_id)
        matchup = matchup_for(contest, str(contest_id), voter, number)
        if side == "doodle":
            return self._doodle_image(matchup.doodle)
        candidate = contest.entrants[matchup.left if side == "left" else matchup.right]
        jobs = self._jobs(candidate, matchup.doodle, matchup.seed)
        if not all(self.cache.has(job) for job in jobs):
            raise NotFoundError("blind_test.image_not_drawn")
        return _grid([self.cache.get_or_render(job) for job in jobs])

    def cast_vote(self, contest_id: int, voter: str, number: int, choice: Choice) -> None:
        """Stores a vote.

        Raises VersionConflictError when the matchup was voted on already, InvalidInputError for an
        invalid voter name.
        """
        matchup = matchup_for(self._contest(contest_id), str(contest_id), voter, number)
        try:
            vote = Vote(voter=voter, ballot=matchup, choice=choice)
        except ValidationError as error:
            raise InvalidInputError(
                "blind_test.vote_invalid", reason=format_validation_error(error)
            ) from None
        self.contests.add_vote(contest_id, vote, number)

    def ranking(self, contest_id: int) -> Ranking:
        """The ranking of the candidates by the votes so far."""
        return rank(self._contest(contest_id), self.contests.votes(contest_id))

    def list_for_theme(self, slug: Slug) -> Sequence[StoredBlindTest]:
        """The blind tests with candidates of a theme, newest first."""
        return [
            stored
            for stored in self.contests.list_all()
            if any(candidate.slug == slug for candidate in stored.contest.entrants)
        ]

    def _contest(self, contest_id: int) -> BlindTest:
        return self.contests.get(contest_id).contest

    def _make_contest(self, title: str, entrants: Sequence[Candidate]) -> BlindTest:
        for candidate in entrants:
            self.themes.get_version(candidate.slug, candidate.version)
        doodles = tuple(
            doodle.name for doodle in self.sample_doodles if doodle.base_image is not None
        )
        try:
            return BlindTest(title=title, entrants=tuple(entrants), doodles=doodles)
        except ValidationError as error:
            raise InvalidInputError(
                "blind_test.invalid", reason=format_validation_error(error)
            ) from None

    def _all_jobs(self, contest: BlindTest) -> list[RenderJob]:
        return [
            job
            for candidate in contest.entrants
            for doodle in contest.doodles
            for seed in contest.seeds
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
            raise NotFoundError("blind_test.doodle_gone", name=doodle_name)
        return doodle, self.base_images.get(doodle.base_image)

    def _doodle_image(self, doodle_name: str) -> Image.Image:
        doodle, base = self._test_input(doodle_name)
        base_pixels = decode_png(
            self.base_images.read_png(base), message("image.base_named", id=base.id)
        )
        doodle_pixels = decode_png(doodle.png, message("image.test_doodle", name=doodle.name))
        return overlay_doodle(base_pixels, doodle_pixels)


def _task_name(contest_id: int) -> str:
    return f"contest/{contest_id}"


def _grid(images: Sequence[Image.Image]) -> Image.Image:
    """One image as it is; four in two rows."""
    if len(images) == 1:
        return images[0]
    width, height = images[0].size
    grid = Image.new("RGB", (2 * width, 2 * height))
    for index, image in enumerate(images):
        grid.paste(image.convert("RGB"), (index % 2 * width, index // 2 * height))
    return grid
