"""Presets managed from outside: what the page Themes and `studio presets` do, for a key of scope `manage`."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response

from studio.api.document import PRESET_FILE
from studio.api.problems import Language
from studio.api.wire import PREFIX, RequestShown, request_shown
from studio.bootstrap import Studio
from studio.recipes.base import Frozen
from studio.recipes.canvas import Slug
from studio.recipes.deployment import Deployment, Number, Order, Seen
from studio.recipes.differing import differences
from studio.recipes.preset import Letter, Preset
from studio.recipes.reports import Regression, ReportKind, Robustness
from studio.recipes.request import RequestId
from studio.recipes.serving import Client
from studio.recipes.text import LINE, Name, Reason


async def _body(request: Request) -> bytes:
    return await request.body()


RawBody = Annotated[bytes, Depends(_body)]
"""What a request brings, as it came; the route works on it in a thread."""
MOST = 200
"""Presets that one answer lists; a search finds the rest."""
Who = Callable[..., Client]


class PresetShown(Frozen):
    slug: Slug
    name: str
    latest: int
    archived: bool


class VersionShown(Frozen):
    number: int
    author: str
    note: str
    created: datetime


class PicksShown(Frozen):
    """How often users chose each recipe's picture of one version."""

    number: int
    picks: Mapping[Letter, int]


class ChangeShown(Frozen):
    """One thing that is not as it was; `place` says where, such as "A, Sampling steps"."""

    place: str
    before: str
    after: str


class FindingShown(Frozen):
    """A line of the gate, with its remedy where it does not pass."""

    level: Literal["pass", "warning", "stop"]
    what: str
    remedy: str


class TakenInShown(Frozen):
    """`missing` says which models a preset file needs that are not here, and how to get them."""

    slug: Slug
    number: int
    base_images: tuple[str, ...]
    missing: tuple[str, ...]


class Back(Frozen):
    channel: Slug = "live"
    over: Seen | None = None


class Named(Frozen):
    """A branch of a version, under a name of its own; without a slug it gets one of that name."""

    slug: Slug | None = None
    name: Name


class Overruling(Frozen):
    """Why a decision does not stand."""

    reason: Reason


class FigureShown(Frozen):
    """One nasty doodle; `why` says why there is no picture."""

    doodle: str
    base_image: Slug
    letter: Letter
    score: float | None
    kept: bool
    why: str


class RobustnessShown(Frozen):
    cells: tuple[FigureShown, ...]


class ReviewShown(Frozen):
    """How far a review is; `report` is what the newest that ended found."""

    state: str
    done: int = 0
    total: int = 0
    message: str = ""
    report: RobustnessShown | Regression | None = None


def add_managing(app: FastAPI, studio: Studio, who: Who) -> None:
    routes = APIRouter(prefix=f"{PREFIX}/presets", tags=["presets"], dependencies=[Depends(who)])
    _add_versions(routes, studio, who)
    _add_deployments(routes, studio, who)
    _add_reviews(routes, studio)
    app.include_router(routes)

    @app.post(f"{PREFIX}/requests/{{request_id}}/variants/{{letter}}/withdraw", tags=["requests"])
    def withdraw(
        request_id: RequestId,
        letter: Letter,
        wish: Overruling,
        client: Annotated[Client, Depends(who)],
        language: Language,
    ) -> RequestShown:
        """Withholds a picture that is shown already: a moderator's later verdict."""
        seen = studio.serving.withdraw(request_id, letter, wish.reason, client.name)
        return request_shown(seen, language)

    @app.post(f"{PREFIX}/requests/{{request_id}}/variants/{{letter}}/release", tags=["requests"])
    def release(
        request_id: RequestId,
        letter: Letter,
        wish: Overruling,
        client: Annotated[Client, Depends(who)],
        language: Language,
    ) -> RequestShown:
        """Has a withheld picture shown all the same; one that was never shown is drawn once more."""
        seen = studio.serving.release(request_id, letter, wish.reason, client.name)
        return request_shown(seen, language)


def _add_versions(routes: APIRouter, studio: Studio, who: Who) -> None:
    presets = studio.presets

    @routes.get("")
    def listed(
        text: Annotated[str, Query(max_length=80), LINE] = "", archived: bool = False
    ) -> list[PresetShown]:
        """Presets whose name or slug holds `text`."""
        found = presets.summaries(text, archived, MOST)
        return [PresetShown(slug=e.slug, name=e.name, latest=e.latest, archived=e.archived) for e in found]  # fmt: skip

    @routes.post("", status_code=201, openapi_extra=PRESET_FILE)
    def take_in(
        data: RawBody, client: Annotated[Client, Depends(who)], language: Language
    ) -> TakenInShown:
        """A preset file as `studio presets export` writes it becomes the next version of its slug."""
        taken = studio.packaging.take_in(data, "the preset file", client.name)
        return TakenInShown(
            slug=taken.version.preset.slug, number=taken.version.number,
            base_images=tuple(taken.base_images), missing=tuple(each.text(language) for each in taken.missing),
        )  # fmt: skip

    @routes.get("/{slug}/versions")
    def versions(slug: Slug) -> list[VersionShown]:
        return [
            VersionShown(number=e.number, author=e.author, note=e.note, created=e.created)
            for e in presets.history(slug)
        ]

    @routes.get("/{slug}/versions/{number}")
    def version(slug: Slug, number: Number) -> Preset:
        return presets.version(slug, number).preset

    @routes.get("/{slug}/versions/{number}/file", response_class=Response)
    def file(slug: Slug, number: Number, bases: bool = False) -> Response:
        """As a file that another studio takes in, with its base images where asked for."""
        return Response(studio.packaging.export(slug, number, bases), media_type="application/json")

    @routes.get("/{slug}/diff")
    def diff(slug: Slug, before: Number, after: Number, language: Language) -> list[ChangeShown]:
        old, new = (presets.version(slug, number).preset for number in (before, after))
        changes = (change.texts(language) for change in differences(old, new))
        return [ChangeShown(place=p, before=b, after=a) for p, b, a in changes]

    @routes.post("/{slug}/versions/{number}/branch", status_code=201)
    def branch(slug: Slug, number: Number, wish: Named, client: Annotated[Client, Depends(who)]) -> PresetShown:  # fmt: skip
        new = wish.slug or presets.slug_for(wish.name.strip())
        made = presets.branch(slug, number, new, wish.name, client.name)
        return PresetShown(slug=made.preset.slug, name=made.preset.name, latest=made.number, archived=False)  # fmt: skip

    @routes.put("/{slug}/name")
    def rename(slug: Slug, name: Annotated[Name, Query()], client: Annotated[Client, Depends(who)]) -> VersionShown:  # fmt: skip
        made = presets.rename(slug, name, client.name)
        return VersionShown(
            number=made.number, author=made.author, note=made.note, created=made.created
        )

    @routes.put("/{slug}/archived")
    def archive(slug: Slug, archived: bool) -> dict[str, bool]:
        """Out of the lists, or back; a theme that is served is not archived."""
        studio.deploying.archive(slug, archived)
        return {"archived": archived}


