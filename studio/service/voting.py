"""Blind contests: set up, drawn beforehand, voted on without anybody knowing what is what."""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image
from pydantic import ValidationError

from studio.errors import InputError, NotFound
from studio.imaging.compose import composite
from studio.imaging.limits import open_png
from studio.messages import message
from studio.recipes.base import explain
from studio.recipes.canvas import BaseImage, Slug
from studio.recipes.planning import plan
from studio.recipes.request import Job
from studio.recipes.voting import Ballot, Choice, Contest, Entrant, Vote, ballot
from studio.service.album import Album
from studio.service.chores import About, Chores, Progress, Tell
from studio.service.costs import Cost, Costs
from studio.service.intake import Intake
from studio.service.shipped import TestDoodle
from studio.service.standings import Standing, standing
from studio.store.base_images import BaseImageStore
from studio.store.contests import ContestStore, KeptContest
from studio.store.presets import PresetStore


@dataclass(frozen=True)
class Ready:
    """Whether every picture of a contest is drawn, and how far that is until then."""

    drawn: bool
    progress: Progress


@dataclass(frozen=True)
class Voting:
    contests: ContestStore
    presets: PresetStore
    bases: BaseImageStore
    intake: Intake
    album: Album
    pack: Sequence[TestDoodle]
    chores: Chores
    costs: Costs

    def begin(self, title: str, entrants: Sequence[Entrant], author: str = "") -> KeptContest:
        """Sets up a contest over the test doodles that were drawn on a base image.

        Raises InputError for entrants that cannot stand, NotFound for versions that are not there.
        """
        return self.contests.add(self._contest(title, entrants), author)

    def cost(self, entrants: Sequence[Entrant]) -> Cost:
        """What a contest between these asks for. Raises what `begin` raises."""
        return self.costs.of(self._all_jobs(self._contest("a contest", entrants)))

    def cost_of(self, contest_id: int) -> Cost:
        """What drawing the rest of a contest asks for. Raises NotFound."""
        return self.costs.of(self._all_jobs(self.contests.get(contest_id).contest))

    def draw(self, contest_id: int, tell: Tell) -> None:
        """Draws every picture that is shown, as far as they are missing."""
        jobs = self._all_jobs(self.contests.get(contest_id).contest)
        tell(0, len(jobs))
        for number, job in enumerate(jobs):
            self.album.picture(job)
            tell(number + 1, len(jobs))

    def ready(self, contest_id: int) -> Ready:
        """How far a contest is. Nothing is drawn for that: `begin_drawing` does."""
        progress = self.chores.progress(_chore(contest_id))
        if progress is not None and progress.state == "running":
            return Ready(False, progress)
        jobs = self._all_jobs(self.contests.get(contest_id).contest)
        kept = sum(map(self.album.has, jobs))
        return Ready(kept == len(jobs), progress or Progress(kept, len(jobs), "stopped"))

    def resume(self, contest_id: int) -> Ready:
        """How far a contest is; what a restart broke off goes on."""
        if self.chores.progress(_chore(contest_id)) is None:
            return self.begin_drawing(contest_id)
        return self.ready(contest_id)

    def begin_drawing(self, contest_id: int) -> Ready:
        """Draws what is missing of a contest, as a chore; one that is under way goes on."""
        found = self.ready(contest_id)
        if found.drawn or found.progress.state == "running":
            return found
        title = self.contests.get(contest_id).contest.title
        about = About("contest", title, f"/votes?contest={contest_id}")
        self.chores.start(_chore(contest_id), about, lambda tell: self.draw(contest_id, tell))
        return Ready(False, Progress())

    def next_ballot(self, contest_id: int, voter: str) -> tuple[int, Ballot]:
        """The number and the ballot that somebody is to vote on next."""
        kept, number = self.contests.get(contest_id), self.contests.cast_by(contest_id, voter)
        return number, ballot(kept.contest, str(kept.id), voter, number)

    def shown(self, contest_id: int, voter: str, number: int, side: str) -> Image.Image:
        """The picture on one side of a ballot, or with side "doodle" what both are drawn from."""
        contest = self.contests.get(contest_id).contest
        each = ballot(contest, str(contest_id), voter, number)
        if side == "doodle":
            doodle, base = self._page(each.doodle)
            clean = open_png(self.bases.png(base), message("image.base_named", id=base.id))
            return composite(
                clean, open_png(doodle.png, message("image.test_doodle", name=doodle.name))
            )
        entrant = contest.entrants[each.left if side == "left" else each.right]
        jobs = self._jobs(entrant, each.doodle, each.seed)
        if not all(self.album.has(job) for job in jobs):
            raise NotFound("blind_test.image_not_drawn")
        return _beside([self.album.picture(job) for job in jobs])

    def vote(self, contest_id: int, voter: str, number: int, choice: Choice) -> None:
        """Raises Outdated when that ballot was voted on already, InputError for no name."""
        contest = self.contests.get(contest_id).contest
        try:
            vote = Vote(voter=voter, ballot=ballot(contest, str(contest_id), voter, number), choice=choice)  # fmt: skip
        except ValidationError as error:
            raise InputError("blind_test.vote_invalid", reason=explain(error)) from None
        self.contests.cast(contest_id, vote, number)

    def standing(self, contest_id: int) -> Standing:
        kept = self.contests.get(contest_id)
        return standing(kept.contest, self.contests.votes(contest_id))

    def about(self, slug: Slug) -> Sequence[KeptContest]:
        """The contests in which versions of a theme stand, the newest first."""
        return [
            kept
            for kept in self.contests.all()
            if any(entrant.slug == slug for entrant in kept.contest.entrants)
        ]

    def _contest(self, title: str, entrants: Sequence[Entrant]) -> Contest:
        for entrant in entrants:
            self.presets.version(entrant.slug, entrant.number)
        doodles = tuple(each.name for each in self.pack if each.base_image is not None)
        try:
            return Contest(title=title, entrants=tuple(entrants), doodles=doodles)
        except ValidationError as error:
            raise InputError("blind_test.invalid", reason=explain(error)) from None

    def _all_jobs(self, contest: Contest) -> list[Job]:
        return [
            job
            for entrant in contest.entrants
            for doodle in contest.doodles
            for seed in contest.seeds
            for job in self._jobs(entrant, doodle, seed)
        ]

    def _jobs(self, entrant: Entrant, doodle_name: str, seed: int) -> list[Job]:
        doodle, base = self._page(doodle_name)
        version = self.presets.version(entrant.slug, entrant.number)
        request = self.intake.request(version.preset, base.id, doodle.png, "", seed, version.number)
        jobs = sorted(plan(request), key=lambda job: job.letter)
        return [job for job in jobs if entrant.letter in (None, job.letter)]

    def _page(self, name: str) -> tuple[TestDoodle, BaseImage]:
        doodle = next((each for each in self.pack if each.name == name), None)
        if doodle is None or doodle.base_image is None:
            raise NotFound("blind_test.doodle_gone", name=name)
        return doodle, self.bases.get(doodle.base_image)


def _chore(contest_id: int) -> str:
    return f"contest/{contest_id}"


def _beside(pictures: Sequence[Image.Image]) -> Image.Image:
    """One picture as it is; four as two rows."""
    if len(pictures) == 1:
        return pictures[0]
    width, height = pictures[0].size
    page = Image.new("RGB", (2 * width, 2 * height))
    for index, picture in enumerate(pictures):
        page.paste(picture.convert("RGB"), (index % 2 * width, index // 2 * height))
    return page
