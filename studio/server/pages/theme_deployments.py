"""The page Themes, deployments: preflight checks, deploy, roll back, undeploy."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from studio.errors import InvalidInputError
from studio.messages import in_language
from studio.recipes.base import FrozenModel
from studio.recipes.base_image import Slug
from studio.recipes.text_fields import TEXT, Author
from studio.recipes.themes.deployment import DeploymentSpec, ExpectedDeploymentId, VersionNumber
from studio.server.auth.session import CurrentUser
from studio.server.csrf import CSRF_HEADER
from studio.server.dependencies import Deployments, Language
from studio.server.pages.theme_json import deployment_json

AcknowledgedTexts = Annotated[
    tuple[Annotated[str, Field(max_length=2000), TEXT], ...], Field(max_length=200)
]
"""The texts of one version's check results."""

router = APIRouter(prefix="/themes")


class DeployTheme(FrozenModel):
    """A deployment of the theme in the URL.

    Attributes:
        spec: what to deploy.
        expected_deployment: id of the latest deployment that the operator saw (optimistic concurrency: 409 if
            there is a later one).
        acknowledged: the check results that the operator has confirmed, by version.
    """

    spec: DeploymentSpec
    expected_deployment: ExpectedDeploymentId | None = None
    acknowledged: Annotated[Mapping[VersionNumber, AcknowledgedTexts], Field(max_length=2)] = {}


class RollbackRequest(FrozenModel):
    channel: Slug = "live"
    author: Author = ""
    expected_deployment: ExpectedDeploymentId | None = None


@router.get("/{slug}/{version}/check")
def run_preflight(
    slug: Slug, version: VersionNumber, deployments: Deployments, language: Language
) -> list[dict[str, Any]]:
    """The preflight checks of a version."""
    return [in_language(result, language) for result in deployments.run_checks(slug, version)]


@router.post("/{slug}/deploy", dependencies=[CSRF_HEADER])
def deploy(
    slug: Slug, body: DeployTheme, user: CurrentUser, deployments: Deployments
) -> dict[str, Any]:
    """Deploys a version."""
    author = resolve_author(user, body.spec.author)
    spec = body.spec.model_copy(update={"slug": slug, "author": author})
    deployed = deployments.deploy(spec, body.expected_deployment, body.acknowledged)
    return deployment_json(deployed)


@router.post("/{slug}/rollback", dependencies=[CSRF_HEADER])
def roll_back(
    slug: Slug, body: RollbackRequest, user: CurrentUser, deployments: Deployments
) -> dict[str, Any]:
    """Deploys the version that was deployed before."""
    author = resolve_author(user, body.author)
    deployed = deployments.rollback(slug, body.channel, author, body.expected_deployment)
    return deployment_json(deployed)


@router.post("/{slug}/stop", dependencies=[CSRF_HEADER])
def undeploy(
    slug: Slug, body: RollbackRequest, user: CurrentUser, deployments: Deployments
) -> dict[str, Any]:
    """Takes the theme off a channel."""
    author = resolve_author(user, body.author)
    return deployment_json(deployments.undeploy(slug, body.channel, author))


def resolve_author(user: str, typed: str) -> str:
    """The signed-in user, else the name that was typed. Raises InvalidInputError for neither."""
    author = user or typed.strip()
    if not author:
        raise InvalidInputError("theme.who_does_this")
    return author