def _add_deployments(routes: APIRouter, studio: Studio, who: Who) -> None:
    deploying = studio.deploying

    @routes.get("/{slug}/versions/{number}/check")
    def check(slug: Slug, number: Number, language: Language) -> list[FindingShown]:
        """The gate: what must be so before the version is served, what had better be."""
        found = deploying.check(slug, number)
        return [
            FindingShown(
                level=each.level,
                what=each.what.text(language),
                remedy=each.remedy.text(language) if each.remedy else "",
            )
            for each in found
        ]

    @routes.get("/{slug}/picks")
    def picks(slug: Slug) -> list[PicksShown]:
        """What users of the app chose, the newest version first."""
        studio.presets.version(slug)
        found = sorted(studio.serving.jobs.picks(slug).items(), reverse=True)
        return [PicksShown(number=number, picks=chosen) for number, chosen in found]

    @routes.get("/{slug}/deployments")
    def log(slug: Slug) -> Sequence[Deployment]:
        """Who had what served, the newest first."""
        return deploying.deployments.log(slug)

    @routes.post("/{slug}/deployments", status_code=201)
    def deploy(
        slug: Slug, order: Order, client: Annotated[Client, Depends(who)], over: Seen | None = None
    ) -> Deployment:
        """Serves a version; `over` is the newest deployment that was seen, so that of two at once one
        is told."""
        return deploying.deploy(order.model_copy(update={"slug": slug, "author": client.name}), over)  # fmt: skip

    @routes.post("/{slug}/rollback", status_code=201)
    def roll_back(slug: Slug, wish: Back, client: Annotated[Client, Depends(who)]) -> Deployment:
        """What was served before, at once."""
        return deploying.roll_back(slug, wish.channel, client.name, wish.over)

    @routes.post("/{slug}/stop", status_code=201)
    def stop(slug: Slug, wish: Back, client: Annotated[Client, Depends(who)]) -> Deployment:
        """Serves the theme no more."""
        return deploying.take_down(slug, wish.channel, client.name)


def _add_reviews(routes: APIRouter, studio: Studio) -> None:
    reviewing = studio.reviewing

    @routes.post("/{slug}/versions/{number}/robustness", status_code=202)
    def test_robustness(slug: Slug, number: Number) -> ReviewShown:
        """Begins the pack of nasty doodles, drawn by this process when nothing else waits."""
        reviewing.begin(slug, number, "robustness")
        return ReviewShown(state="running")

    @routes.get("/{slug}/versions/{number}/robustness")
    def robustness(slug: Slug, number: Number, language: Language) -> ReviewShown:
        found = reviewing.robustness(slug, number)
        report = None if found is None else _robustness_shown(found, language)
        return _review(slug, number, "robustness", report, language)

    @routes.post("/{slug}/versions/{number}/sheet", status_code=202)
    def draw_sheet(slug: Slug, number: Number, against: Number | None = None) -> ReviewShown:
        """Begins the regression sheet beside what is served, or beside `against`."""
        reviewing.begin(slug, number, "regression", against)
        return ReviewShown(state="running")

    @routes.get("/{slug}/versions/{number}/sheet")
    def sheet(slug: Slug, number: Number, language: Language) -> ReviewShown:
        """What the sheet found; to be seen it is looked at on the page Themes."""
        return _review(slug, number, "regression", reviewing.regression(slug, number), language)

    def _review(
        slug: Slug,
        number: int,
        kind: ReportKind,
        report: RobustnessShown | Regression | None,
        language: str,
    ) -> ReviewShown:
        found = reviewing.progress(slug, number, kind)
        if found is None:
            return ReviewShown(state="none" if report is None else "done", report=report)
        return ReviewShown(
            state=found.state,
            done=found.done,
            total=found.total,
            message=found.message.text(language) if found.message else "",
            report=report,
        )


def _robustness_shown(found: Robustness, language: str) -> RobustnessShown:
    return RobustnessShown(
        cells=tuple(
            FigureShown(
                doodle=each.doodle,
                base_image=each.base_image,
                letter=each.letter,
                score=each.score,
                kept=each.kept,
                why=each.why.text(language) if each.why else "",
            )
            for each in found.cells
        )
    )
