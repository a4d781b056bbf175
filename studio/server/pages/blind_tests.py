"""The page Blind tests: pairwise votes between recipes or versions, and their ranking."""

from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import Field

from studio.imaging.png_io import encode_png
from studio.messages import in_language
from studio.recipes.base import FrozenModel
from studio.recipes.evaluation.blind_test import Candidate, Choice
from studio.recipes.text_fields import Author, Title
from studio.server.auth.session import CurrentUser
from studio.server.csrf import CSRF_HEADER
from studio.server.dependencies import BlindTests, Language
from studio.server.plain_pages import plain_page
from studio.store.blind_tests import StoredBlindTest

VoterQuery = Annotated[Author, Query()]
BlindTestId = Annotated[int, Path(ge=1, le=2**31 - 1)]
VoteIndex = Annotated[int, Field(ge=0, le=10**6)]
Candidates = Annotated[tuple[Candidate, ...], Field(max_length=4)]

router = APIRouter(prefix="/votes")


class EstimateCost(FrozenModel):
    entrants: Candidates


class CreateBlindTest(FrozenModel):
    title: Title
    entrants: Candidates
    author: Author = ""


class CastVote(FrozenModel):
    voter: Author = ""
    index: VoteIndex
    choice: Choice


@router.get("")
def show_page(request: Request) -> HTMLResponse:
    return plain_page("votes", request)


@router.get("/list")
def list_blind_tests(blind_tests: BlindTests) -> list[dict[str, Any]]:
    return [_to_json(stored) for stored in blind_tests.list_all()]


@router.post("", dependencies=[CSRF_HEADER])
def create_blind_test(
    body: CreateBlindTest, user: CurrentUser, blind_tests: BlindTests
) -> dict[str, Any]:
    """Creates a blind test and starts to render its images."""
    created = blind_tests.create(body.title, body.entrants, user or body.author)
    blind_tests.start_rendering(created.id)
    return _to_json(created)


@router.post("/cost", dependencies=[CSRF_HEADER])
def estimate_cost(body: EstimateCost, blind_tests: BlindTests) -> dict[str, Any]:
    """How many images a blind test between these candidates needs; creates none."""
    return asdict(blind_tests.cost(body.entrants))


@router.get("/{test_id}")
def get_blind_test(
    test_id: BlindTestId, blind_tests: BlindTests, language: Language
) -> dict[str, Any]:
    """A blind test, and how many of its images are rendered; renders none."""
    progress = in_language(blind_tests.progress(test_id), language)
    return {**_to_json(blind_tests.get(test_id)), **progress}


@router.get("/{test_id}/cost")
def estimate_remaining_cost(test_id: BlindTestId, blind_tests: BlindTests) -> dict[str, Any]:
    """How many images of a blind test are not rendered yet."""
    return asdict(blind_tests.cost_of(test_id))


@router.post("/{test_id}/draw", dependencies=[CSRF_HEADER])
def render_missing(
    test_id: BlindTestId, blind_tests: BlindTests, language: Language
) -> dict[str, Any]:
    """Renders the images that are missing, after a restart or a cancellation."""
    progress: dict[str, Any] = in_language(blind_tests.start_rendering(test_id), language)
    return progress


@router.get("/{test_id}/ballot")
def get_matchup(
    test_id: BlindTestId, user: CurrentUser, blind_tests: BlindTests, voter: VoterQuery = ""
) -> dict[str, Any]:
    """The voter's next matchup, blind: it does not say which candidate is on which side."""
    index, matchup = blind_tests.next_matchup(test_id, user or voter)
    return {"number": index, "doodle": matchup.doodle}


@router.get("/{test_id}/pictures/{index}/{side}.png")
def get_image(
    test_id: BlindTestId,
    index: VoteIndex,
    side: Literal["left", "right", "doodle"],
    user: CurrentUser,
    blind_tests: BlindTests,
    voter: VoterQuery = "",
) -> Response:
    """One image of a voter's matchup, without metadata, which would name the candidate."""
    image = blind_tests.image(test_id, user or voter, index, side)
    return Response(encode_png(image.convert("RGB")), media_type="image/png")


@router.post("/{test_id}", dependencies=[CSRF_HEADER])
def cast_vote(
    test_id: BlindTestId, body: CastVote, user: CurrentUser, blind_tests: BlindTests
) -> dict[str, Any]:
    """Casts a vote; the answer is the number of the next matchup."""
    blind_tests.cast_vote(test_id, user or body.voter.strip(), body.index, body.choice)
    return {"number": body.index + 1}


@router.get("/{test_id}/standing")
def get_ranking(test_id: BlindTestId, blind_tests: BlindTests) -> dict[str, Any]:
    return asdict(blind_tests.ranking(test_id))


def _to_json(stored: StoredBlindTest) -> dict[str, Any]:
    return {
        "id": stored.id,
        "title": stored.blind_test.title,
        "entrants": len(stored.blind_test.candidates),
        "author": stored.author,
        "created": stored.created_at.isoformat(),
    }
