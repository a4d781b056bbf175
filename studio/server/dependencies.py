"""Dependencies of the routes: services, the client whose API key was sent, the reader's language.

All of them are coroutines: FastAPI runs a plain function in a worker thread, of which there are few.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

from fastapi import Depends, FastAPI, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from studio.app import AppContainer
from studio.composition.rendering import RenderingServices
from studio.locales.negotiation import language_of
from studio.recipes.serving.request_status import ApiClient, Scope
from studio.server.event_hub import EventHub
from studio.server.problems import AuthenticationError, PermissionDeniedError
from studio.services.evaluation.blind_test_service import BlindTestService
from studio.services.evaluation.evaluation_service import EvaluationService
from studio.services.evaluation.tuning_service import TuningService
from studio.services.requests.queue_maintenance import QueueMaintenance
from studio.services.requests.request_events import RequestEvents
from studio.services.requests.request_service import RequestService
from studio.services.requests.variant_review import VariantReviewService
from studio.services.themes.deployment_service import DeploymentService
from studio.services.themes.theme_transfer import ThemeImportExport
from studio.store.base_images import BaseImageStore
from studio.store.themes import ThemeStore

Service = TypeVar("Service")

_bearer = HTTPBearer(auto_error=False, description="The API key of a client.")


def set_container(app: FastAPI, container: AppContainer) -> None:
    """Sets the services that the routes of `app` work on."""
    app.state.container = container


async def get_container(request: Request) -> AppContainer:
    container: AppContainer = request.app.state.container
    return container


def _from_container(
    select: Callable[[AppContainer], Service],
) -> Callable[[Request], Awaitable[Service]]:
    async def dependency(request: Request) -> Service:
        return select(request.app.state.container)

    return dependency


Container = Annotated[AppContainer, Depends(get_container)]
Requests = Annotated[
    RequestService, Depends(_from_container(lambda studio: studio.serving.requests))
]
Themes = Annotated[ThemeStore, Depends(_from_container(lambda studio: studio.stores.themes))]
ThemeTransfer = Annotated[
    ThemeImportExport, Depends(_from_container(lambda studio: studio.authoring.transfer))
]
Deployments = Annotated[
    DeploymentService, Depends(_from_container(lambda studio: studio.authoring.deployments))
]
Evaluations = Annotated[
    EvaluationService, Depends(_from_container(lambda studio: studio.evaluation.suites))
]
BlindTests = Annotated[
    BlindTestService, Depends(_from_container(lambda studio: studio.evaluation.blind_tests))
]

Tuning = Annotated[TuningService, Depends(_from_container(lambda studio: studio.evaluation.tuning))]
BaseImages = Annotated[
    BaseImageStore, Depends(_from_container(lambda studio: studio.stores.base_images))
]
StoredEvents = Annotated[
    RequestEvents, Depends(_from_container(lambda studio: studio.serving.events))
]
VariantReviews = Annotated[
    VariantReviewService, Depends(_from_container(lambda studio: studio.serving.reviews))
]
Maintenance = Annotated[
    QueueMaintenance, Depends(_from_container(lambda studio: studio.serving.maintenance))
]
Rendering = Annotated[RenderingServices, Depends(_from_container(lambda studio: studio.rendering))]


async def _get_event_hub(request: Request) -> EventHub:
    event_hub: EventHub = request.app.state.event_hub
    return event_hub


Events = Annotated[EventHub, Depends(_get_event_hub)]


def require_scope(scope: Scope) -> Callable[..., Awaitable[ApiClient]]:
    """A dependency: the client whose API key was sent, if the key has `scope`.

    `ApiKeyMiddleware` has looked the key up by then. The dependency raises AuthenticationError without a
    client, PermissionDeniedError for a key without the scope.
    """

    async def dependency(
        _: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)], request: Request
    ) -> ApiClient:
        client: ApiClient | None = getattr(request.state, "client", None)
        if client is None:
            raise AuthenticationError("auth.bring_key")
        if scope not in client.scopes:
            raise PermissionDeniedError("auth.wrong_scope", scope=scope)
        return client

    return dependency


require_admin = require_scope("admin")
require_metrics = require_scope("metrics")
GenerateClient = Annotated[ApiClient, Depends(require_scope("generate"))]
AdminClient = Annotated[ApiClient, Depends(require_admin)]


async def _get_language(request: Request) -> str:
    return language_of(request.headers)


Language = Annotated[str, Depends(_get_language)]
"""The language of an answer's texts: that of the cookie or of Accept-Language, English by default."""
