"""What stands before every route: whose key it is, before a body is received and watched over."""

from collections.abc import Callable
from http import HTTPStatus

from anyio import to_thread
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from studio.errors import StudioError
from studio.locales.negotiation import language_of
from studio.recipes.serving.request_status import ApiClient
from studio.server.bodies import CLOSE, BodyLimits, WatchedBodies
from studio.server.problems import NoKey, problem, problem_of
from studio.server.schemas import PREFIX

OPEN = (f"{PREFIX}/health", f"{PREFIX}/ready", f"{PREFIX}/docs", f"{PREFIX}/openapi.json")
"""Addresses of the API that need no key; what is below them needs none either."""
METRICS = "/metrics"

Admit = Callable[[str, str], ApiClient]
"""Whose key it is and whether they may ask now, by the key and the method. Raises StudioError."""


class Guard:
    """Refuses requests without a key that counts, before their bodies are received; watches over the
    bodies of the others. Routes find whose request it is in `request.state.client`."""

    def __init__(self, app: ASGIApp, admit: Admit, limits: BodyLimits) -> None:
        self._app, self._admit, self._limits = app, admit, limits
        self._inside = WatchedBodies(app, limits)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        try:
            if _needs_key(scope["path"]):
                client = await to_thread.run_sync(self._admit, _key(headers), scope["method"])
                scope.setdefault("state", {})["client"] = client
        except StudioError as error:
            refusal = problem_of(error, language_of(headers))
            if _brings_body(headers):
                refusal.headers.update(CLOSE)
            await refusal(scope, receive, send)
            return
        length = headers.get("content-length", "")
        if length.isdecimal() and int(length[:12]) > self._limits.size:
            status, why = HTTPStatus.REQUEST_ENTITY_TOO_LARGE, self._limits.too_large
            refusal = problem(status, why, CLOSE, language_of(headers))
            await refusal(scope, receive, send)
            return
        await self._inside(scope, receive, send)


def _needs_key(path: str) -> bool:
    if path == METRICS:
        return True
    inside = path == PREFIX or path.startswith(f"{PREFIX}/")
    return inside and not any(path == each or path.startswith(f"{each}/") for each in OPEN)


def _key(headers: Headers) -> str:
    """Raises NoKey."""
    scheme, _, key = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise NoKey("auth.bring_key")
    return key.strip()


def _brings_body(headers: Headers) -> bool:
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"
