"""The page Themes, evaluations: cost, start, progress and report of the robustness and regression suites."""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from studio.errors import NotFoundError
from studio.messages import in_language
from studio.recipes.base import FrozenModel
from studio.recipes.base_image import Slug
from studio.recipes.evaluation.reports import ReportType
from studio.recipes.text_fields import Author
from studio.recipes.themes.deployment import VersionNumber
from studio.server.auth.session import CurrentUser
from studio.server.csrf import CSRF_HEADER
from studio.server.dependencies import Evaluations, Language, Themes
from studio.server.pages.theme_deployments import resolve_author
from studio.services.evaluation.regression_report import render_html

router = APIRouter(prefix="/themes/{slug}/{version}")


class MarkReviewed(FrozenModel):
    reviewer: Author = ""


@router.get("/reviews/{kind}/cost")
def estimate_cost(
    slug: Slug, version: VersionNumber, kind: ReportType, evaluations: Evaluations
) -> dict[str, Any]:
    """How many images a suite needs; starts nothing."""
    return asdict(evaluations.cost(slug, version, kind))


@router.post("/reviews/{kind}", dependencies=[CSRF_HEADER])
def start(
    slug: Slug, version: VersionNumber, kind: ReportType, evaluations: Evaluations
) -> dict[str, str]:
    """Starts a suite in the background."""
    evaluations.start(slug, version, kind)
    return {"state": "running"}


@router.get("/reviews/{kind}")
def get_progress(
    slug: Slug,
    version: VersionNumber,
    kind: ReportType,
    evaluations: Evaluations,
    language: Language,
) -> dict[str, Any]:
    """The progress of a suite."""
    progress = evaluations.progress(slug, version, kind)
    return {"state": "none"} if progress is None else in_language(progress, language)


@router.post("/reviews/{kind}/stop", dependencies=[CSRF_HEADER])
def cancel(
    slug: Slug, version: VersionNumber, kind: ReportType, evaluations: Evaluations
) -> dict[str, str]:
    """Cancels a suite after the current image."""
    evaluations.stop(slug, version, kind)
    return {"state": "stopping"}


@router.get("/sheet")
def show_regression_report(
    slug: Slug, version: VersionNumber, evaluations: Evaluations, themes: Themes, language: Language
) -> HTMLResponse:
    """The regression report as a page to look at, with its images from the render cache."""
    report = evaluations.regression(slug, version)
    if report is None:
        raise NotFoundError("theme.no_regression_sheet", number=version, theme=slug)
    theme_version = themes.get_version(slug, version)
    run = evaluations.load_images(theme_version, report)
    return HTMLResponse(render_html(run, theme_version, language))


@router.post("/sheet/seen", dependencies=[CSRF_HEADER])
def mark_reviewed(
    slug: Slug,
    version: VersionNumber,
    body: MarkReviewed,
    user: CurrentUser,
    evaluations: Evaluations,
) -> dict[str, str]:
    """Records who has reviewed the regression report, which the preflight check asks for."""
    reviewer = resolve_author(user, body.reviewer)
    evaluations.mark_reviewed(slug, version, reviewer)
    return {"by": reviewer}
