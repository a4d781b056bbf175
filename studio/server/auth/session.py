"""Signing in: a page, a session, and a gate before all that is served.

The session is a signed cookie that no other site's page can send along. It is bound to a row of the
database, which signing out deletes, and to the user's password: changing that, or removing the user,
ends every session.
"""

import os
import secrets
import tempfile
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated
from urllib.parse import parse_qs, quote

import gradio as gr
from fastapi import APIRouter, FastAPI, Form, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.middleware.sessions import SessionMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from studio.errors import CapacityError, StorageUnavailableError, StudioError
from studio.locales import LANGUAGES
from studio.locales.negotiation import language_of
from studio.messages import Message as Text
from studio.network import forwarding, is_loopback
from studio.server.auth.login_attempts import Attempts, Key
from studio.server.origins import cannot_be_rebound
from studio.server.page_errors import answer, body_of
from studio.server.plain_pages import plain_page
from studio.settings import Settings
from studio.store.users import UserStore

PUBLIC_PATHS = ("/sign-in", "/sign-in/out")
USER_COOKIE = "studio-user"
"""The cookie that tells pages whom to greet."""
KNOWN = "studio-known"
"""The cookie of a browser in which a user has signed in before: it tries passwords on its own count,
so that nobody else's wrong ones keep its user out. It opens nothing."""
SESSION_MAX_AGE = 14 * 24 * 3600
"""Seconds until one must sign in again."""
KNOWN_LASTS = 365 * 24 * 3600
"""Seconds for which a browser is known."""
MAX_FORM = 8192
"""Bytes of a name and a password, as a form sends them."""
_SHORTEST_SECRET = 32


def install_session_auth(app: FastAPI, users: UserStore, settings: Settings) -> None:
    """Puts the gate before everything that `app` serves: it asks for a session wherever `settings`
    or the users that there are say so."""
    secret = _secret(settings.data_dir / "session-secret")
    app.include_router(_routes(users, URLSafeTimedSerializer(secret, salt=KNOWN)))
    app.add_middleware(SessionAuthMiddleware, users=users, settings=settings)
    app.add_middleware(
        SessionMiddleware,
        secret_key=secret,
        session_cookie="studio-session",
        max_age=SESSION_MAX_AGE,
        same_site="strict",
    )
    app.add_middleware(_SecureCookies, secure=settings.secure_cookies)


def current_user(request: Request) -> str:
    """The name of whoever sent a request; empty where nobody signs in."""
    return str(request.scope.get("studio.user", ""))


def current_gradio_user(request: gr.Request) -> str:
    """The same of a request to the Gradio page."""
    return current_user(request.request)


