"""The API's application: who may ask, errors as problems, limits at the door."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated

from anyio import to_thread
from fastapi import Depends, FastAPI, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from studio.app import AppContainer
from studio.errors import DeviceLost, StoreInUse, StudioError, WorkerHungError
from studio.recipes.serving.request_status import ApiClient, Scope
from studio.server.api_pages import add_pages
from studio.server.auth.api_key import Admit, Guard
from studio.server.bodies import BodyLimits
from studio.server.event_hub import Following
from studio.server.openapi import PROBLEMS, describe_errors
from studio.server.problems import NoKey, OutOfScope, add_problems
from studio.server.rate_limits import Limits
from studio.server.routers.blind_tests import add_voting
from studio.server.routers.monitoring import add_watching
from studio.server.routers.requests import add_routes
from studio.server.routers.themes import add_managing
from studio.server.schemas import PREFIX

log = logging.getLogger(__name__)
MAINTENANCE_INTERVAL_SECONDS = 5.0
"""Seconds between looks for jobs that have waited too long."""
BODIES = BodyLimits()
THREADS = 16
"""Requests that are worked on at once. Each may unpack a picture of the largest size (some 100 MB with all
that is made of it), and asks for a connection to the database."""


def end_process(error: StudioError) -> None:
    """Ends this process as its service manager would, which starts it again."""
    log.critical("%s", error)
    signal.raise_signal(signal.SIGTERM)


def create_api(
    studio: AppContainer,
    bodies: BodyLimits = BODIES,
    give_up: Callable[[StudioError], None] = end_process,
) -> FastAPI:
    """Goes on with what a restart broke off as soon as it is started; `bodies` says what may be sent.
    `give_up` is called with the error once this process can serve no more."""
    following = Following(studio.requests)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        to_thread.current_default_thread_limiter().total_tokens = THREADS
        studio.requests.resume_interrupted()
        reaper = asyncio.create_task(_run_maintenance_loop(studio, give_up))
        yield
        reaper.cancel()
        following.close()
        await to_thread.run_sync(studio.requests.runner.release_jobs)

    app = FastAPI(
        title="Doodle themes", version="1", lifespan=lifespan,
        docs_url=None, redoc_url=None, openapi_url=f"{PREFIX}/openapi.json",
        responses=PROBLEMS,
    )  # fmt: skip
    add_problems(app)
    app.add_middleware(Guard, admit=_admit(studio), limits=bodies)
    add_routes(app, studio, _make_authenticator("draw"), following)
    add_managing(app, studio, _make_authenticator("manage"))
    add_voting(app, studio, _make_authenticator("manage"))
    add_watching(app, studio, _make_authenticator("watch"))
    add_pages(app)
    describe_errors(app)
    return app


async def _run_maintenance_loop(
    studio: AppContainer, give_up: Callable[[StudioError], None]
) -> None:
    """Tends jobs and what is kept now and then, as long as the process lives."""
    while True:
        await asyncio.sleep(MAINTENANCE_INTERVAL_SECONDS)
        try:
            await to_thread.run_sync(studio.requests.run_maintenance)
            await to_thread.run_sync(studio.retention.purge_expired)
        except (WorkerHungError, DeviceLost, StoreInUse) as error:
            give_up(error)
        except Exception as error:
            log.warning("jobs are not tended for now: %s", error)


def _admit(studio: AppContainer) -> Admit:
    """Whose key it is, as often as they may ask."""
    limits = Limits(studio.settings.broker_url.get_secret_value())

    def admit(key: str, method: str) -> ApiClient:
        found = studio.clients.find_by_key(key)
        if found is None:
            raise NoKey("auth.bring_key")
        limits.count(found, method)
        return found

    return admit


def _make_authenticator(scope: Scope) -> Callable[..., ApiClient]:
    """Who asks for something of a scope; whose key it is the guard has found out."""
    bearer = HTTPBearer(auto_error=False, description="The key of a client: `studio clients add`.")

    def client(
        _: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)], request: Request
    ) -> ApiClient:
        found: ApiClient | None = getattr(request.state, "client", None)
        if found is None:
            raise NoKey("auth.bring_key")
        if scope not in found.scopes:
            raise OutOfScope("auth.wrong_scope", scope=scope)
        return found

    return client
