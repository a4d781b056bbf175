"""The API's application: who may ask, errors as problems, limits at the door."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Annotated

from anyio import to_thread
from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from studio.api.managing import add_managing
from studio.api.play import add_play
from studio.api.routes import add_routes
from studio.api.voting import add_voting
from studio.api.watching import add_watching
from studio.api.wire import PREFIX, Problem
from studio.bootstrap import Studio
from studio.errors import (
    Busy,
    DeviceLost,
    InputError,
    LaneHung,
    ModelError,
    NotFound,
    StoreError,
    StoreInUse,
    StudioError,
)
from studio.recipes.serving import Client, Scope

log = logging.getLogger(__name__)
MAX_BODY = 16 * 2**20
REAPED = 5.0
"""Seconds between looks for jobs that have waited too long."""


class NoKey(StudioError):
    """No key, or nobody's."""


class OutOfScope(StudioError):
    """A key that is not for what is asked."""


STATUS: Mapping[type[StudioError], HTTPStatus] = {
    OutOfScope: HTTPStatus.FORBIDDEN,
    NotFound: HTTPStatus.NOT_FOUND,
    Busy: HTTPStatus.TOO_MANY_REQUESTS,
    InputError: HTTPStatus.UNPROCESSABLE_ENTITY,
    ModelError: HTTPStatus.SERVICE_UNAVAILABLE,
    StoreError: HTTPStatus.SERVICE_UNAVAILABLE,
    LaneHung: HTTPStatus.SERVICE_UNAVAILABLE,
    DeviceLost: HTTPStatus.SERVICE_UNAVAILABLE,
}


def end_process(error: StudioError) -> None:
    """Ends this process as its service manager would, which starts it again."""
    log.critical("%s", error)
    signal.raise_signal(signal.SIGTERM)


def build_api(studio: Studio, give_up: Callable[[StudioError], None] = end_process) -> FastAPI:
    """Goes on with what a restart broke off as soon as it is started. `give_up` is called with the
    error once this process can serve no more."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        studio.serving.recover()
        reaper = asyncio.create_task(_reap(studio, give_up))
        yield
        reaper.cancel()

    app = FastAPI(
        title="Doodle themes", version="1", lifespan=lifespan, max_body_size=MAX_BODY,
        docs_url=f"{PREFIX}/docs", redoc_url=None, openapi_url=f"{PREFIX}/openapi.json",
        responses={"4XX": {"model": Problem}, "5XX": {"model": Problem}},
    )  # fmt: skip
    app.add_exception_handler(StudioError, _told)
    app.add_exception_handler(RequestValidationError, _misread)
    gate = _gate(studio)
    add_routes(app, studio, gate("draw"))
    add_managing(app, studio, gate("manage"))
    add_voting(app, studio, gate("manage"))
    add_watching(app, studio, gate("watch"))
    add_play(app)
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


def _gate(studio: Studio) -> Callable[[Scope], Callable[..., Client]]:
    """Who asks for something of a scope, by the key they bring, as often as they may."""
    bearer = HTTPBearer(auto_error=False, description="The key of a client: `studio clients add`.")
    limiter = MovingWindowRateLimiter(MemoryStorage())

    def client(
        scope: Scope, given: HTTPAuthorizationCredentials | None, request: Request
    ) -> Client:
        found = None if given is None else studio.clients.of_key(given.credentials)
        if found is None:
            raise NoKey("bring the key of a client: Authorization: Bearer dts_…")
        if scope not in found.scopes:
            raise OutOfScope(f"this key is not for that: `studio clients add … --scope {scope}`")
        if request.method == "POST":
            often = RateLimitItemPerMinute(found.per_minute)
            if not limiter.hit(often, found.name):
                raise Busy(f"{found.per_minute} requests a minute are yours: slow down", 60)
        return found

    def of(scope: Scope) -> Callable[..., Client]:
        def gate(
            given: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)], request: Request
        ) -> Client:
            return client(scope, given, request)

        return gate

    return of


async def _told(_: Request, error: Exception) -> JSONResponse:
    if isinstance(error, NoKey):
        return _problem(HTTPStatus.UNAUTHORIZED, str(error), {"WWW-Authenticate": "Bearer"})
    found = [status for kind, status in STATUS.items() if isinstance(error, kind)]
    headers = {"Retry-After": str(error.seconds)} if isinstance(error, Busy) else {}
    status = found[0] if found else HTTPStatus.INTERNAL_SERVER_ERROR
    return _problem(status, str(error), headers)


async def _misread(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    lines = [f"{'.'.join(str(p) for p in e['loc'])}: {e['msg']}" for e in error.errors()[:5]]
    return _problem(HTTPStatus.UNPROCESSABLE_ENTITY, "; ".join(lines), {})


def _problem(status: HTTPStatus, detail: str, headers: Mapping[str, str]) -> JSONResponse:
    problem = Problem(title=status.phrase, status=status, detail=detail)
    return JSONResponse(
        problem.model_dump(), status, dict(headers), media_type="application/problem+json"
    )
