"""Routes of the robustness and regression suites of a theme version, for operators (scope `admin`)."""

from fastapi import APIRouter, Depends

from studio.recipes.base_image import Slug
from studio.recipes.evaluation.reports import RegressionReport, ReportType
from studio.recipes.themes.deployment import VersionNumber
from studio.server.admin_schemas import EvaluationResponse, ReviewerRequest, RobustnessResponse
from studio.server.dependencies import Admin, Evaluations, Language, require_admin
from studio.server.routers.themes import ADMIN_THEMES
from studio.services.cost_estimates import Cost
from studio.services.evaluation.evaluation_service import EvaluationService

router = APIRouter(
    prefix=f"{ADMIN_THEMES}/{{slug}}/versions/{{version}}",
    tags=["evaluations"],
    dependencies=[Depends(require_admin)],
)


@router.post("/robustness", status_code=202)
def start_robustness(
    slug: Slug, version: VersionNumber, evaluations: Evaluations
) -> EvaluationResponse:
    """Starts the robustness suite (adversarial doodles); it is rendered while no request is queued."""
    evaluations.start(slug, version, "robustness")
    return EvaluationResponse(state="running")


@router.get("/robustness")
def get_robustness(
    slug: Slug, version: VersionNumber, evaluations: Evaluations, language: Language
) -> EvaluationResponse:
    """The progress of the robustness suite, and its latest report."""
    report = evaluations.robustness(slug, version)
    response = None if report is None else RobustnessResponse.of(report, language)
    return _to_response(evaluations, slug, version, "robustness", response, language)


@router.post("/regression", status_code=202)
def start_regression(
    slug: Slug,
    version: VersionNumber,
    evaluations: Evaluations,
    baseline: VersionNumber | None = None,
) -> EvaluationResponse:
    """Starts the regression suite: the version compared with `baseline`, by default the deployed one."""
    evaluations.start(slug, version, "regression", baseline)
    return EvaluationResponse(state="running")


@router.get("/regression")
def get_regression(
    slug: Slug, version: VersionNumber, evaluations: Evaluations, language: Language
) -> EvaluationResponse:
    """The progress of the regression suite, and its latest report; the page Themes shows its images."""
    report = evaluations.regression(slug, version)
    return _to_response(evaluations, slug, version, "regression", report, language)


@router.post("/regression/reviewed")
def mark_reviewed(
    slug: Slug,
    version: VersionNumber,
    body: ReviewerRequest,
    operator: Admin,
    evaluations: Evaluations,
) -> ReviewerRequest:
    """Records who has reviewed the regression report, which the preflight checks ask for."""
    reviewer = operator.required_author(body.reviewer)
    evaluations.mark_reviewed(slug, version, reviewer)
    return ReviewerRequest(reviewer=reviewer)


@router.get("/{kind}/cost")
def estimate_cost(
    slug: Slug, version: VersionNumber, kind: ReportType, evaluations: Evaluations
) -> Cost:
    """How many images a suite needs; starts nothing."""
    return evaluations.cost(slug, version, kind)


@router.post("/{kind}/cancel", status_code=202)
def cancel(
    slug: Slug, version: VersionNumber, kind: ReportType, evaluations: Evaluations
) -> EvaluationResponse:
    """Cancels a suite after the current image."""
    evaluations.stop(slug, version, kind)
    return EvaluationResponse(state="stopping")


def _to_response(
    evaluations: EvaluationService,
    slug: Slug,
    version: int,
    kind: ReportType,
    report: RobustnessResponse | RegressionReport | None,
    language: str,
) -> EvaluationResponse:
    progress = evaluations.progress(slug, version, kind)
    if progress is None:
        return EvaluationResponse(state="none" if report is None else "done", report=report)
    return EvaluationResponse(
        state=progress.state,
        done=progress.done,
        total=progress.total,
        message=progress.message.text(language) if progress.message else "",
        report=report,
    )
