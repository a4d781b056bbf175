"""Error responses of both servers: every one is `application/problem+json` (RFC 9457).

Texts are for clients: URLs of stores, paths and objects of this process are logged, not sent.
"""

import logging
from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from studio.errors import (
    CapacityError,
    DeviceLostError,
    InvalidInputError,
    ModelError,
    ModelHubError,
    NotFoundError,
    StorageError,
    StudioError,
    UnstorableValueError,
    VersionConflictError,
    WorkerHungError,
)
from studio.locales import DEFAULT, templates
from studio.locales.negotiation import language_of
from studio.messages import Message, message
from studio.recipes.base import MAX_FINDINGS, describe_validation_error, join_messages
from studio.server.bodies import BodyRefused
from studio.server.redaction import redact, redact_message
from studio.server.schemas import ProblemDetails

log = logging.getLogger(__name__)

STORAGE_UNAVAILABLE = message("request.storage_unavailable")
"""The text for a client while the database or the image store is unavailable."""
UNEXPECTED = message("request.unexpected_error")
ROUTER_MESSAGES: Mapping[str, Message] = {
    "Not Found": message("request.address_not_found"),
    "Method Not Allowed": message("request.method_not_allowed"),
    "There was an error parsing the body": message("request.body_unreadable"),
}
"""Our messages by the texts of Starlette and FastAPI for requests that fit no route."""
RETRY_AFTER = 5
"""Seconds after which a client may retry while storage is unavailable."""
MAX_DETAIL_CHARS = 1000
"""Characters of a problem's detail."""


class AuthenticationError(StudioError):
    """The API key is missing, or no client has it."""


class PermissionDeniedError(StudioError):
    """The API key lacks the scope of the route."""


STATUS_BY_ERROR: Mapping[type[StudioError], HTTPStatus] = {
    AuthenticationError: HTTPStatus.UNAUTHORIZED,
    PermissionDeniedError: HTTPStatus.FORBIDDEN,
    NotFoundError: HTTPStatus.NOT_FOUND,
    CapacityError: HTTPStatus.TOO_MANY_REQUESTS,
    VersionConflictError: HTTPStatus.CONFLICT,
    InvalidInputError: HTTPStatus.UNPROCESSABLE_ENTITY,
    UnstorableValueError: HTTPStatus.UNPROCESSABLE_ENTITY,
    ModelHubError: HTTPStatus.BAD_GATEWAY,
    ModelError: HTTPStatus.SERVICE_UNAVAILABLE,
    StorageError: HTTPStatus.SERVICE_UNAVAILABLE,
    WorkerHungError: HTTPStatus.SERVICE_UNAVAILABLE,
    DeviceLostError: HTTPStatus.SERVICE_UNAVAILABLE,
}
"""The first class in this order that an error is an instance of counts."""


def add_error_handlers(app: FastAPI) -> None:
    """Makes `app` answer errors with problems; those that nobody expected are left to the server."""
    app.add_exception_handler(StudioError, _handle_studio_error)
    app.add_exception_handler(RequestValidationError, _handle_validation_error)
    app.add_exception_handler(HTTPException, _handle_http_exception)


def problem_response(
    status: HTTPStatus,
    why: Message,
    headers: Mapping[str, str] | None = None,
    language: str = DEFAULT,
) -> JSONResponse:
    """A problem with the text of `why` in `language`, redacted and cut to MAX_DETAIL_CHARS."""
    why = redact_message(why)
    detail = redact(why.text(language))
    if len(detail) > MAX_DETAIL_CHARS:
        detail = f"{detail[:MAX_DETAIL_CHARS]}…"
        why = Message(id=detail)
    problem = ProblemDetails(
        title=status.phrase,
        status=status,
        detail=detail,
        code=why.id if why.id in templates(DEFAULT) else "",
        params=why.data()["params"],
    )
    return JSONResponse(
        problem.model_dump(), status, dict(headers or {}), media_type="application/problem+json"
    )


def status_of(error: StudioError) -> HTTPStatus:
    """The HTTP status of an error of ours; 500 for one that is not in STATUS_BY_ERROR."""
    statuses = (status for kind, status in STATUS_BY_ERROR.items() if isinstance(error, kind))
    return next(statuses, HTTPStatus.INTERNAL_SERVER_ERROR)


def error_response(error: StudioError, language: str = DEFAULT) -> JSONResponse:
    """The problem for an error of ours."""
    status = status_of(error)
    if isinstance(error, StorageError) and not isinstance(error, UnstorableValueError):
        log.warning("storage is unavailable: %s", error)
        headers = {"Retry-After": str(RETRY_AFTER)}
        return problem_response(status, STORAGE_UNAVAILABLE, headers, language)
    headers = {}
    if isinstance(error, AuthenticationError):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, CapacityError):
        headers["Retry-After"] = str(error.retry_after_seconds)
    return problem_response(status, error.message, headers, language)


async def handle_unexpected_error(request: Request, _: Exception) -> JSONResponse:
    """Starlette re-raises the error after this, so that the server logs it."""
    return problem_response(
        HTTPStatus.INTERNAL_SERVER_ERROR, UNEXPECTED, language=language_of(request.headers)
    )


async def _handle_studio_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, StudioError)
    return error_response(error, language_of(request.headers))


async def _handle_validation_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    fields = [
        message(
            "request.field_invalid",
            field=".".join(str(part)[:80] for part in details["loc"]),
            reason=describe_validation_error(details),
        )
        for details in error.errors()[:MAX_FINDINGS]
    ]
    why = message("request.invalid", reason=join_messages(fields))
    return problem_response(
        HTTPStatus.UNPROCESSABLE_ENTITY, why, language=language_of(request.headers)
    )


async def _handle_http_exception(request: Request, error: Exception) -> JSONResponse:
    """What the router or the reading of a body refuses: no such URL, no such method, no JSON."""
    assert isinstance(error, HTTPException)
    if isinstance(error, BodyRefused):
        why = error.message
    else:
        text = str(error.detail)
        why = ROUTER_MESSAGES.get(text) or Message(id=text)
    status, language = HTTPStatus(error.status_code), language_of(request.headers)
    return problem_response(status, why, error.headers, language)
