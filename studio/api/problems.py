"""Errors as RFC 9457 has them: every answer that is no success is `application/problem+json`.

What a problem tells is for clients: addresses of stores, paths and objects of this process stay in the log.
"""

import logging
from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from studio.api.wire import Problem, for_clients
from studio.errors import (
    Busy,
    DeviceLost,
    InputError,
    LaneHung,
    ModelError,
    NotFound,
    Outdated,
    StoreError,
    StudioError,
    Unstorable,
)

log = logging.getLogger(__name__)

AWAY = "the studio cannot be used right now: try again later"
"""What a client is told of a store that is away."""
BROKEN = "something went wrong here: try again later"
RETRY_AFTER = 5
"""Seconds after which a store that was away may be asked again."""
LONGEST = 1000
"""Characters of a problem's detail."""


class NoKey(StudioError):
    """No key, or nobody's."""


class OutOfScope(StudioError):
    """A key that is not for what is asked."""


STATUS: Mapping[type[StudioError], HTTPStatus] = {
    NoKey: HTTPStatus.UNAUTHORIZED,
    OutOfScope: HTTPStatus.FORBIDDEN,
    NotFound: HTTPStatus.NOT_FOUND,
    Busy: HTTPStatus.TOO_MANY_REQUESTS,
    Outdated: HTTPStatus.CONFLICT,
    InputError: HTTPStatus.UNPROCESSABLE_ENTITY,
    Unstorable: HTTPStatus.UNPROCESSABLE_ENTITY,
    ModelError: HTTPStatus.SERVICE_UNAVAILABLE,
    StoreError: HTTPStatus.SERVICE_UNAVAILABLE,
    LaneHung: HTTPStatus.SERVICE_UNAVAILABLE,
    DeviceLost: HTTPStatus.SERVICE_UNAVAILABLE,
}
"""The first class that an error is of counts."""


def add_problems(app: FastAPI) -> None:
    """Has `app` answer every error with a problem."""
    app.add_exception_handler(StudioError, _told)
    app.add_exception_handler(RequestValidationError, _misread)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(Exception, _unexpected)


def problem(
    status: HTTPStatus, detail: str, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    shown = for_clients(detail)
    shown = shown if len(shown) <= LONGEST else f"{shown[:LONGEST]}…"
    told = Problem(title=status.phrase, status=status, detail=shown)
    return JSONResponse(
        told.model_dump(), status, dict(headers or {}), media_type="application/problem+json"
    )


def problem_of(error: StudioError) -> JSONResponse:
    """What a client is told of an error of ours."""
    found = [status for kind, status in STATUS.items() if isinstance(error, kind)]
    status = found[0] if found else HTTPStatus.INTERNAL_SERVER_ERROR
    if isinstance(error, StoreError) and not isinstance(error, Unstorable):
        log.warning("a request could not be answered: %s", error)
        return problem(status, AWAY, {"Retry-After": str(RETRY_AFTER)})
    headers = {}
    if isinstance(error, NoKey):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, Busy):
        headers["Retry-After"] = str(error.seconds)
    return problem(status, str(error), headers)


async def _told(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, StudioError)
    return problem_of(error)


async def _misread(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    lines = [
        f"{'.'.join(str(p)[:80] for p in e['loc'])}: {str(e['msg']).removeprefix('Value error, ')}"
        for e in error.errors()[:5]
    ]
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "; ".join(lines))


async def _refused(_: Request, error: Exception) -> JSONResponse:
    """What the router or the reading of a body refuses: no such address, no such method, no JSON."""
    assert isinstance(error, HTTPException)
    return problem(HTTPStatus(error.status_code), str(error.detail), error.headers)


async def _unexpected(_: Request, __: Exception) -> JSONResponse:
    """The error goes on to the server after this, which logs it."""
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, BROKEN)
