"""Sessions of the studio's users: the middleware that refuses whatever is requested without one.

A session is a signed cookie with SameSite=Strict, so that no other site's page can send it along. It is
bound to a row of the database, which signing out deletes, and to the user's password: changing that, or
removing the user, ends every session.
"""

import secrets
from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated
from urllib.parse import parse_qs

import gradio as gr
from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.middleware.sessions import SessionMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.types import Message as AsgiMessage

from studio.errors import StudioError
from studio.locales import LANGUAGES
from studio.locales.negotiation import language_of
from studio.messages import Message, message
from studio.network import forwarding, is_loopback
from studio.server.auth.authorization import SESSION_COOKIE, USER_KEY
from studio.server.auth.session_secret import read_or_create_secret
from studio.server.auth.sign_in import SESSION_MAX_AGE, SignIn, router
from studio.server.origins import is_safe_host
from studio.server.problems import error_response, problem_response
from studio.settings import Settings
from studio.store.users import UserStore

PUBLIC_PATHS = ("/sign-in", "/sign-in/out")
PUBLIC_PREFIXES = ("/own/", "/web/")
"""Scripts and styles, which the sign-in page needs, too."""


def install_session_auth(app: FastAPI, users: UserStore, settings: Settings) -> None:
    """Adds the sign-in page, and requires a session for everything else that `app` serves, wherever
    `settings` or the existence of users ask for that."""
    secret = read_or_create_secret(settings.data_dir / "session-secret")
    app.state.sign_in = SignIn(users, secret)
    app.include_router(router)
    app.add_middleware(SessionAuthMiddleware, users=users, settings=settings)
    app.add_middleware(
        SessionMiddleware,
        secret_key=secret,
        session_cookie=SESSION_COOKIE,
        max_age=SESSION_MAX_AGE,
        same_site="strict",
    )
    app.add_middleware(_SecureCookieMiddleware, secure=settings.secure_cookies)


def current_user(request: Request) -> str:
    """The name of the signed-in user; empty where nobody signs in."""
    return str(request.scope.get(USER_KEY, ""))


def current_gradio_user(request: gr.Request) -> str:
    """The name of the signed-in user of the Gradio page; empty where nobody signs in."""
    return current_user(request.request)


async def _get_current_user(request: Request) -> str:
    return current_user(request)


CurrentUser = Annotated[str, Depends(_get_current_user)]
"""The name of the signed-in user; empty where nobody signs in."""


class SessionAuthMiddleware:
    """Refuses requests without a session, but for the sign-in page and for requests by API key.

    Where nobody has to sign in, it refuses requests under an unknown host name (DNS rebinding), and on
    loopback those through a proxy, since anybody may be behind one. A session's cookie goes only to the
    host that set it, so that with sign-in no other name gives access.
    """

    def __init__(self, app: ASGIApp, users: UserStore, settings: Settings) -> None:
        self._app, self._users, self._settings = app, users, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        try:
            refusal = await run_in_threadpool(self._unauthorized_response, scope)
        except StudioError as error:
            refusal = error_response(error, language_of(Headers(scope=scope)))
        await (refusal or self._app)(scope, receive, send)

    def _unauthorized_response(self, scope: Scope) -> Response | None:
        if not self._requires_session():
            refusal = self._untrusted_response(scope)
            if refusal is None:
                scope[USER_KEY] = ""
            return refusal
        path = scope["path"]
        if path in PUBLIC_PATHS or path.startswith(PUBLIC_PREFIXES) or _has_api_key(scope):
            return None
        user = self._session_user(scope["session"])
        if not user:
            return _sign_in_response(scope)
        scope[USER_KEY] = user
        return None

    def _requires_session(self) -> bool:
        settings = self._settings
        if settings.no_sign_in:
            return False
        return settings.sign_in or not is_loopback(settings.host) or self._users.any()

    def _session_user(self, session: Mapping[str, object]) -> str:
        """The user of an active session; empty for any other."""
        user = str(session.get("user", ""))
        if not user:
            return ""
        fingerprint = self._users.active_session_fingerprint(user, str(session.get("id", "")))
        if fingerprint is None:
            return ""
        is_equal = secrets.compare_digest(fingerprint, str(session.get("fingerprint", "")))
        return user if is_equal else ""

    def _untrusted_response(self, scope: Scope) -> Response | None:
        """A refusal of what may come from elsewhere than this machine, or from a page of another site."""
        settings, forwarded = self._settings, forwarding(scope)
        # An operator has set both.
        is_expected_proxy = forwarded == "trusted" and settings.no_sign_in
        is_local = is_loopback(settings.host) and not is_expected_proxy
        if is_local and forwarded != "none":
            return _refusal(scope, HTTPStatus.FORBIDDEN, message("auth.proxied_request"))
        names = (settings.host, *settings.allowed_hosts)
        if not is_safe_host(scope, names, allow_ip_addresses=not is_local):
            return _refusal(scope, HTTPStatus.BAD_REQUEST, message("auth.unknown_host"))
        return None


class _SecureCookieMiddleware:
    """Marks every cookie as Secure (HTTPS only): always, never, or ("auto") for requests by HTTPS."""

    def __init__(self, app: ASGIApp, secure: bool | str) -> None:
        self._app, self._secure = app, secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        secure = scope.get("scheme") == "https" if self._secure == "auto" else self._secure

        async def send_marked(part: AsgiMessage) -> None:
            if part["type"] == "http.response.start":
                part["headers"] = [
                    (name, value + b"; Secure" if name.lower() == b"set-cookie" else value)
                    for name, value in part.get("headers", [])
                ]
            await send(part)

        await self._app(scope, receive, send_marked if secure else send)


def _has_api_key(scope: Scope) -> bool:
    """Whether `ApiKeyMiddleware` has accepted the API key of the request."""
    return "client" in scope.get("state", {})


def _sign_in_response(scope: Scope) -> Response:
    """Redirects a page to the sign-in page, in the language that its URL asks for; 401 for the rest."""
    if scope["type"] != "http" or scope["method"] != "GET" or not _accepts_html(scope):
        return _refusal(scope, HTTPStatus.UNAUTHORIZED, message("auth.not_signed_in"))
    language = parse_qs(scope["query_string"].decode("latin-1")).get("lang", [""])[0]
    url = f"/sign-in?lang={language}" if language in LANGUAGES else "/sign-in"
    return RedirectResponse(url, 303)


def _accepts_html(scope: Scope) -> bool:
    return "text/html" in Headers(scope=scope).get("accept", "")


def _refusal(scope: Scope, status: HTTPStatus, why: Message) -> Response:
    return problem_response(status, why, language=language_of(Headers(scope=scope)))
