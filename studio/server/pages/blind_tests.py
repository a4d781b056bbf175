"""The page Votes: blind contests between recipes or versions, voted on by keys."""

from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi import Path as InPath
from fastapi.responses import HTMLResponse
from pydantic import Field

from studio.app import AppContainer
from studio.imaging.png_io import encode_png
from studio.messages import in_language
from studio.recipes.base import FrozenModel
from studio.recipes.evaluation.blind_test import Candidate, Choice
from studio.recipes.text_fields import Author, Title
from studio.server.auth.session import current_user
from studio.server.csrf import CsrfHeader, Language
from studio.server.plain_pages import plain_page
from studio.store.blind_tests import StoredBlindTest

Voter = Annotated[Author, Query()]
ContestId = Annotated[int, InPath(ge=1, le=2**31 - 1)]
VoteIndex = Annotated[int, Field(ge=0, le=10**6)]


Entrants = Annotated[tuple[Candidate, ...], Field(max_length=4)]


class _Standing(FrozenModel):
    entrants: Entrants


class CreateBlindTest(FrozenModel):
    title: Title
    entrants: Entrants
    author: Author = ""


class CastVote(FrozenModel):
    voter: Author = ""
    index: VoteIndex
    choice: Choice


def vote_routes(studio: AppContainer) -> APIRouter:
    routes = APIRouter(prefix="/votes")
    voting = studio.blind_tests

    @routes.get("")
    def page(request: Request) -> HTMLResponse:
        return plain_page("votes", request)

    @routes.get("/list")
    def listed() -> list[dict[str, Any]]:
        return [_row(each) for each in voting.contests.list_all()]

    @routes.post("")
    def begin(wish: CreateBlindTest, request: Request, x_studio: CsrfHeader) -> dict[str, Any]:
        kept = voting.create(wish.title, wish.entrants, current_user(request) or wish.author)
        voting.start_rendering(kept.id)
        return _row(kept)

    @routes.post("/cost")
    def cost(wish: _Standing, x_studio: CsrfHeader) -> dict[str, Any]:
        """What a contest between these asks for; nothing is begun."""
        return asdict(voting.cost(wish.entrants))

    @routes.get("/{contest_id}")
    def contest(contest_id: ContestId, language: Language) -> dict[str, Any]:
        """A contest, and how far its pictures are. Nothing is drawn for that."""
        ready = in_language(voting.progress(contest_id), language)
        return {**_row(voting.contests.get(contest_id)), **ready}

    @routes.get("/{contest_id}/cost")
    def cost_of(contest_id: ContestId) -> dict[str, Any]:
        return asdict(voting.cost_of(contest_id))

    @routes.post("/{contest_id}/draw")
    def draw(contest_id: ContestId, x_studio: CsrfHeader, language: Language) -> dict[str, Any]:
        """Goes on with what a restart or somebody broke off."""
        ready: dict[str, Any] = in_language(voting.start_rendering(contest_id), language)
        return ready

    @routes.get("/{contest_id}/ballot")
    def ballot(contest_id: ContestId, request: Request, voter: Voter = "") -> dict[str, Any]:
        number, shown = voting.next_matchup(contest_id, current_user(request) or voter)
        return {"number": number, "doodle": shown.doodle}

    @routes.get("/{contest_id}/pictures/{number}/{side}.png")
    def image(
        contest_id: ContestId, number: VoteIndex, side: Literal["left", "right", "doodle"], request: Request, voter: Voter = ""
    ) -> Response:  # fmt: skip
        shown = voting.image(contest_id, current_user(request) or voter, number, side)
        # Without what a picture says of its making.
        return Response(encode_png(shown.convert("RGB")), media_type="image/png")

    @routes.post("/{contest_id}")
    def cast(
        contest_id: ContestId, wish: CastVote, request: Request, x_studio: CsrfHeader
    ) -> dict[str, Any]:
        voter = current_user(request) or wish.voter.strip()
        voting.cast_vote(contest_id, voter, wish.index, wish.choice)
        return {"number": wish.index + 1}

    @routes.get("/{contest_id}/standing")
    def standing(contest_id: ContestId) -> dict[str, Any]:
        return asdict(voting.ranking(contest_id))

    return routes


def _row(kept: StoredBlindTest) -> dict[str, Any]:
    return {
        "id": kept.id,
        "title": kept.contest.title,
        "entrants": len(kept.contest.entrants),
        "author": kept.author,
        "created": kept.created_at.isoformat(),
    }
