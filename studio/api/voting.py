"""Blind contests by the API: what the page Votes and `studio votes` do, for a key of scope `manage`."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, FastAPI, Path, Query, Response
from pydantic import Field

from studio.api.problems import Language
from studio.api.wire import PREFIX
from studio.bootstrap import Studio
from studio.imaging.limits import encode_png
from studio.recipes.base import Frozen
from studio.recipes.serving import Client
from studio.recipes.text import Title
from studio.recipes.voting import Choice, Entrant, Voter
from studio.service.chores import State
from studio.service.voting import Ready
from studio.store.contests import KeptContest

MOST = 10**6
ContestId = Annotated[int, Path(ge=1, le=2**31 - 1)]
Asking = Annotated[Voter, Query()]


class ContestShown(Frozen):
    id: int
    title: str
    entrants: tuple[Entrant, ...]
    author: str
    created: datetime


class Beginning(Frozen):
    title: Title
    entrants: Annotated[tuple[Entrant, ...], Field(min_length=2, max_length=4)]


class ReadyShown(Frozen):
    """Whether every picture is there to be voted on, and how many are until then; `state` says whether
    they are being drawn."""

    drawn: bool
    state: State
    done: int
    total: int
    message: str


class BallotShown(Frozen):
    number: int
    doodle: str


class Cast(Frozen):
    voter: Voter
    number: Annotated[int, Field(ge=0, le=MOST)]
    choice: Choice


def add_voting(app: FastAPI, studio: Studio, who: Callable[..., Client]) -> None:
    routes = APIRouter(prefix=f"{PREFIX}/contests", tags=["contests"], dependencies=[Depends(who)])
    voting = studio.voting

    @routes.get("")
    def listed() -> list[ContestShown]:
        """The newest first."""
        return [_shown(kept) for kept in voting.contests.all()]

    @routes.post("", status_code=201)
    def begin(wish: Beginning, client: Annotated[Client, Depends(who)]) -> ContestShown:
        """Sets up a contest over the test doodles; its pictures are drawn when nothing else waits."""
        kept = voting.begin(wish.title, wish.entrants, client.name)
        voting.begin_drawing(kept.id)
        return _shown(kept)

    @routes.get("/{contest_id}")
    def contest(contest_id: ContestId, language: Language) -> ReadyShown:
        """How far its pictures are. Nothing is drawn for that."""
        return _ready(voting.ready(contest_id), language)

    @routes.post("/{contest_id}/draw", status_code=202)
    def draw(contest_id: ContestId, language: Language) -> ReadyShown:
        """Goes on with what a restart or somebody broke off."""
        return _ready(voting.begin_drawing(contest_id), language)

    @routes.get("/{contest_id}/ballot")
    def ballot(contest_id: ContestId, voter: Asking) -> BallotShown:
        """What a voter is to choose from next; which entrant stands where is not told."""
        number, shown = voting.next_ballot(contest_id, voter)
        return BallotShown(number=number, doodle=shown.doodle)

    @routes.get("/{contest_id}/pictures/{number}/{side}.png", response_class=Response)
    def picture(
        contest_id: ContestId,
        number: Annotated[int, Path(ge=0, le=MOST)],
        side: Literal["left", "right", "doodle"],
        voter: Asking,
    ) -> Response:
        shown = voting.shown(contest_id, voter, number, side)
        return Response(encode_png(shown.convert("RGB")), media_type="image/png")

    @routes.post("/{contest_id}/votes", status_code=201)
    def cast(contest_id: ContestId, wish: Cast) -> BallotShown:
        """Votes on a ballot; answers with the next."""
        voting.vote(contest_id, wish.voter, wish.number, wish.choice)
        return ballot(contest_id, wish.voter)

    @routes.get("/{contest_id}/standing")
    def standing(contest_id: ContestId) -> dict[str, Any]:
        """Win rates and chances with 95 % intervals, who voted, and how many more votes it takes."""
        return asdict(voting.standing(contest_id))

    app.include_router(routes)


def _shown(kept: KeptContest) -> ContestShown:
    return ContestShown(
        id=kept.id, title=kept.contest.title, entrants=kept.contest.entrants,
        author=kept.author, created=kept.created,
    )  # fmt: skip


def _ready(found: Ready, language: str) -> ReadyShown:
    progress = found.progress
    state: State = "done" if found.drawn else progress.state
    return ReadyShown(
        drawn=found.drawn, state=state, done=progress.done, total=progress.total,
        message=progress.message.text(language) if progress.message else "",
    )  # fmt: skip
