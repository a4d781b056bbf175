"""Routes that deploy theme versions, for operators (scope `admin`): preflight, deploy, roll back, undeploy."""

from collections.abc import Sequence

from fastapi import APIRouter, Depends

from studio.recipes.base_image import Slug
from studio.recipes.themes.deployment import Deployment, ExpectedDeploymentId, VersionNumber
from studio.server.admin_schemas import (
    CheckResultResponse,
    DeploymentRequest,
    RollbackRequest,
)
from studio.server.dependencies import Admin, Deployments, Language, require_admin
from studio.server.routers.themes import ADMIN_THEMES

router = APIRouter(prefix=ADMIN_THEMES, tags=["deployments"], dependencies=[Depends(require_admin)])


@router.get("/{slug}/versions/{version}/check")
def run_preflight(
    slug: Slug, version: VersionNumber, deployments: Deployments, language: Language
) -> list[CheckResultResponse]:
    """Preflight checks of a version: what must hold before it is deployed, and what should."""
    results = deployments.run_checks(slug, version)
    return [CheckResultResponse.of(result, language) for result in results]


@router.get("/{slug}/deployments")
def list_deployments(slug: Slug, deployments: Deployments) -> Sequence[Deployment]:
    """The deployment log of a theme, latest first."""
    return deployments.list_deployments(slug)


@router.post("/{slug}/deployments", status_code=201)
def deploy(
    slug: Slug,
    body: DeploymentRequest,
    operator: Admin,
    deployments: Deployments,
    expected_deployment: ExpectedDeploymentId | None = None,
) -> Deployment:
    """Deploys a version. `expected_deployment` is the id of the latest deployment that the caller saw
    (optimistic concurrency): if there is a later one by now, nothing is deployed and the answer is 409."""
    spec = body.to_spec(slug, operator.required_author(body.author))
    acknowledged = body.acknowledged
    if operator.is_person:
        acknowledged = acknowledged or {}
    return deployments.deploy(spec, expected_deployment, acknowledged)


@router.post("/{slug}/rollback", status_code=201)
def roll_back(
    slug: Slug, body: RollbackRequest, operator: Admin, deployments: Deployments
) -> Deployment:
    """Deploys the version that was deployed before, at once."""
    author = operator.required_author(body.author)
    return deployments.rollback(slug, body.channel, author, body.expected_deployment)


@router.post("/{slug}/undeploy", status_code=201)
def undeploy(
    slug: Slug, body: RollbackRequest, operator: Admin, deployments: Deployments
) -> Deployment:
    """Takes the theme off a channel."""
    return deployments.undeploy(slug, body.channel, operator.required_author(body.author))
