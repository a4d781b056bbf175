"""Routes of blind tests, for operators (scope `admin`): pairwise votes between candidates, as a ranking."""

from datetime import datetime
from typing import Annotated, Literal, Self

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import Field

from studio.errors import NotFoundError
from studio.imaging.png_io import encode_png
from studio.recipes.base import FrozenModel
from studio.recipes.evaluation.blind_test import Candidate, Choice
from studio.recipes.history import RowId
from studio.recipes.text_fields import Author, Title
from studio.server.dependencies import Admin, BlindTests, Language, require_admin
from studio.server.schemas import API_PREFIX
from studio.services.background_tasks import State
from studio.services.cost_estimates import Cost
from studio.services.evaluation.blind_test_service import BlindTestService, RenderProgress
from studio.services.evaluation.ranking import Ranking
from studio.store.blind_tests import StoredBlindTest

MAX_INDEX = 10**6
DEFAULT_PAGE, MAX_PAGE = 50, 200
"""Blind tests of one page."""
BlindTestId = Annotated[int, Path(ge=1, le=2**31 - 1)]
VoterQuery = Annotated[Author, Query()]
"""Who votes, where nobody signs in."""

router = APIRouter(
    prefix=f"{API_PREFIX}/blind-tests", tags=["blind tests"], dependencies=[Depends(require_admin)]
)


class BlindTestResponse(FrozenModel):
    id: int
    title: str
    candidates: tuple[Candidate, ...]
    author: str
    created_at: datetime

    @classmethod
    def of(cls, stored: StoredBlindTest) -> Self:
        return cls(
            id=stored.id,
            title=stored.blind_test.title,
            candidates=stored.blind_test.candidates,
            author=stored.author,
            created_at=stored.created_at,
        )


class BlindTestPage(FrozenModel):
    """`next_cursor` is `before` for the next page; null for the last."""

    blind_tests: tuple[BlindTestResponse, ...]
    next_cursor: int | None


class CandidatesRequest(FrozenModel):
    candidates: Annotated[tuple[Candidate, ...], Field(min_length=2, max_length=4)]


class CreateBlindTest(CandidatesRequest):
    """`author` counts where nobody signs in."""

    title: Title
    author: Author = ""


class BlindTestProgressResponse(BlindTestResponse):
    """How many images are rendered, and whether all are; voting starts with the first complete pair."""

    is_complete: bool
    state: State
    stopping: bool
    done: int
    total: int
    message: str
    remaining_seconds: float | None

    @classmethod
    def at(cls, stored: StoredBlindTest, rendering: RenderProgress, language: str) -> Self:
        progress = rendering.progress
        return cls(
            **dict(BlindTestResponse.of(stored)),
            is_complete=rendering.is_complete,
            state="done" if rendering.is_complete else progress.state,
            stopping=progress.stopping,
            done=progress.done,
            total=progress.total,
            message=progress.message.text(language) if progress.message else "",
            remaining_seconds=progress.remaining_seconds,
        )


class MatchupResponse(FrozenModel):
    """A voter's next pair of images: its number, the doodle that both were made from, and how many
    votes he has cast."""

    index: int
    doodle: str
    votes: int


class VoteRequest(FrozenModel):
    """`voter` counts where nobody signs in."""

    voter: Author = ""
    index: Annotated[int, Field(ge=0, le=MAX_INDEX)]
    choice: Choice


@router.get("")
def list_blind_tests(
    blind_tests: BlindTests,
    before: RowId | None = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = DEFAULT_PAGE,
) -> BlindTestPage:
    """One page of the blind tests, newest first; `before` is the `next_cursor` of the page before."""
    stored = blind_tests.list_latest(limit + 1, before)
    page = tuple(map(BlindTestResponse.of, stored[:limit]))
    return BlindTestPage(blind_tests=page, next_cursor=page[-1].id if len(stored) > limit else None)


@router.post("", status_code=201)
def create_blind_test(
    body: CreateBlindTest, operator: Admin, blind_tests: BlindTests
) -> BlindTestResponse:
    """Creates a blind test over the test doodles; its images are rendered while no request is queued."""
    author = operator.author(body.author)
    created = blind_tests.create(body.title, body.candidates, author)
    blind_tests.start_rendering(created.id)
    return BlindTestResponse.of(created)


@router.post("/cost")
def estimate_cost(body: CandidatesRequest, blind_tests: BlindTests) -> Cost:
    """How many images a blind test between these candidates needs; creates none."""
    return blind_tests.cost(body.candidates)


@router.get("/{test_id}")
def get_blind_test(
    test_id: BlindTestId, blind_tests: BlindTests, language: Language
) -> BlindTestProgressResponse:
    """A blind test, and how many of its images are rendered; renders none."""
    stored, progress = blind_tests.get(test_id), blind_tests.progress(test_id)
    return BlindTestProgressResponse.at(stored, progress, language)


@router.get("/{test_id}/cost")
def estimate_remaining_cost(test_id: BlindTestId, blind_tests: BlindTests) -> Cost:
    """How many images of a blind test are not rendered yet."""
    return blind_tests.cost_of(test_id)


@router.post("/{test_id}/render", status_code=202)
def render_missing(
    test_id: BlindTestId, blind_tests: BlindTests, language: Language
) -> BlindTestProgressResponse:
    """Renders the images that are missing, after a restart or a cancellation."""
    stored, progress = blind_tests.get(test_id), blind_tests.start_rendering(test_id)
    return BlindTestProgressResponse.at(stored, progress, language)


@router.get("/{test_id}/matchup")
def get_matchup(
    test_id: BlindTestId, operator: Admin, blind_tests: BlindTests, voter: VoterQuery = ""
) -> MatchupResponse:
    """The voter's next matchup whose images are rendered, blind: it does not say which candidate is on
    which side. 404 while none is."""
    return _next_matchup(test_id, operator.voter(voter), blind_tests)


@router.get("/{test_id}/images/{index}/{side}.png", response_class=Response)
def get_image(
    test_id: BlindTestId,
    index: Annotated[int, Path(ge=0, le=MAX_INDEX)],
    side: Literal["left", "right", "doodle"],
    operator: Admin,
    blind_tests: BlindTests,
    voter: VoterQuery = "",
) -> Response:
    """One image of a voter's matchup, without metadata, which would name the candidate."""
    image = blind_tests.image(test_id, operator.voter(voter), index, side)
    return Response(encode_png(image.convert("RGB")), media_type="image/png")


@router.post("/{test_id}/votes", status_code=201)
def cast_vote(
    test_id: BlindTestId, body: VoteRequest, operator: Admin, blind_tests: BlindTests
) -> MatchupResponse | None:
    """Casts the vote on a matchup; the answer is the next one, null while its images are not rendered."""
    voter = operator.voter(body.voter)
    blind_tests.cast_vote(test_id, voter, body.index, body.choice)
    try:
        return _next_matchup(test_id, voter, blind_tests)
    except NotFoundError:
        return None


@router.get("/{test_id}/ranking")
def get_ranking(test_id: BlindTestId, blind_tests: BlindTests) -> Ranking:
    """Win rates and win probabilities with 95 % intervals, the voters, and how many votes are missing for
    a significant result."""
    return blind_tests.ranking(test_id)


def _next_matchup(test_id: int, voter: str, blind_tests: BlindTestService) -> MatchupResponse:
    index, matchup = blind_tests.next_matchup(test_id, voter)
    votes = blind_tests.count_votes_by(test_id, voter)
    return MatchupResponse(index=index, doodle=matchup.doodle, votes=votes)
