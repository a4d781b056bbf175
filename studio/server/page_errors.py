"""Errors as the pages are told of them: one line of JSON; what concerns the machine stays in the log."""

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
from starlette.types import Message as Part

from studio.errors import (
    AWAY,
    CapacityError,
    InvalidInputError,
    ModelHubError,
    NotFoundError,
    StorageError,
    StudioError,
    Unstorable,
    VersionConflictError,
    shown,
)
from studio.locales.negotiation import language_of
from studio.messages import Message, message
from studio.server.bodies import BodyRefused

STATUS_BY_ERROR: Mapping[type[StudioError], int] = {
    NotFoundError: 404,
    VersionConflictError: 409,
    Unstorable: 400,
    InvalidInputError: 400,
    ModelHubError: 502,
    StorageError: 503,
    CapacityError: 429,
}
UNEXPECTED = message("studio.unexpected_error")
UNREADABLE = message("studio.unreadable_request")
MISFITS = (
    FnIndexInferError, LookupError, ValueError, TypeError, AttributeError, ArithmeticError,
)  # fmt: skip
"""What Gradio and handlers raise of calls that no page of ours sends."""

_log = logging.getLogger("studio.ui")


def body_of(error: Message, language: str) -> dict[str, Any]:
    """An error as scripts read it: its text for a reader, its id and parameters for themselves."""
    return {"error": error.text(language), "code": error.id, "params": error.data()["params"]}


def answer(error: StudioError, language: str) -> JSONResponse:
    """Our errors as the plain pages' scripts read them."""
    found = [code for kind, code in STATUS_BY_ERROR.items() if isinstance(error, kind)]
    headers = (
        {"Retry-After": str(error.retry_after_seconds)}
        if isinstance(error, CapacityError)
        else None
    )
    return JSONResponse(body_of(told(error), language), found[0] if found else 500, headers)


def told(error: StudioError) -> Message:
    """An error's line for whoever asked: without addresses and paths of the store, which are logged."""
    line = shown(error)
    if line == AWAY:
        _log.error("%s", error)
    return line


def log_unexpected(error: Exception, where: str) -> None:
    """One line: what was raised, and the innermost place; the whole traceback at level DEBUG."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "nowhere"
    said = str(error).strip().partition("\n")[0][:200]
    _log.error("%s: %s: %s (%s)", where, type(error).__name__, said, place)
    _log.debug("%s", where, exc_info=error)


def handle_failures(app: FastAPI) -> None:
    """Has `app` answer with errors as the pages read them."""

    async def on_studio_error(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, StudioError)
        return answer(error, language_of(request.headers))

    async def on_misfit(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        # Without what was sent: it may be large, or no text that JSON can carry.
        found = [{name: each[name] for name in ("type", "loc", "msg")} for each in error.errors()]
        return JSONResponse({"detail": found}, 422)

    async def on_refusal(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, BodyRefused)
        body = body_of(error.message, language_of(request.headers))
        return JSONResponse(body, error.status_code, error.headers)

    app.add_exception_handler(StudioError, on_studio_error)
    app.add_exception_handler(BodyRefused, on_refusal)
    app.add_exception_handler(RequestValidationError, on_misfit)


class Failures:
    """ASGI middleware: what nobody caught is one line in the log and one of JSON.

    `misfits_are_the_callers` answers 400 to MISFITS, for addresses of Gradio, which checks little;
    elsewhere only text that cannot be written (a lone surrogate) and numbers and days beyond what can
    be kept are the caller's.
    """

    def __init__(self, app: ASGIApp, misfits_are_the_callers: bool = False) -> None:
        self._app = app
        self._callers = MISFITS if misfits_are_the_callers else (UnicodeEncodeError, OverflowError)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def watched(part: Part) -> None:
            nonlocal started
            started = started or part["type"] == "http.response.start"
            if part["type"] == "http.response.start" and part["status"] == 500:
                part["status"] = scope.get("studio.status", 500)
            await send(part)

        try:
            await self._app(scope, receive, watched)
        except HTTPException:  # A body beyond the limit, found out while it was read.
            raise
        except Exception as error:
            log_unexpected(error, f"{scope['method']} {scope['path']}")
            if started:
                raise
            callers = isinstance(error, self._callers)
            language = language_of(Headers(scope=scope))
            refusal = body_of(UNREADABLE if callers else UNEXPECTED, language)
            await JSONResponse(refusal, 400 if callers else 500)(scope, receive, send)
