"""Blind contests by the API: what the page Votes and `studio blind-tests` do, for a key of scope `manage`."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, FastAPI, Path, Query, Response
from pydantic import Field

from studio.app import AppContainer
from studio.imaging.png_io import encode_png
from studio.recipes.base import FrozenModel
from studio.recipes.evaluation.blind_test import Candidate, Choice, VoterName
from studio.recipes.serving.request_status import ApiClient
from studio.recipes.text_fields import Title
from studio.server.problems import Language
from studio.server.schemas import PREFIX
from studio.services.background_tasks import State
from studio.services.evaluation.blind_test_service import RenderProgress
from studio.store.blind_tests import StoredBlindTest

MOST = 10**6
ContestId = Annotated[int, Path(ge=1, le=2**31 - 1)]
VoterQuery = Annotated[VoterName, Query()]


class BlindTestResponse(FrozenModel):
    id: int
    title: str
    entrants: tuple[Candidate, ...]
    author: str
    created_at: datetime


class CreateBlindTest(FrozenModel):
    title: Title
    entrants: Annotated[tuple[Candidate, ...], Field(min_length=2, max_length=4)]


class RenderProgressResponse(FrozenModel):
    """Whether every picture is there to be voted on, and how many are until then; `state` says whether
    they are being drawn."""

    is_complete: bool
    state: State
    done: int
    total: int
    message: str


class MatchupResponse(FrozenModel):
    index: int
    doodle: str


class VoteRequest(FrozenModel):
    voter: VoterName
    index: Annotated[int, Field(ge=0, le=MOST)]
    choice: Choice


def add_voting(app: FastAPI, studio: AppContainer, who: Callable[..., ApiClient]) -> None:
    routes = APIRouter(prefix=f"{PREFIX}/contests", tags=["contests"], dependencies=[Depends(who)])
    voting = studio.blind_tests

    @routes.get("")
    def listed() -> list[BlindTestResponse]:
        """The newest first."""
        return [_shown(kept) for kept in voting.contests.all()]

    @routes.post("", status_code=201)
    def begin(
        wish: CreateBlindTest, client: Annotated[ApiClient, Depends(who)]
    ) -> BlindTestResponse:
        """Sets up a contest over the test doodles; its pictures are drawn when nothing else waits."""
        kept = voting.create(wish.title, wish.entrants, client.name)
        voting.start_rendering(kept.id)
        return _shown(kept)

    @routes.get("/{contest_id}")
    def contest(contest_id: ContestId, language: Language) -> RenderProgressResponse:
        """How far its pictures are. Nothing is drawn for that."""
        return _ready(voting.progress(contest_id), language)

    @routes.post("/{contest_id}/draw", status_code=202)
    def draw(contest_id: ContestId, language: Language) -> RenderProgressResponse:
        """Goes on with what a restart or somebody broke off."""
        return _ready(voting.start_rendering(contest_id), language)

    @routes.get("/{contest_id}/ballot")
    def ballot(contest_id: ContestId, voter: VoterQuery) -> MatchupResponse:
        """What a voter is to choose from next; which entrant stands where is not told."""
        number, shown = voting.next_matchup(contest_id, voter)
        return MatchupResponse(index=number, doodle=shown.doodle)

    @routes.get("/{contest_id}/pictures/{number}/{side}.png", response_class=Response)
    def image(
        contest_id: ContestId,
        number: Annotated[int, Path(ge=0, le=MOST)],
        side: Literal["left", "right", "doodle"],
        voter: VoterQuery,
    ) -> Response:
        shown = voting.image(contest_id, voter, number, side)
        return Response(encode_png(shown.convert("RGB")), media_type="image/png")

    @routes.post("/{contest_id}/votes", status_code=201)
    def cast(contest_id: ContestId, wish: VoteRequest) -> MatchupResponse:
        """Votes on a ballot; answers with the next."""
        voting.cast_vote(contest_id, wish.voter, wish.index, wish.choice)
        return ballot(contest_id, wish.voter)

    @routes.get("/{contest_id}/standing")
    def standing(contest_id: ContestId) -> dict[str, Any]:
        """Win rates and chances with 95 % intervals, who voted, and how many more votes it takes."""
        return asdict(voting.ranking(contest_id))

    app.include_router(routes)


def _shown(kept: StoredBlindTest) -> BlindTestResponse:
    return BlindTestResponse(
        id=kept.id, title=kept.contest.title, entrants=kept.contest.entrants,
        author=kept.author, created_at=kept.created_at,
    )  # fmt: skip


def _ready(found: RenderProgress, language: str) -> RenderProgressResponse:
    progress = found.progress
    state: State = "done" if found.is_complete else progress.state
    return RenderProgressResponse(
        is_complete=found.is_complete, state=state, done=progress.done, total=progress.total,
        message=progress.message.text(language) if progress.message else "",
    )  # fmt: skip
