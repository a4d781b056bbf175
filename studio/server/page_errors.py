"""Errors of the studio's pages: one line of JSON for the script; what concerns the machine is only logged."""

import logging
import traceback
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from gradio.route_utils import FnIndexInferError
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.types import Message as AsgiMessage

from studio.errors import (
    STORAGE_AWAY,
    CapacityError,
    InvalidInputError,
    ModelHubError,
    NotFoundError,
    StorageError,
    StudioError,
    UnstorableValueError,
    VersionConflictError,
    public_message,
)
from studio.locales.negotiation import language_of
from studio.messages import Message, message
from studio.server.bodies import BodyRefused

STATUS_BY_ERROR: Mapping[type[StudioError], int] = {
    NotFoundError: 404,
    VersionConflictError: 409,
    UnstorableValueError: 400,
    InvalidInputError: 400,
    ModelHubError: 502,
    StorageError: 503,
    CapacityError: 429,
}
"""The first class in this order that an error is an instance of counts; 500 for any other."""
UNEXPECTED = message("studio.unexpected_error")
UNREADABLE = message("studio.unreadable_request")
GRADIO_INPUT_ERRORS = (
    FnIndexInferError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    ArithmeticError,
)
"""What Gradio and event handlers raise for calls that no page of ours sends."""

_log = logging.getLogger("studio.ui")


def status_of(error: StudioError) -> int:
    """The HTTP status of an error."""
    statuses = (status for kind, status in STATUS_BY_ERROR.items() if isinstance(error, kind))
    return next(statuses, 500)


def error_body(error: Message, language: str) -> dict[str, Any]:
    """An error as JSON: its text in `language` for the reader, its id and parameters for the script."""
    return {"error": error.text(language), "code": error.id, "params": error.data()["params"]}


def error_response(error: StudioError, language: str) -> JSONResponse:
    """The response for an error of ours."""
    headers = {}
    if isinstance(error, CapacityError):
        headers["Retry-After"] = str(error.retry_after_seconds)
    return JSONResponse(error_body(redacted_message(error), language), status_of(error), headers)


def redacted_message(error: StudioError) -> Message:
    """The message of an error for users. That of a storage error, which contains URLs and paths of the
    store, is logged, and replaced by a general one."""
    text = public_message(error)
    if text == STORAGE_AWAY:
        _log.error("%s", error)
    return text


def log_unexpected(error: Exception, where: str) -> None:
    """Logs one line with the error and the innermost frame; the traceback at level DEBUG."""
    frames = traceback.extract_tb(error.__traceback__)
    frame = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "nowhere"
    first_line = str(error).strip().partition("\n")[0][:200]
    _log.error("%s: %s: %s (%s)", where, type(error).__name__, first_line, frame)
    _log.debug("%s", where, exc_info=error)


def add_error_handlers(app: FastAPI) -> None:
    """Makes `app` answer errors as the pages' scripts read them."""
    app.add_exception_handler(StudioError, _handle_studio_error)
    app.add_exception_handler(BodyRefused, _handle_refused_body)
    app.add_exception_handler(RequestValidationError, _handle_validation_error)


async def _handle_studio_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, StudioError)
    return error_response(error, language_of(request.headers))


async def _handle_validation_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    # Without the input: it may be large, or contain text that JSON cannot carry.
    details = [{key: detail[key] for key in ("type", "loc", "msg")} for detail in error.errors()]
    return JSONResponse({"detail": details}, 422)


async def _handle_refused_body(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, BodyRefused)
    body = error_body(error.message, language_of(request.headers))
    return JSONResponse(body, error.status_code, error.headers)


class UnexpectedErrorMiddleware:
    """ASGI middleware: an error that nobody caught becomes one line in the log and a JSON response.

    With `blame_client`, GRADIO_INPUT_ERRORS are 400, for routes of Gradio, which validates little.
    Elsewhere only text that cannot be encoded (a lone surrogate) and numbers and dates that cannot be stored
    are.
    """

    def __init__(self, app: ASGIApp, blame_client: bool = False) -> None:
        self._app = app
        self._client_errors = (
            GRADIO_INPUT_ERRORS if blame_client else (UnicodeEncodeError, OverflowError)
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def send_watched(part: AsgiMessage) -> None:
            nonlocal started
            if part["type"] == "http.response.start":
                started = True
                if part["status"] == 500:
                    part["status"] = scope.get("studio.status", 500)
            await send(part)

        try:
            await self._app(scope, receive, send_watched)
        except HTTPException:  # A body over the limit, which shows while it is read.
            raise
        except Exception as error:
            log_unexpected(error, f"{scope['method']} {scope['path']}")
            if started:
                raise
            await self._response(error, scope)(scope, receive, send)

    def _response(self, error: Exception, scope: Scope) -> JSONResponse:
        language = language_of(Headers(scope=scope))
        if isinstance(error, self._client_errors):
            return JSONResponse(error_body(UNREADABLE, language), 400)
        return JSONResponse(error_body(UNEXPECTED, language), 500)
