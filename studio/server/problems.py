"""Errors as RFC 9457 has them: every answer that is no success is `application/problem+json`.

What a problem tells is for clients: addresses of stores, paths and objects of this process stay in the log.
"""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from studio.errors import (
    CapacityError,
    DeviceLost,
    InvalidInputError,
    ModelError,
    NotFoundError,
    StorageError,
    StudioError,
    Unstorable,
    VersionConflictError,
    WorkerHungError,
)
from studio.locales import DEFAULT, templates
from studio.locales.negotiation import language_of
from studio.messages import Message, message
from studio.recipes.base import MAX_FINDINGS, describe_validation_error, join_messages
from studio.server.bodies import Refusal
from studio.server.schemas import Problem, for_clients, redacted

log = logging.getLogger(__name__)

AWAY = message("request.storage_away")
"""What a client is told of a store that is away."""
BROKEN = message("request.unexpected_error")
ROUTER: Mapping[str, Message] = {
    "Not Found": message("request.address_not_found"),
    "Method Not Allowed": message("request.method_not_allowed"),
    "There was an error parsing the body": message("request.body_unreadable"),
}
"""What Starlette and FastAPI say of requests that fit no route."""
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
    NotFoundError: HTTPStatus.NOT_FOUND,
    CapacityError: HTTPStatus.TOO_MANY_REQUESTS,
    VersionConflictError: HTTPStatus.CONFLICT,
    InvalidInputError: HTTPStatus.UNPROCESSABLE_ENTITY,
    Unstorable: HTTPStatus.UNPROCESSABLE_ENTITY,
    ModelError: HTTPStatus.SERVICE_UNAVAILABLE,
    StorageError: HTTPStatus.SERVICE_UNAVAILABLE,
    WorkerHungError: HTTPStatus.SERVICE_UNAVAILABLE,
    DeviceLost: HTTPStatus.SERVICE_UNAVAILABLE,
}
"""The first class that an error is of counts."""


def _language(request: Request) -> str:
    return language_of(request.headers)


Language = Annotated[str, Depends(_language)]
"""The language of Accept-Language, for the texts of an answer."""


def add_problems(app: FastAPI) -> None:
    """Has `app` answer every error with a problem."""
    app.add_exception_handler(StudioError, _told)
    app.add_exception_handler(RequestValidationError, _misread)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(Exception, _unexpected)


def problem(
    status: HTTPStatus,
    why: Message,
    headers: Mapping[str, str] | None = None,
    language: str = DEFAULT,
) -> JSONResponse:
    why = for_clients(why)
    shown = redacted(why.text(language))
    if len(shown) > LONGEST:
        shown = f"{shown[:LONGEST]}…"
        why = Message(id=shown)
    code = why.id if why.id in templates(DEFAULT) else ""
    params = why.data()["params"]
    told = Problem(title=status.phrase, status=status, detail=shown, code=code, params=params)
    return JSONResponse(
        told.model_dump(), status, dict(headers or {}), media_type="application/problem+json"
    )


def problem_of(error: StudioError, language: str = DEFAULT) -> JSONResponse:
    """What a client is told of an error of ours."""
    found = [status for kind, status in STATUS.items() if isinstance(error, kind)]
    status = found[0] if found else HTTPStatus.INTERNAL_SERVER_ERROR
    if isinstance(error, StorageError) and not isinstance(error, Unstorable):
        log.warning("a request could not be answered: %s", error)
        return problem(status, AWAY, {"Retry-After": str(RETRY_AFTER)}, language)
    headers = {}
    if isinstance(error, NoKey):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, CapacityError):
        headers["Retry-After"] = str(error.retry_after_seconds)
    return problem(status, error.message, headers, language)


async def _told(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, StudioError)
    return problem_of(error, language_of(request.headers))


async def _misread(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    lines = [
        message(
            "request.field_invalid",
            field=".".join(str(part)[:80] for part in each["loc"]),
            reason=describe_validation_error(each),
        )
        for each in error.errors()[:MAX_FINDINGS]
    ]
    why = message("request.invalid", reason=join_messages(lines))
    language = language_of(request.headers)
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, why, language=language)


async def _refused(request: Request, error: Exception) -> JSONResponse:
    """What the router or the reading of a body refuses: no such address, no such method, no JSON."""
    assert isinstance(error, HTTPException)
    why = error.message if isinstance(error, Refusal) else ROUTER.get(str(error.detail))
    why = why or Message(id=str(error.detail))
    language = language_of(request.headers)
    return problem(HTTPStatus(error.status_code), why, error.headers, language)


async def _unexpected(request: Request, _: Exception) -> JSONResponse:
    """The error goes on to the server after this, which logs it."""
    language = language_of(request.headers)
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, BROKEN, language=language)
