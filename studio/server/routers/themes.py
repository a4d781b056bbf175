"""Presets managed from outside: what the page Themes and `studio presets` do, for a key of scope `manage`."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, FastAPI, Query, Response

from studio.app import AppContainer
from studio.recipes.base import FrozenModel
from studio.recipes.base_image import Slug
from studio.recipes.evaluation.reports import RegressionReport, ReportType, RobustnessReport
from studio.recipes.generation.diff import diff_themes
from studio.recipes.generation.job import RequestId
from studio.recipes.serving.request_status import ApiClient
from studio.recipes.text_fields import LINE, Name, Reason
from studio.recipes.themes.deployment import Deployment, DeploymentSpec, Number, Seen
from studio.recipes.themes.preset import Preset, Slot
from studio.server.bodies import RawBody
from studio.server.openapi import PRESET_FILE
from studio.server.problems import Language
from studio.server.schemas import PREFIX, RequestResponse, to_request_response

MAX_RESULTS = 200
"""Presets that one answer lists; a search finds the rest."""
AuthDependency = Callable[..., ApiClient]


class ThemeResponse(FrozenModel):
    slug: Slug
    name: str
    latest: int
    archived: bool


class ThemeVersionResponse(FrozenModel):
    version: int
    author: str
    message: str
    created_at: datetime


class SelectionCountsResponse(FrozenModel):
    """How often users chose each recipe's picture of one version."""

    version: int
    selections: Mapping[Slot, int]


class ChangeResponse(FrozenModel):
    """One thing that is not as it was; `place` says where, such as "A, Sampling steps"."""

    field_path: str
    before: str
    after: str


class CheckResultResponse(FrozenModel):
    """A line of the gate, with its remedy where it does not pass."""

    level: Literal["pass", "warning", "stop"]
    message: str
    hint: str


class ImportResponse(FrozenModel):
    """`missing` says which models a preset file needs that are not here, and how to get them."""

    slug: Slug
    version: int
    base_images: tuple[str, ...]
    missing: tuple[str, ...]


class RollbackRequest(FrozenModel):
    channel: Slug = "live"
    expected_deployment: Seen | None = None


class BranchRequest(FrozenModel):
    """A branch of a version, under a name of its own; without a slug it gets one of that name."""

    slug: Slug | None = None
    name: Name


class OverrideRequest(FrozenModel):
    """Why a decision does not stand."""

    reason: Reason


class FigureShown(FrozenModel):
    """One nasty doodle; `why` says why there is no picture."""

    doodle: str
    base_image: Slug
    slot: Slot
    score: float | None
    passed: bool
    why: str


class RobustnessShown(FrozenModel):
    cells: tuple[FigureShown, ...]


class EvaluationResponse(FrozenModel):
    """How far a review is; `report` is what the newest that ended found."""

    state: str
    done: int = 0
    total: int = 0
    message: str = ""
    report: RobustnessShown | RegressionReport | None = None


def add_managing(app: FastAPI, studio: AppContainer, who: AuthDependency) -> None:
    routes = APIRouter(prefix=f"{PREFIX}/presets", tags=["presets"], dependencies=[Depends(who)])
    _add_versions(routes, studio, who)
    _add_deployments(routes, studio, who)
    _add_reviews(routes, studio)
    app.include_router(routes)

    @app.post(f"{PREFIX}/requests/{{request_id}}/variants/{{slot}}/withdraw", tags=["requests"])
    def withdraw(
        request_id: RequestId,
        slot: Slot,
        wish: OverrideRequest,
        client: Annotated[ApiClient, Depends(who)],
        language: Language,
    ) -> RequestResponse:
        """Withholds a picture that is shown already: a moderator's later verdict."""
        seen = studio.requests.withdraw(request_id, slot, wish.reason, client.name)
        return to_request_response(seen, language)

    @app.post(f"{PREFIX}/requests/{{request_id}}/variants/{{slot}}/release", tags=["requests"])
    def release(
        request_id: RequestId,
        slot: Slot,
        wish: OverrideRequest,
        client: Annotated[ApiClient, Depends(who)],
        language: Language,
    ) -> RequestResponse:
        """Has a withheld picture shown all the same; one that was never shown is drawn once more."""
        seen = studio.requests.release(request_id, slot, wish.reason, client.name)
        return to_request_response(seen, language)


