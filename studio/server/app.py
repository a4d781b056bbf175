"""The API's FastAPI application: routers, API keys, error responses, the maintenance loop."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from anyio import to_thread
from fastapi import FastAPI

from studio.app import AppContainer
from studio.errors import DeviceLostError, StoreInUseError, StudioError, WorkerHungError
from studio.server.api_pages import add_docs, add_play
from studio.server.api_routers import CLIENT_ROUTERS, OPERATOR_ROUTERS
from studio.server.auth.api_key import ApiKeyMiddleware, make_authenticator
from studio.server.bodies import BodyLimits
from studio.server.bundles import Bundles
from studio.server.dependencies import set_container
from studio.server.event_hub import EventHub
from studio.server.openapi import PROBLEM_RESPONSES, describe_errors
from studio.server.page_files import PAGE_FILES
from studio.server.problems import add_error_handlers, handle_unexpected_error
from studio.server.schemas import API_PREFIX
from studio.services.diagnostics import install_recent_log

log = logging.getLogger(__name__)
MAINTENANCE_INTERVAL_SECONDS = 5.0
"""Seconds between runs of the maintenance of jobs and of retention."""
BODIES = BodyLimits()
MAX_THREADS = 16
"""Requests that are processed at once. Each may decode an image of the largest size (about 100 MB with its
copies), and needs a connection to the database."""


def terminate_process(error: StudioError) -> None:
    """Logs the error and ends this process with SIGTERM; the service manager restarts it."""
    log.critical("%s", error)
    signal.raise_signal(signal.SIGTERM)


def create_api(
    studio: AppContainer,
    bodies: BodyLimits = BODIES,
    give_up: Callable[[StudioError], None] = terminate_process,
) -> FastAPI:
    """The API over the services of `studio`. When it starts, it resumes requests that a restart interrupted.

    Args:
        studio: the services.
        bodies: limits of request bodies.
        give_up: called with the error once this process can render no more.
    """
    event_hub = EventHub(studio.serving.events)
    app = FastAPI(
        title="Doodle themes",
        version="1",
        lifespan=_make_lifespan(studio, event_hub, give_up),
        docs_url=None,
        redoc_url=None,
        openapi_url=f"{API_PREFIX}/openapi.json",
        responses=PROBLEM_RESPONSES,
    )
    set_container(app, studio)
    app.state.event_hub = event_hub
    app.state.recent_log = install_recent_log()
    app.state.bundles = Bundles(PAGE_FILES)
    add_error_handlers(app)
    app.add_exception_handler(Exception, handle_unexpected_error)
    authenticate = make_authenticator(studio.stores.clients, studio.settings)
    app.add_middleware(ApiKeyMiddleware, authenticate=authenticate, limits=bodies)
    for router in (*CLIENT_ROUTERS, *OPERATOR_ROUTERS):
        app.include_router(router)
    add_docs(app)
    add_play(app)
    describe_errors(app)
    return app


def _make_lifespan(
    studio: AppContainer, event_hub: EventHub, give_up: Callable[[StudioError], None]
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        to_thread.current_default_thread_limiter().total_tokens = MAX_THREADS
        studio.serving.maintenance.resume_interrupted()
        maintenance = asyncio.create_task(_run_maintenance_loop(studio, give_up))
        yield
        maintenance.cancel()
        event_hub.close()
        await to_thread.run_sync(studio.serving.maintenance.release_jobs)

    return lifespan


async def _run_maintenance_loop(
    studio: AppContainer, give_up: Callable[[StudioError], None]
) -> None:
    """Expires and requeues jobs and purges expired data, as long as the process lives."""
    while True:
        await asyncio.sleep(MAINTENANCE_INTERVAL_SECONDS)
        try:
            await to_thread.run_sync(studio.serving.maintenance.run_maintenance)
            await to_thread.run_sync(studio.serving.retention.purge_expired)
        except (WorkerHungError, DeviceLostError, StoreInUseError) as error:
            give_up(error)
        except Exception as error:
            log.warning("maintenance failed, to be retried: %s", error)
