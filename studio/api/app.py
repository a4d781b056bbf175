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

from studio.api.document import PROBLEMS, describe_errors
from studio.api.following import Following
from studio.api.guard import Admit, BodyLimits, Guard
from studio.api.limiting import Limits
from studio.api.managing import add_managing
from studio.api.pages import add_pages
from studio.api.problems import NoKey, OutOfScope, add_problems
from studio.api.routes import add_routes
from studio.api.voting import add_voting
from studio.api.watching import add_watching
from studio.api.wire import PREFIX
from studio.bootstrap import Studio
from studio.errors import DeviceLost, LaneHung, StoreInUse, StudioError
from studio.recipes.serving import Client, Scope

log = logging.getLogger(__name__)
REAPED = 5.0
"""Seconds between looks for jobs that have waited too long."""
BODIES = BodyLimits()
THREADS = 16
"""Requests that are worked on at once. Each may unpack a picture of the largest size (some 100 MB with all
that is made of it), and asks for a connection to the database."""


def end_process(error: StudioError) -> None:
    """Ends this process as its service manager would, which starts it again."""
    log.critical("%s", error)
    signal.raise_signal(signal.SIGTERM)


def build_api(
    studio: Studio,
    bodies: BodyLimits = BODIES,
    give_up: Callable[[StudioError], None] = end_process,
) -> FastAPI:
    """Goes on with what a restart broke off as soon as it is started; `bodies` says what may be sent.
    `give_up` is called with the error once this process can serve no more."""
    following = Following(studio.serving)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        to_thread.current_default_thread_limiter().total_tokens = THREADS
        studio.serving.recover()
        reaper = asyncio.create_task(_reap(studio, give_up))
        yield
        reaper.cancel()
        following.close()

    app = FastAPI(
        title="Doodle themes", version="1", lifespan=lifespan,
        docs_url=None, redoc_url=None, openapi_url=f"{PREFIX}/openapi.json",
        responses=PROBLEMS,
    )  # fmt: skip
    add_problems(app)
    app.add_middleware(Guard, admit=_admit(studio), limits=bodies)
    add_routes(app, studio, _gate("draw"), following)
    add_managing(app, studio, _gate("manage"))
    add_voting(app, studio, _gate("manage"))
    add_watching(app, studio, _gate("watch"))
    add_pages(app)
    describe_errors(app)
    return app


async def _reap(studio: Studio, give_up: Callable[[StudioError], None]) -> None:
    """Tends jobs and what is kept now and then, as long as the process lives."""
    while True:
        await asyncio.sleep(REAPED)
        try:
            await to_thread.run_sync(studio.serving.tend)
            await to_thread.run_sync(studio.keeping.tend)
        except (LaneHung, DeviceLost, StoreInUse) as error:
            give_up(error)
        except Exception as error:
            log.warning("jobs are not tended for now: %s", error)


def _admit(studio: Studio) -> Admit:
    """Whose key it is, as often as they may ask."""
    limits = Limits(studio.settings.broker.get_secret_value())

    def admit(key: str, method: str) -> Client:
        found = studio.clients.of_key(key)
        if found is None:
            raise NoKey("auth.bring_key")
        limits.count(found, method)
        return found

    return admit


def _gate(scope: Scope) -> Callable[..., Client]:
    """Who asks for something of a scope; whose key it is the guard has found out."""
    bearer = HTTPBearer(auto_error=False, description="The key of a client: `studio clients add`.")

    def client(
        _: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)], request: Request
    ) -> Client:
        found: Client | None = getattr(request.state, "client", None)
        if found is None:
            raise NoKey("auth.bring_key")
        if scope not in found.scopes:
            raise OutOfScope("auth.wrong_scope", scope=scope)
        return found

    return client