def _add_versions(routes: APIRouter, studio: AppContainer, who: AuthDependency) -> None:
    presets = studio.themes

    @routes.get("")
    def listed(
        text: Annotated[str, Query(max_length=80), LINE] = "", archived: bool = False
    ) -> list[ThemeResponse]:
        """Presets whose name or slug holds `text`."""
        found = presets.list_summaries(text, archived, MAX_RESULTS)
        return [ThemeResponse(slug=e.slug, name=e.name, latest=e.latest_version, archived=e.archived) for e in found]  # fmt: skip

    @routes.post("", status_code=201, openapi_extra=PRESET_FILE)
    def take_in(
        data: RawBody, client: Annotated[ApiClient, Depends(who)], language: Language
    ) -> ImportResponse:
        """A preset file as `studio presets export` writes it becomes the next version of its slug."""
        taken = studio.theme_transfer.import_theme(data, "the preset file", client.name)
        return ImportResponse(
            slug=taken.version.preset.slug, version=taken.version.version,
            base_images=tuple(taken.base_images), missing=tuple(each.text(language) for each in taken.missing),
        )  # fmt: skip

    @routes.get("/{slug}/versions")
    def versions(slug: Slug) -> list[ThemeVersionResponse]:
        return [
            ThemeVersionResponse(
                version=e.version, author=e.author, message=e.message, created_at=e.created_at
            )
            for e in presets.list_version_summaries(slug)
        ]

    @routes.get("/{slug}/versions/{number}")
    def version(slug: Slug, number: Number) -> Preset:
        return presets.get_version(slug, number).preset

    @routes.get("/{slug}/versions/{number}/file", response_class=Response)
    def file(slug: Slug, number: Number, bases: bool = False) -> Response:
        """As a file that another studio takes in, with its base images where asked for."""
        return Response(
            studio.theme_transfer.export(slug, number, bases), media_type="application/json"
        )

    @routes.get("/{slug}/diff")
    def diff(slug: Slug, before: Number, after: Number, language: Language) -> list[ChangeResponse]:
        old, new = (presets.get_version(slug, number).preset for number in (before, after))
        changes = (change.texts(language) for change in diff_themes(old, new))
        return [ChangeResponse(field_path=p, before=b, after=a) for p, b, a in changes]

    @routes.post("/{slug}/versions/{number}/branch", status_code=201)
    def branch(slug: Slug, number: Number, wish: BranchRequest, client: Annotated[ApiClient, Depends(who)]) -> ThemeResponse:  # fmt: skip
        new = wish.slug or presets.slug_for(wish.name.strip())
        made = presets.branch(slug, number, new, wish.name, client.name)
        return ThemeResponse(slug=made.preset.slug, name=made.preset.name, latest=made.version, archived=False)  # fmt: skip

    @routes.put("/{slug}/name")
    def rename(slug: Slug, name: Annotated[Name, Query()], client: Annotated[ApiClient, Depends(who)]) -> ThemeVersionResponse:  # fmt: skip
        made = presets.rename(slug, name, client.name)
        return ThemeVersionResponse(
            version=made.version,
            author=made.author,
            message=made.message,
            created_at=made.created_at,
        )

    @routes.put("/{slug}/archived")
    def archive(slug: Slug, archived: bool) -> dict[str, bool]:
        """Out of the lists, or back; a theme that is served is not archived."""
        studio.deployments.archive(slug, archived)
        return {"archived": archived}


