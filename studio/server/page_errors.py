"""Errors that nobody caught on the studio's server: one line in the log, a problem without details for
the client; and the messages of errors as the Gradio page shows them."""

import logging
import traceback
from http import HTTPStatus

from fastapi.responses import JSONResponse
from gradio.route_utils import FnIndexInferError
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.types import Message as AsgiMessage

from studio.errors import STORAGE_AWAY, StudioError, first_line, public_message
from studio.locales.negotiation import language_of
from studio.messages import Message, message
from studio.server.problems import problem_response

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
    _log.error("%s: %s: %s (%s)", where, type(error).__name__, first_line(error)[:200], frame)
    _log.debug("%s", where, exc_info=error)


class UnexpectedErrorMiddleware:
    """ASGI middleware: an error that nobody caught becomes one line in the log and a problem.

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
            return problem_response(HTTPStatus.BAD_REQUEST, UNREADABLE, language=language)
        return problem_response(HTTPStatus.INTERNAL_SERVER_ERROR, UNEXPECTED, language=language)
