"""Blind contests: set up, drawn beforehand, voted on without anybody knowing what is what."""

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
    """Whether every picture of a contest is drawn, and how far that is until then."""

    is_complete: bool
    progress: TaskProgress


@dataclass(frozen=True)
class BlindTestService:
    contests: BlindTestStore
    themes: ThemeStore
    base_images: BaseImageStore
    intake: RequestFactory
    album: RenderCache
    pack: Sequence[SampleDoodle]
    chores: BackgroundTasks
    costs: Costs

    def create(
        self, title: str, entrants: Sequence[Candidate], author: str = ""
    ) -> StoredBlindTest:
        """Sets up a contest over the test doodles that were drawn on a base image.

        Raises InputError for entrants that cannot stand, NotFound for versions that are not there.
        """
        return self.contests.add(self._contest(title, entrants), author)

    def cost(self, entrants: Sequence[Candidate]) -> Cost:
        """What a contest between these asks for. Raises what `begin` raises."""
        return self.costs.of(self._all_jobs(self._contest("a contest", entrants)))

    def cost_of(self, contest_id: int) -> Cost:
        """What drawing the rest of a contest asks for. Raises NotFound."""
        return self.costs.of(self._all_jobs(self.contests.get(contest_id).contest))

    def render_missing(self, contest_id: int, tell: ProgressCallback) -> None:
        """Draws every picture that is shown, as far as they are missing."""
        jobs = self._all_jobs(self.contests.get(contest_id).contest)
        tell(0, len(jobs))
        for number, job in enumerate(jobs):
            self.album.get_or_render(job)
            tell(number + 1, len(jobs))

    def progress(self, contest_id: int) -> RenderProgress:
        """How far a contest is. Nothing is drawn for that: `begin_drawing` does."""
        progress = self.chores.progress(_chore(contest_id))
        if progress is not None and progress.state == "running":
            return RenderProgress(False, progress)
        jobs = self._all_jobs(self.contests.get(contest_id).contest)
        kept = sum(map(self.album.has, jobs))
        return RenderProgress(
            kept == len(jobs), progress or TaskProgress(kept, len(jobs), "stopped")
        )

    def start_rendering(self, contest_id: int) -> RenderProgress:
        """Draws what is missing of a contest, as a chore; one that is under way goes on."""
        found = self.progress(contest_id)
        if found.is_complete or found.progress.state == "running":
            return found
        title = self.contests.get(contest_id).contest.title
        about = About("contest", title, f"/votes?contest={contest_id}")
        self.chores.start(
            _chore(contest_id), about, lambda tell: self.render_missing(contest_id, tell)
        )
        return RenderProgress(False, TaskProgress())

    def next_matchup(self, contest_id: int, voter: str) -> tuple[int, Matchup]:
        """The number and the ballot that somebody is to vote on next."""
        kept, number = (
            self.contests.get(contest_id),
            self.contests.count_votes_by(contest_id, voter),
        )
        return number, matchup_for(kept.contest, str(kept.id), voter, number)

    def image(self, contest_id: int, voter: str, number: int, side: str) -> Image.Image:
        """The picture on one side of a ballot, or with side "doodle" what both are drawn from."""
        contest = self.contests.get(contest_id).contest
        each = matchup_for(contest, str(contest_id), voter, number)
        if side == "doodle":
            doodle, base = self._page(each.doodle)
            clean = decode_png(
                self.base_images.read_png(base), message("image.base_named", id=base.id)
            )
            return overlay_doodle(
                clean, decode_png(doodle.png, message("image.test_doodle", name=doodle.name))
            )
        entrant = contest.entrants[each.left if side == "left" else each.right]
        jobs = self._jobs(entrant, each.doodle, each.seed)
        if not all(self.album.has(job) for job in jobs):
            raise NotFoundError("blind_test.image_not_drawn")
        return _grid([self.album.get_or_render(job) for job in jobs])

    def cast_vote(self, contest_id: int, voter: str, number: int, choice: Choice) -> None:
        """Raises Outdated when that ballot was voted on already, InputError for no name."""
        contest = self.contests.get(contest_id).contest
        try:
            vote = Vote(voter=voter, ballot=matchup_for(contest, str(contest_id), voter, number), choice=choice)  # fmt: skip
        except ValidationError as error:
            raise InvalidInputError(
                "blind_test.vote_invalid", reason=format_validation_error(error)
            ) from None
        self.contests.add_vote(contest_id, vote, number)

    def ranking(self, contest_id: int) -> Ranking:
        kept = self.contests.get(contest_id)
        return rank(kept.contest, self.contests.votes(contest_id))

    def list_for_theme(self, slug: Slug) -> Sequence[StoredBlindTest]:
        """The contests in which versions of a theme stand, the newest first."""
        return [
            kept
            for kept in self.contests.all()
            if any(entrant.slug == slug for entrant in kept.contest.entrants)
        ]

    def _contest(self, title: str, entrants: Sequence[Candidate]) -> BlindTest:
        for entrant in entrants:
            self.themes.get_version(entrant.slug, entrant.version)
        doodles = tuple(each.name for each in self.pack if each.base_image is not None)
        try:
            return BlindTest(title=title, entrants=tuple(entrants), doodles=doodles)
        except ValidationError as error:
            raise InvalidInputError(
                "blind_test.invalid", reason=format_validation_error(error)
            ) from None

    def _all_jobs(self, contest: BlindTest) -> list[RenderJob]:
        return [
            job
            for entrant in contest.entrants
            for doodle in contest.doodles
            for seed in contest.seeds
            for job in self._jobs(entrant, doodle, seed)
        ]

    def _jobs(self, entrant: Candidate, doodle_name: str, seed: int) -> list[RenderJob]:
        doodle, base = self._page(doodle_name)
        version = self.themes.get_version(entrant.slug, entrant.version)
        request = self.intake.create(version.preset, base.id, doodle.png, "", seed, version.version)
        jobs = sorted(plan_jobs(request), key=lambda job: job.slot)
        return [job for job in jobs if entrant.slot in (None, job.slot)]

    def _page(self, name: str) -> tuple[SampleDoodle, BaseImage]:
        doodle = next((each for each in self.pack if each.name == name), None)
        if doodle is None or doodle.base_image is None:
            raise NotFoundError("blind_test.doodle_gone", name=name)
        return doodle, self.base_images.get(doodle.base_image)


def _chore(contest_id: int) -> str:
    return f"contest/{contest_id}"


def _grid(images: Sequence[Image.Image]) -> Image.Image:
    """One picture as it is; four as two rows."""
    if len(images) == 1:
        return images[0]
    width, height = images[0].size
    page = Image.new("RGB", (2 * width, 2 * height))
    for index, image in enumerate(images):
        page.paste(image.convert("RGB"), (index % 2 * width, index // 2 * height))
    return page
