"""Authorization of API routes: an API key with the scope, or on the studio's server a session.

The middlewares have authenticated the request before (`auth.api_key`, `auth.session`); a request that
neither has let in is refused here, whatever route it asks for.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Request, Security
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer

from studio.errors import InvalidInputError
from studio.recipes.serving.request_status import ApiClient, Scope
from studio.server.problems import AuthenticationError, PermissionDeniedError

SESSION_COOKIE = "studio-session"
CSRF_HEADER = "X-Studio"
"""A request by session that changes something must have this header, whatever its value: no page of another
site can send it here (see `origins`)."""
SESSION_SCOPES: frozenset[Scope] = frozenset({"admin", "metrics"})
"""What a session permits. Generation requests need a key, with the quota of its client."""
USER_KEY = "studio.user"
"""Key of the ASGI scope: the user whose session the middleware has accepted; empty where nobody signs in."""
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

_bearer = HTTPBearer(auto_error=False, description="The API key of a client.")
_cookie = APIKeyCookie(
    name=SESSION_COOKIE,
    auto_error=False,
    description="On the studio's own server (`studio ui`): the session of a signed-in user, or none where"
    f" nobody signs in. Every method but GET needs the header {CSRF_HEADER}, with any value.",
)


@dataclass(frozen=True)
class Operator:
    """Who manages the studio by a request.

    Attributes:
        name: of the API client or of the signed-in user; empty where nobody signs in.
        is_person: by a session, not by an API key.
    """

    name: str
    is_person: bool

    def author(self, typed: str) -> str:
        """The operator's name, else the name that was typed; may be empty."""
        return self.name or typed.strip()

    def required_author(self, typed: str) -> str:
        """Raises InvalidInputError where nobody signs in and no name was typed."""
        author = self.author(typed)
        if not author:
            raise InvalidInputError("theme.author_missing")
        return author

    def voter(self, typed: str) -> str:
        """The signed-in user, else the name that was typed: a client may vote for any of its users."""
        return self.author(typed) if self.is_person else typed.strip()


def require_client(scope: Scope) -> Callable[..., Awaitable[ApiClient]]:
    """A dependency: the client whose API key was sent, if the key has `scope`.

    Raises AuthenticationError without a client, PermissionDeniedError for a key without the scope.
    """

    async def dependency(
        _: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)], request: Request
    ) -> ApiClient:
        client = _client(request)
        if client is None:
            raise AuthenticationError("auth.api_key_missing")
        _check_scope(client, scope)
        return client

    return dependency


def require_operator(scope: Scope) -> Callable[..., Awaitable[Operator]]:
    """A dependency: the client whose API key was sent, if the key has `scope`, or the user of a session.

    A key counts before a session. Raises AuthenticationError without either, PermissionDeniedError for a key
    without the scope and for a request by session that changes something without CSRF_HEADER.
    """

    async def dependency(
        _: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
        __: Annotated[str | None, Security(_cookie)],
        request: Request,
    ) -> Operator:
        client = _client(request)
        if client is not None:
            _check_scope(client, scope)
            return Operator(client.name, is_person=False)
        user = request.scope.get(USER_KEY)
        if user is None:
            raise AuthenticationError("auth.api_key_missing")
        if scope not in SESSION_SCOPES:
            raise PermissionDeniedError("auth.wrong_scope", scope=scope)
        if request.method not in SAFE_METHODS and CSRF_HEADER not in request.headers:
            raise PermissionDeniedError("auth.csrf_header_missing", header=CSRF_HEADER)
        return Operator(str(user), is_person=True)

    return dependency


def _client(request: Request) -> ApiClient | None:
    client: ApiClient | None = getattr(request.state, "client", None)
    return client


def _check_scope(client: ApiClient, scope: Scope) -> None:
    if scope not in client.scopes:
        raise PermissionDeniedError("auth.wrong_scope", scope=scope)
