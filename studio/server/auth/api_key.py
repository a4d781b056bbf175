"""API keys: the middleware that authenticates each request before its body is received."""

from collections.abc import Callable
from http import HTTPStatus

from anyio import to_thread
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from studio.errors import StudioError
from studio.locales.negotiation import language_of
from studio.recipes.serving.request_status import ApiClient
from studio.server.bodies import CLOSE_HEADERS, BodyLimitMiddleware, BodyLimits
from studio.server.problems import AuthenticationError, error_response, problem_response
from studio.server.rate_limits import RateLimits
from studio.server.schemas import API_PREFIX
from studio.settings import Settings
from studio.store.api_clients import ApiClientStore

PUBLIC_PATHS = tuple(f"{API_PREFIX}/{path}" for path in ("health", "ready", "docs", "openapi.json"))
"""Paths of the API that need no key; what is below them needs none either."""
METRICS_PATH = "/metrics"

Authenticator = Callable[[str, str], ApiClient]
"""The client whose API key (first argument) it is, if its rate limit allows a request of this HTTP method
(second argument). Raises AuthenticationError, CapacityError."""


def make_authenticator(clients: ApiClientStore, settings: Settings) -> Authenticator:
    """Looks keys up in `clients`, and counts each request towards its client's rate limit."""
    limits = RateLimits(settings.broker_url.get_secret_value())

    def authenticate(key: str, method: str) -> ApiClient:
        client = clients.find_by_key(key)
        if client is None:
            raise AuthenticationError("auth.api_key_missing")
        limits.count(client, method)
        return client

    return authenticate


class ApiKeyMiddleware:
    """ASGI middleware: refuses requests without a valid API key before their bodies are received, and
    watches the bodies of the others (BodyLimitMiddleware). Routes find the client in
    `request.state.client`.

    Where sessions are accepted as well (`is_optional`), requests without an Authorization header of the
    scheme Bearer pass as they are. A key opens the API alone, no page.
    """

    def __init__(
        self,
        app: ASGIApp,
        authenticate: Authenticator,
        limits: BodyLimits,
        is_optional: bool = False,
    ) -> None:
        self._authenticate, self._limits = authenticate, limits
        self._is_optional = is_optional
        self._inner = BodyLimitMiddleware(app, limits)
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if self._is_optional and not (_is_api(scope["path"]) and _has_bearer_token(headers)):
            await self._app(scope, receive, send)
            return
        try:
            if self._is_optional or _needs_key(scope["path"]):
                key = _bearer_token(headers)
                client = await to_thread.run_sync(self._authenticate, key, scope["method"])
                scope.setdefault("state", {})["client"] = client
        except StudioError as error:
            refusal = error_response(error, language_of(headers))
            if _has_body(headers):
                refusal.headers.update(CLOSE_HEADERS)
            await refusal(scope, receive, send)
            return
        if _content_length(headers) > self._limits.size:
            status, why = HTTPStatus.REQUEST_ENTITY_TOO_LARGE, self._limits.too_large
            refusal = problem_response(status, why, CLOSE_HEADERS, language_of(headers))
            await refusal(scope, receive, send)
            return
        await self._inner(scope, receive, send)


def _needs_key(path: str) -> bool:
    return _is_api(path) and not any(_is_below(path, base) for base in PUBLIC_PATHS)


def _is_api(path: str) -> bool:
    return path == METRICS_PATH or _is_below(path, API_PREFIX)


def _is_below(path: str, base: str) -> bool:
    return path == base or path.startswith(f"{base}/")


def _has_bearer_token(headers: Headers) -> bool:
    return headers.get("authorization", "").partition(" ")[0].lower() == "bearer"


def _bearer_token(headers: Headers) -> str:
    """Raises AuthenticationError."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise AuthenticationError("auth.api_key_missing")
    return token.strip()


def _content_length(headers: Headers) -> int:
    """0 where the header is missing or is no number; twelve digits are enough to be too large."""
    length = headers.get("content-length", "")
    return int(length[:12]) if length.isdecimal() else 0


def _has_body(headers: Headers) -> bool:
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"
