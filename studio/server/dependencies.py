"""Dependencies of the routes: services, the client or operator who asks, the reader's language.

All of them are coroutines: FastAPI runs a plain function in a worker thread, of which there are few.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

from fastapi import Depends, FastAPI, Request

from studio.app import AppContainer
from studio.composition.rendering import RenderingServices
from studio.locales.negotiation import language_of
from studio.models.background_hashing import BackgroundHashing
from studio.models.catalog import ModelCatalog
from studio.recipes.serving.request_status import ApiClient
from studio.server.auth.authorization import Operator, require_client, require_operator
from studio.server.event_hub import EventHub
from studio.services.background_tasks import BackgroundTasks
from studio.services.evaluation.blind_test_service import BlindTestService
from studio.services.evaluation.evaluation_service import EvaluationService
from studio.services.evaluation.grid_service import GridService
from studio.services.evaluation.tests_overview import TestOverview
from studio.services.evaluation.tuning_service import TuningService
from studio.services.model_downloads import ModelDownloads
from studio.services.moderation_service import ModerationService
from studio.services.rendering.render_service import RenderService
from studio.services.requests.queue_maintenance import QueueMaintenance
from studio.services.requests.request_events import RequestEvents
from studio.services.requests.request_service import RequestService
from studio.services.requests.variant_review import VariantReviewService
from studio.services.themes.bundled_content import SampleDoodle
from studio.services.themes.deployment_service import DeploymentService
from studio.services.themes.theme_images import ThemeImages
from studio.services.themes.theme_transfer import ThemeImportExport
from studio.services.thumbnails import ThumbnailCache
from studio.settings import Settings
from studio.store.api_clients import ApiClientStore
from studio.store.audit_log import AuditLog
from studio.store.base_images import BaseImageStore
from studio.store.jobs import JobStore
from studio.store.saved_searches import SavedSearchStore
from studio.store.selections import SelectionStore
from studio.store.theme_reviews import ThemeReviewStore
from studio.store.themes import ThemeStore
from studio.store.users import UserStore
from studio.store.variant_labels import VariantLabelStore
from studio.store.variants import VariantStore

Service = TypeVar("Service")


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
ThemeThumbnails = Annotated[
    ThemeImages, Depends(_from_container(lambda studio: studio.theme_images))
]
ThemeReviews = Annotated[
    ThemeReviewStore, Depends(_from_container(lambda studio: studio.stores.theme_reviews))
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
Grids = Annotated[GridService, Depends(_from_container(lambda studio: studio.evaluation.grids))]
Tests = Annotated[TestOverview, Depends(_from_container(lambda studio: studio.evaluation.overview))]

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
Tuning = Annotated[TuningService, Depends(_from_container(lambda studio: studio.evaluation.tuning))]
Catalog = Annotated[ModelCatalog, Depends(_from_container(lambda studio: studio.models.catalog))]
ModelHashing = Annotated[
    BackgroundHashing, Depends(_from_container(lambda studio: studio.models.hashing))
]
Downloads = Annotated[
    ModelDownloads, Depends(_from_container(lambda studio: studio.models.downloads))
]
Variants = Annotated[VariantStore, Depends(_from_container(lambda studio: studio.stores.variants))]
Selections = Annotated[
    SelectionStore, Depends(_from_container(lambda studio: studio.stores.selections))
]
VariantLabels = Annotated[
    VariantLabelStore, Depends(_from_container(lambda studio: studio.stores.variant_labels))
]
SavedSearches = Annotated[
    SavedSearchStore, Depends(_from_container(lambda studio: studio.stores.saved_searches))
]
Thumbnails = Annotated[
    ThumbnailCache, Depends(_from_container(lambda studio: studio.stores.thumbnails))
]
Users = Annotated[UserStore, Depends(_from_container(lambda studio: studio.stores.users))]
Clients = Annotated[ApiClientStore, Depends(_from_container(lambda studio: studio.stores.clients))]
Moderation = Annotated[
    ModerationService, Depends(_from_container(lambda studio: studio.moderation))
]
Decisions = Annotated[AuditLog, Depends(_from_container(lambda studio: studio.stores.audit_log))]
Renders = Annotated[
    RenderService, Depends(_from_container(lambda studio: studio.rendering.renders))
]
Jobs = Annotated[JobStore, Depends(_from_container(lambda studio: studio.stores.jobs))]
Tasks = Annotated[BackgroundTasks, Depends(_from_container(lambda studio: studio.background_tasks))]
SampleDoodles = Annotated[
    tuple[SampleDoodle, ...],
    Depends(_from_container(lambda studio: studio.authoring.sample_doodles)),
]
StudioSettings = Annotated[Settings, Depends(_from_container(lambda studio: studio.settings))]
BaseImages = Annotated[
    BaseImageStore, Depends(_from_container(lambda studio: studio.stores.base_images))
]


async def _get_event_hub(request: Request) -> EventHub:
    event_hub: EventHub = request.app.state.event_hub
    return event_hub


Events = Annotated[EventHub, Depends(_get_event_hub)]


require_admin = require_operator("admin")
require_metrics = require_operator("metrics")
GenerateClient = Annotated[ApiClient, Depends(require_client("generate"))]
Admin = Annotated[Operator, Depends(require_admin)]
"""Whoever manages the studio, by an API key with the scope `admin` or by a session."""


async def _get_language(request: Request) -> str:
    return language_of(request.headers)


Language = Annotated[str, Depends(_get_language)]
"""The language of an answer's texts: that of the cookie or of Accept-Language, English by default."""
