"""Blind tests: creating them, rendering their images beforehand, voting without knowing the
candidates."""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image
from pydantic import ValidationError

from studio.errors import InvalidInputError, NotFoundError, VersionConflictError
from studio.recipes.base import format_validation_error
from studio.recipes.base_image import Slug
from studio.recipes.evaluation.blind_test import (
    BlindTest,
    Candidate,
    Choice,
    Matchup,
    Vote,
    count_matchups,
    matchup_for,
    matchups_of_round,
)
from studio.services.background_tasks import About, BackgroundTasks, ProgressCallback, TaskProgress
from studio.services.cost_estimates import Cost, Costs
from studio.services.evaluation.blind_test_images import BlindTestImages
from studio.services.evaluation.ranking import Ranking, rank
from studio.services.rendering.render_cache import RenderCache
from studio.store.blind_tests import BlindTestStore, StoredBlindTest


@dataclass(frozen=True)
class RenderProgress:
    """Whether every image of a blind test is rendered, and the progress until then."""

    is_complete: bool
    progress: TaskProgress


@dataclass(frozen=True)
class BlindTestService:
    """Blind tests between candidates: recipes, or whole theme versions."""

    store: BlindTestStore
    images: BlindTestImages
    cache: RenderCache
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

    def list_latest(
        self, limit: int | None = None, before_id: int | None = None
    ) -> Sequence[StoredBlindTest]:
        """The blind tests, newest first: at most `limit` of those that are older than number `before_id`."""
        return self.store.list_latest(limit, before_id)

    def get(self, blind_test_id: int) -> StoredBlindTest:
        """A blind test. Raises NotFoundError."""
        return self.store.get(blind_test_id)

    def cost(self, candidates: Sequence[Candidate]) -> Cost:
        """What a blind test between these candidates would render. Raises what `create` raises."""
        return self.costs.of(self.images.jobs(self._make_blind_test("a blind test", candidates)))

    def cost_of(self, blind_test_id: int) -> Cost:
        """What a stored blind test has left to render. Raises NotFoundError."""
        return self.costs.of(self.images.jobs(self._blind_test(blind_test_id)))

    def render_missing(self, blind_test_id: int, on_progress: ProgressCallback) -> None:
        """Renders every image of a blind test that is not cached."""
        jobs = self.images.jobs(self._blind_test(blind_test_id))
        on_progress(0, len(jobs))
        for done, job in enumerate(jobs, start=1):
            self.cache.get_or_render(job)
            on_progress(done, len(jobs))

    def progress(self, blind_test_id: int) -> RenderProgress:
        """The rendering progress of a blind test; it starts nothing (`start_rendering` does)."""
        progress = self.background_tasks.progress(task_name(blind_test_id))
        if progress is not None and progress.state == "running":
            return RenderProgress(is_complete=False, progress=progress)
        images = self.images.keys(self._blind_test(blind_test_id))
        keys = [key for image in images.values() for key in image]
        cached = sum(map(self.cache.has_key, keys))
        if progress is None:
            progress = TaskProgress(cached, len(keys), "stopped")
        return RenderProgress(cached == len(keys), progress)

    def start_rendering(self, blind_test_id: int) -> RenderProgress:
        """Renders the missing images as a background task, unless it is running or nothing is
        missing."""
        current = self.progress(blind_test_id)
        if current.is_complete or current.progress.state == "running":
            return current
        blind_test = self._blind_test(blind_test_id)
        first = blind_test.candidates[0]
        page = f"/tests/blind-tests?test={blind_test_id}"
        about = About("blind_test", blind_test.title, page, slug=first.slug)
        self.background_tasks.start(
            task_name(blind_test_id),
            about,
            lambda on_progress: self.render_missing(blind_test_id, on_progress),
        )
        return RenderProgress(is_complete=False, progress=TaskProgress())

    def next_matchup(self, blind_test_id: int, voter: str) -> tuple[int, Matchup]:
        """The number and the matchup on which the voter is to vote next: the first one of his round
        whose images are rendered. So voting starts before all are.

        Raises NotFoundError while none of what is left of the round is rendered.
        """
        blind_test = self._blind_test(blind_test_id)
        first, voted = self._round(blind_test_id, blind_test, voter)
        key, keys = str(blind_test_id), self.images.keys(blind_test)
        matchups = matchups_of_round(blind_test, key, voter, first // count_matchups(blind_test))
        for number, matchup in enumerate(matchups, start=first):
            if matchup not in voted and self.images.is_rendered(keys, matchup):
                return number, matchup
        raise NotFoundError("blind_test.image_not_rendered")

    def count_votes_by(self, blind_test_id: int, voter: str) -> int:
        """How many votes a voter has cast."""
        return len(self.store.votes_by(blind_test_id, voter))

    def image(self, blind_test_id: int, voter: str, number: int, side: str) -> Image.Image:
        """The image on one side of a voter's matchup; side "doodle": what both are rendered from.

        An image of a whole version is its four variants as a grid. Raises NotFoundError where it
        is not rendered yet.
        """
        blind_test = self._blind_test(blind_test_id)
        matchup = matchup_for(blind_test, str(blind_test_id), voter, number)
        if side == "doodle":
            return self.images.doodle_image(matchup.doodle)
        candidate = matchup.left if side == "left" else matchup.right
        return self.images.image(blind_test, candidate, matchup)

    def cast_vote(self, blind_test_id: int, voter: str, number: int, choice: Choice) -> None:
        """Stores a vote.

        Raises VersionConflictError when the matchup was voted on already, InvalidInputError for an
        invalid voter name.
        """
        blind_test = self._blind_test(blind_test_id)
        matchup = matchup_for(blind_test, str(blind_test_id), voter, number)
        first, voted = self._round(blind_test_id, blind_test, voter)
        if not first <= number < first + count_matchups(blind_test) or matchup in voted:
            raise VersionConflictError("blind_test.vote_exists")
        try:
            vote = Vote(voter=voter, matchup=matchup, choice=choice)
        except ValidationError as error:
            raise InvalidInputError(
                "blind_test.vote_invalid", reason=format_validation_error(error)
            ) from None
        self.store.add_vote(blind_test_id, vote, first + len(voted))

    def ranking(self, blind_test_id: int) -> Ranking:
        """The ranking of the candidates by the votes so far."""
        return rank(self._blind_test(blind_test_id), self.store.votes(blind_test_id))

    def list_for_theme(self, slug: Slug) -> Sequence[StoredBlindTest]:
        """The blind tests with candidates of a theme, newest first."""
        return [
            stored
            for stored in self.store.list_latest()
            if any(candidate.slug == slug for candidate in stored.blind_test.candidates)
        ]

    def _round(
        self, blind_test_id: int, blind_test: BlindTest, voter: str
    ) -> tuple[int, Sequence[Matchup]]:
        """The number of the first matchup of a voter's round, and those of the round he voted on."""
        votes, size = self.store.votes_by(blind_test_id, voter), count_matchups(blind_test)
        first = len(votes) // size * size
        return first, [vote.matchup for vote in votes[first:]]

    def _blind_test(self, blind_test_id: int) -> BlindTest:
        return self.store.get(blind_test_id).blind_test

    def _make_blind_test(self, title: str, candidates: Sequence[Candidate]) -> BlindTest:
        for candidate in candidates:
            self.images.preset(candidate)
        try:
            return BlindTest(title=title, candidates=tuple(candidates), doodles=self.images.doodles)
        except ValidationError as error:
            raise InvalidInputError(
                "blind_test.invalid", reason=format_validation_error(error)
            ) from None


def task_name(blind_test_id: int) -> str:
    """The name of the background task that renders a blind test's images."""
    return f"blind_test/{blind_test_id}"
