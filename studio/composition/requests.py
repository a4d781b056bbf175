"""Wires the services of API clients' requests, and who renders them: this process or workers."""

from dataclasses import dataclass

from studio.composition.rendering import RenderingServices
from studio.composition.stores import Stores
from studio.services.moderation_service import ModerationService
from studio.services.rendering.render_service import RenderService
from studio.services.requests.queue_maintenance import QueueMaintenance
from studio.services.requests.request_events import RequestEvents
from studio.services.requests.request_service import RequestService
from studio.services.requests.retention import RetentionService
from studio.services.requests.runner import JobRunner, LocalRunner
from studio.services.requests.variant_review import VariantReviewService
from studio.services.themes.deployment_service import DeploymentService
from studio.settings import Settings
from studio.store.locks import ServerLock
from studio.store.request_retention import RequestRetentionStore


@dataclass(frozen=True)
class RequestServices:
    """Everything about clients' requests: submission, events, review, upkeep of the queue."""

    requests: RequestService
    events: RequestEvents
    reviews: VariantReviewService
    maintenance: QueueMaintenance
    retention: RetentionService


def build_requests(
    settings: Settings,
    stores: Stores,
    deployments: DeploymentService,
    rendering: RenderingServices,
    moderation: ModerationService,
) -> RequestServices:
    """The services over one job runner."""
    runner = _build_runner(settings, rendering.renders, stores)
    retention = RetentionService(
        RequestRetentionStore(stores.database),
        stores.variants,
        stores.audit_log,
        settings.request_retention_days,
        settings.audit_retention_days,
    )
    return RequestServices(
        RequestService(
            deployments,
            rendering.request_factory,
            stores.base_images,
            stores.jobs,
            stores.variants,
            runner,
        ),
        RequestEvents(stores.jobs.requests, stores.variants, runner),
        VariantReviewService(
            stores.jobs.requests, stores.variants, moderation, stores.audit_log, runner
        ),
        QueueMaintenance(stores.jobs, runner),
        retention,
    )


def _build_runner(settings: Settings, renders: RenderService, stores: Stores) -> JobRunner:
    """Workers render where there is a broker, else this process."""
    broker_url = settings.broker_url.get_secret_value()
    if not broker_url:
        lock = ServerLock(stores.database.url)
        timeout = settings.job_timeout_seconds
        return LocalRunner(renders, stores.jobs, stores.variants, lock, timeout)
    from studio.services.requests.celery_runner import CeleryRunner

    return CeleryRunner(broker_url, settings.job_timeout_seconds, stores.jobs)
