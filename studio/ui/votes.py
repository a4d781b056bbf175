"""The page Votes: blind contests between recipes or versions, voted on by keys."""

from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi import Path as InPath
from fastapi.responses import HTMLResponse
from pydantic import Field

from studio.bootstrap import Studio
from studio.imaging.limits import encode_png
from studio.messages import in_language
from studio.recipes.base import Frozen
from studio.recipes.text import Author, Title
from studio.recipes.voting import Choice, Entrant
from studio.store.contests import KeptContest
from studio.ui.doors import Language, OwnPage
from studio.ui.plain import plain_page
from studio.ui.sign_in import user_of

Voter = Annotated[Author, Query()]
ContestId = Annotated[int, InPath(ge=1, le=2**31 - 1)]
Turn = Annotated[int, Field(ge=0, le=10**6)]


Entrants = Annotated[tuple[Entrant, ...], Field(max_length=4)]


class _Standing(Frozen):
    entrants: Entrants


class _Begin(Frozen):
    title: Title
    entrants: Entrants
    author: Author = ""


class _Cast(Frozen):
    voter: Author = ""
    number: Turn
    choice: Choice


def vote_routes(studio: Studio) -> APIRouter:
    routes = APIRouter(prefix="/votes")
    voting = studio.voting

    @routes.get("")
    def page(request: Request) -> HTMLResponse:
        return plain_page("votes", request)

    @routes.get("/list")
    def listed() -> list[dict[str, Any]]:
        return [_row(each) for each in voting.contests.all()]

    @routes.post("")
    def begin(wish: _Begin, request: Request, x_studio: OwnPage) -> dict[str, Any]:
        kept = voting.begin(wish.title, wish.entrants, user_of(request) or wish.author)
        voting.begin_drawing(kept.id)
        return _row(kept)

    @routes.post("/cost")
    def cost(wish: _Standing, x_studio: OwnPage) -> dict[str, Any]:
        """What a contest between these asks for; nothing is begun."""
        return asdict(voting.cost(wish.entrants))

    @routes.get("/{contest_id}")
    def contest(contest_id: ContestId, language: Language) -> dict[str, Any]:
        """A contest, and how far its pictures are. Nothing is drawn for that."""
        ready = in_language(voting.ready(contest_id), language)
        return {**_row(voting.contests.get(contest_id)), **ready}

    @routes.get("/{contest_id}/cost")
    def cost_of(contest_id: ContestId) -> dict[str, Any]:
        return asdict(voting.cost_of(contest_id))

    @routes.post("/{contest_id}/draw")
    def draw(contest_id: ContestId, x_studio: OwnPage, language: Language) -> dict[str, Any]:
        """Goes on with what a restart or somebody broke off."""
        ready: dict[str, Any] = in_language(voting.begin_drawing(contest_id), language)
        return ready

    @routes.get("/{contest_id}/ballot")
    def ballot(contest_id: ContestId, request: Request, voter: Voter = "") -> dict[str, Any]:
        number, shown = voting.next_ballot(contest_id, user_of(request) or voter)
        return {"number": number, "doodle": shown.doodle}

    @routes.get("/{contest_id}/pictures/{number}/{side}.png")
    def picture(
        contest_id: ContestId, number: Turn, side: Literal["left", "right", "doodle"], request: Request, voter: Voter = ""
    ) -> Response:  # fmt: skip
        shown = voting.shown(contest_id, user_of(request) or voter, number, side)
        # Without what a picture says of its making.
        return Response(encode_png(shown.convert("RGB")), media_type="image/png")

    @routes.post("/{contest_id}")
    def cast(
        contest_id: ContestId, wish: _Cast, request: Request, x_studio: OwnPage
    ) -> dict[str, Any]:
        voter = user_of(request) or wish.voter.strip()
        voting.vote(contest_id, voter, wish.number, wish.choice)
        return {"number": wish.number + 1}

    @routes.get("/{contest_id}/standing")
    def standing(contest_id: ContestId) -> dict[str, Any]:
        return asdict(voting.standing(contest_id))

    return routes


def _row(kept: KeptContest) -> dict[str, Any]:
    return {
        "id": kept.id,
        "title": kept.contest.title,
        "entrants": len(kept.contest.entrants),
        "author": kept.author,
        "created": kept.created.isoformat(),
    }