def _add_deployments(routes: APIRouter, studio: AppContainer, who: AuthDependency) -> None:
    deploying = studio.deployments

    @routes.get("/{slug}/versions/{number}/check")
    def check(slug: Slug, number: Number, language: Language) -> list[CheckResultResponse]:
        """The gate: what must be so before the version is served, what had better be."""
        found = deploying.run_checks(slug, number)
        return [
            CheckResultResponse(
                level=each.level,
                message=each.message.text(language),
                hint=each.hint.text(language) if each.hint else "",
            )
            for each in found
        ]

    @routes.get("/{slug}/picks")
    def picks(slug: Slug) -> list[SelectionCountsResponse]:
        """What users of the app chose, the newest version first."""
        studio.themes.get_version(slug)
        found = sorted(studio.requests.jobs.selection_counts(slug).items(), reverse=True)
        return [
            SelectionCountsResponse(version=number, selections=chosen) for number, chosen in found
        ]

    @routes.get("/{slug}/deployments")
    def log(slug: Slug) -> Sequence[Deployment]:
        """Who had what served, the newest first."""
        return deploying.deployments.list_all(slug)

    @routes.post("/{slug}/deployments", status_code=201)
    def deploy(
        slug: Slug,
        order: DeploymentSpec,
        client: Annotated[ApiClient, Depends(who)],
        over: Seen | None = None,
    ) -> Deployment:
        """Serves a version; `over` is the newest deployment that was seen, so that of two at once one
        is told."""
        return deploying.deploy(order.model_copy(update={"slug": slug, "author": client.name}), over)  # fmt: skip

    @routes.post("/{slug}/rollback", status_code=201)
    def roll_back(
        slug: Slug, wish: RollbackRequest, client: Annotated[ApiClient, Depends(who)]
    ) -> Deployment:
        """What was served before, at once."""
        return deploying.rollback(slug, wish.channel, client.name, wish.expected_deployment)

    @routes.post("/{slug}/stop", status_code=201)
    def stop(
        slug: Slug, wish: RollbackRequest, client: Annotated[ApiClient, Depends(who)]
    ) -> Deployment:
        """Serves the theme no more."""
        return deploying.undeploy(slug, wish.channel, client.name)


def _add_reviews(routes: APIRouter, studio: AppContainer) -> None:
    reviewing = studio.evaluations

    @routes.post("/{slug}/versions/{number}/robustness", status_code=202)
    def test_robustness(slug: Slug, number: Number) -> EvaluationResponse:
        """Begins the pack of nasty doodles, drawn by this process when nothing else waits."""
        reviewing.start(slug, number, "robustness")
        return EvaluationResponse(state="running")

    @routes.get("/{slug}/versions/{number}/robustness")
    def robustness(slug: Slug, number: Number, language: Language) -> EvaluationResponse:
        found = reviewing.robustness(slug, number)
        report = None if found is None else _robustness_shown(found, language)
        return _review(slug, number, "robustness", report, language)

    @routes.post("/{slug}/versions/{number}/sheet", status_code=202)
    def draw_sheet(slug: Slug, number: Number, against: Number | None = None) -> EvaluationResponse:
        """Begins the regression sheet beside what is served, or beside `against`."""
        reviewing.start(slug, number, "regression", against)
        return EvaluationResponse(state="running")

    @routes.get("/{slug}/versions/{number}/sheet")
    def sheet(slug: Slug, number: Number, language: Language) -> EvaluationResponse:
        """What the sheet found; to be seen it is looked at on the page Themes."""
        return _review(slug, number, "regression", reviewing.regression(slug, number), language)

    def _review(
        slug: Slug,
        number: int,
        kind: ReportType,
        report: RobustnessShown | RegressionReport | None,
        language: str,
    ) -> EvaluationResponse:
        found = reviewing.progress(slug, number, kind)
        if found is None:
            return EvaluationResponse(state="none" if report is None else "done", report=report)
        return EvaluationResponse(
            state=found.state,
            done=found.done,
            total=found.total,
            message=found.message.text(language) if found.message else "",
            report=report,
        )


def _robustness_shown(found: RobustnessReport, language: str) -> RobustnessShown:
    return RobustnessShown(
        cells=tuple(
            FigureShown(
                doodle=each.doodle,
                base_image=each.base_image,
                slot=each.slot,
                score=each.score,
                passed=each.passed,
                why=each.failure_reason.text(language) if each.failure_reason else "",
            )
            for each in found.cases
        )
    )