class SessionAuthMiddleware:
    """Lets nobody in without a session, but to the page where one signs in.

    Where nobody has to sign in, it lets nobody in under a name that is not known here (DNS rebinding),
    and on loopback nobody through a proxy: anybody may be behind those. A session's cookie goes to
    the host alone that it came from, so that with sign-in no other name opens anything.
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
            refusal = answer(error, language_of(Headers(scope=scope)))
        await (refusal or self._app)(scope, receive, send)

    def _unauthorized_response(self, scope: Scope) -> Response | None:
        if not self._asks_for_session():
            return self._from_outside(scope)
        if scope["path"] in PUBLIC_PATHS or scope["path"].startswith(("/own/", "/web/")):
            return None
        session = scope["session"]
        name = str(session.get("user", ""))
        stamp = (
            self._users.active_session_fingerprint(name, str(session.get("id", "")))
            if name
            else None
        )
        if stamp is None or not secrets.compare_digest(stamp, str(session.get("stamp", ""))):
            return _to_sign_in(scope)
        scope["studio.user"] = name
        return None

    def _asks_for_session(self) -> bool:
        settings = self._settings
        if settings.no_sign_in:
            return False
        return settings.sign_in or not is_loopback(settings.host) or self._users.any()

    def _from_outside(self, scope: Scope) -> Response | None:
        """A refusal for what may come from elsewhere than this machine, or than who reaches `host`."""
        settings, came = self._settings, forwarding(scope)
        proxied = came == "trusted" and settings.no_sign_in  # An operator has said both.
        local = is_loopback(settings.host) and not proxied
        if local and came != "none":
            return _refusal(scope, 403, Text(id="auth.came_through_a_proxy"))
        names = (settings.host, *settings.allowed_hosts)
        if not cannot_be_rebound(scope, names, addresses=not local):
            return _refusal(scope, 400, Text(id="auth.unknown_host"))
        return None


class _SecureCookies:
    """Marks every cookie as one for https alone: always, never, or where the request came by it."""

    def __init__(self, app: ASGIApp, secure: bool | str) -> None:
        self._app, self._secure = app, secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        secure = scope.get("scheme") == "https" if self._secure == "auto" else self._secure

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    (name, value + b"; Secure" if name.lower() == b"set-cookie" else value)
                    for name, value in message.get("headers", [])
                ]
            await send(message)

        await self._app(scope, receive, marked if secure else send)


def _to_sign_in(scope: Scope) -> Response:
    if scope["type"] == "http" and scope["method"] == "GET" and _wants_page(Headers(scope=scope)):
        asked = parse_qs(scope["query_string"].decode("latin-1")).get("lang", [""])[0]
        return RedirectResponse(f"/sign-in?lang={asked}" if asked in LANGUAGES else "/sign-in", 303)
    return _refusal(scope, 401, Text(id="auth.sign_in_first"))


def _refusal(scope: Scope, status: int, why: Text) -> JSONResponse:
    return JSONResponse(body_of(why, language_of(Headers(scope=scope))), status)


def _wants_page(headers: Mapping[str, str]) -> bool:
    return "text/html" in headers.get("accept", "")


def _routes(users: UserStore, known: URLSafeTimedSerializer) -> APIRouter:
    routes = APIRouter(prefix="/sign-in")
    attempts = Attempts()

    @routes.get("")
    def page(request: Request, wrong: str | None = None) -> HTMLResponse:
        told = None if wrong is None else Text(id="page.sign_in.wrong")
        return _page(request, told)

    @routes.post("", max_body_size=MAX_FORM)
    async def sign_in(
        request: Request,
        name: Annotated[str, Form(max_length=63)],
        password: Annotated[str, Form(max_length=500)],
    ) -> Response:
        keys = _counted(request, name, known)
        try:
            right = await attempts.verify(keys, lambda: users.verify_password(name, password))
        except CapacityError as error:
            return _too_often(request, error)
        if not right:
            return RedirectResponse("/sign-in?wrong", 303)
        begun = await run_in_threadpool(
            users.create_session, name, timedelta(seconds=SESSION_MAX_AGE)
        )
        stamp = await run_in_threadpool(users.session_fingerprint, name)
        request.session.update(user=name, stamp=stamp, id=begun, at=int(time.time()))
        done = RedirectResponse("/", 303)
        # For the pages to read: it opens nothing.
        done.set_cookie(USER_COOKIE, quote(name), max_age=SESSION_MAX_AGE, samesite="strict")
        again = known.dumps([name, secrets.token_hex(8)])
        done.set_cookie(
            KNOWN, again, KNOWN_LASTS, samesite="strict", httponly=True, path="/sign-in"
        )
        return done

    @routes.post("/out")
    def sign_out(request: Request) -> Response:
        users.end_session(str(request.session.get("id", "")))
        request.session.clear()
        done = RedirectResponse("/sign-in", 303)
        done.delete_cookie(USER_COOKIE, samesite="strict")
        return done

    return routes


def _counted(request: Request, name: str, known: URLSafeTimedSerializer) -> list[Key]:
    """Against whom a try is counted: the browser where its user is known in it, else address and name."""
    try:
        user, browser = known.loads(request.cookies.get(KNOWN, ""), max_age=KNOWN_LASTS)
    except (BadSignature, ValueError):
        user, browser = None, ""
    if user == name:
        return [("browser", str(browser))]
    address = request.client.host if request.client else ""
    return [("address", address), ("name", name)]


def _too_often(request: Request, error: CapacityError) -> Response:
    if not _wants_page(request.headers):
        return answer(error, language_of(request.headers))
    page = _page(request, error.message, 429)
    page.headers["Retry-After"] = str(error.retry_after_seconds)
    return page


def _page(request: Request, told: Text | None = None, status: int = 200) -> HTMLResponse:
    """Where one signs in; `told` is why one is here again."""
    said = "" if told is None else told.text(language_of(request.headers))
    return plain_page("sign-in", request, status, told=said)


def _secret(file: Path) -> str:
    """What cookies are signed with: made once, for this data directory, readable by its owner.

    Raises StoreUnavailable when it cannot be written, or is too short to be safe.
    """
    try:
        if not file.exists():
            _make_secret(file)
        found = file.read_text()
    except OSError as error:
        raise StorageUnavailableError(
            "auth.secret_not_writable", file=str(file), reason=error.strerror or ""
        ) from None
    if len(found.strip()) < _SHORTEST_SECRET:
        raise StorageUnavailableError("auth.secret_damaged", file=str(file))
    return found


def _make_secret(file: Path) -> None:
    """Whole or not at all: whoever comes second keeps what is there."""
    handle, partial = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")  # Mode 0600.
    try:
        with os.fdopen(handle, "w") as opened:
            opened.write(secrets.token_hex(32))
            opened.flush()
            os.fsync(opened.fileno())
        os.link(partial, file)
    except FileExistsError:
        pass
    finally:
        Path(partial).unlink(missing_ok=True)
