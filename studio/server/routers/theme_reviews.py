"""Routes of a version's review, for operators (scope `admin`): its images beside the live ones, comments, approval."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response

from studio.recipes.base_image import Slug
from studio.recipes.evaluation.reports import RegressionReport
from studio.recipes.themes.deployment import VersionNumber
from studio.recipes.themes.review import Review, approvals, review_state
from studio.server.dependencies import (
    Admin,
    Evaluations,
    ThemeReviews,
    Themes,
    ThemeThumbnails,
    require_admin,
)
from studio.server.routers.themes import ADMIN_THEMES
from studio.server.schemas import API_PREFIX
from studio.server.theme_schemas import (
    ComparedImageResponse,
    ComparedRowResponse,
    RegressionSummary,
    ReviewRequest,
    ReviewsResponse,
    VersionComparisonResponse,
)
from studio.server.thumbnail_responses import IfNoneMatch, ThumbnailSize, thumbnail_response
from studio.services.evaluation.evaluation_service import VersionComparison

RENDERED = f"{API_PREFIX}/admin/rendered-images"
SAMPLE_DOODLES = f"{API_PREFIX}/admin/sample-doodles"

router = APIRouter(tags=["theme reviews"], dependencies=[Depends(require_admin)])
_VERSION = f"{ADMIN_THEMES}/{{slug}}/versions/{{version}}"


@router.get(f"{_VERSION}/reviews")
def list_reviews(
    slug: Slug, version: VersionNumber, themes: Themes, reviews: ThemeReviews
) -> ReviewsResponse:
    """The comments on a version and the decisions about it, oldest first."""
    themes.get_version(slug, version)  # Raises NotFoundError.
    log = reviews.list_for_version(slug, version)
    return ReviewsResponse(
        state=review_state(entry.spec.kind for entry in log),
        reviews=tuple(log),
        approvals=approvals(log),
    )


@router.post(f"{_VERSION}/reviews", status_code=201)
def add_review(
    slug: Slug,
    version: VersionNumber,
    body: ReviewRequest,
    operator: Admin,
    reviews: ThemeReviews,
    evaluations: Evaluations,
) -> Review:
    """Comments on a version, asks for its review, requests changes or approves it.

    Who approves has seen the images of the regression suite: their report counts as reviewed.
    """
    author = operator.required_author(body.author)
    review = reviews.add(slug, version, body.to_spec(author))
    if body.kind == "approve" and evaluations.regression(slug, version) is not None:
        evaluations.mark_reviewed(slug, version, author)
    return review


@router.get(f"{_VERSION}/comparison")
def compare_images(
    slug: Slug, version: VersionNumber, evaluations: Evaluations
) -> VersionComparisonResponse:
    """A version's images of the regression suite beside those of the version it would replace."""
    return _to_response(evaluations.compare(slug, version), evaluations.regression(slug, version))


@router.get(f"{RENDERED}/{{key}}.webp", response_class=Response)
def get_rendered_image(
    key: Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")],
    images: ThemeThumbnails,
    size: ThumbnailSize = 384,
    if_none_match: IfNoneMatch = "",
) -> Response:
    """An image of an evaluation, reduced; its address names everything that decides its pixels."""
    return thumbnail_response(images.cached(key, size), if_none_match, immutable=True)


@router.get(f"{SAMPLE_DOODLES}/{{name}}.webp", response_class=Response)
def get_sample_doodle(
    name: Slug,
    images: ThemeThumbnails,
    size: ThumbnailSize = 192,
    if_none_match: IfNoneMatch = "",
) -> Response:
    """A sample doodle on the base image it was drawn on, reduced."""
    return thumbnail_response(images.doodle(name, size), if_none_match)


def _to_response(
    comparison: VersionComparison, report: RegressionReport | None
) -> VersionComparisonResponse:
    rows: dict[tuple[str, int], list[ComparedImageResponse]] = {}
    for image in comparison.images:
        rows.setdefault((image.doodle, image.seed), []).append(
            ComparedImageResponse(
                slot=image.slot,
                image=_address(image.image),
                baseline_image=_address(image.baseline_image),
                delta_e=image.delta_e,
            )
        )
    needs_baseline = comparison.baseline_version is not None
    return VersionComparisonResponse(
        baseline_version=comparison.baseline_version,
        report=None if report is None else RegressionSummary.of(report),
        complete=all(
            image.image and (image.baseline_image or not needs_baseline)
            for image in comparison.images
        ),
        rows=tuple(
            ComparedRowResponse(
                doodle=doodle,
                doodle_image=f"{SAMPLE_DOODLES}/{doodle}.webp",
                seed=seed,
                images=tuple(images),
            )
            for (doodle, seed), images in rows.items()
        ),
    )


def _address(key: str | None) -> str | None:
    return None if key is None else f"{RENDERED}/{key}.webp"
