"""Signing in, where the studio is open to other machines: a page, a session, and a gate before all.

The session is a signed cookie that no other site's page can send along. It is bound to the
user's password: changing that, or removing the user, ends every session.
"""

import os
import secrets
import time
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import gradio as gr
from fastapi import APIRouter, FastAPI, Form, Request, Response
from fastapi.responses import FileResponse, JSONResponse, RedirectResponse
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from starlette.middleware.sessions import SessionMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from studio.errors import StoreUnavailable
from studio.store.users import UserStore

_PAGE = Path(__file__).parent / "static" / "sign-in.html"
_OPEN = ("/sign-in", "/sign-in/out")
TRIES = RateLimitItemPerMinute(10)
"""Wrong passwords that one address may send a minute."""
SHOWN = "studio-user"
"""The cookie that tells pages whom to greet."""
LASTS = 14 * 24 * 3600
"""Seconds until one must sign in again."""


def require_sign_in(app: FastAPI, users: UserStore, home: Path) -> None:
    """Puts the gate before everything that `app` serves."""
    app.include_router(_routes(users))
    app.add_middleware(_Gate, users=users)
    app.add_middleware(
        SessionMiddleware,
        secret_key=_secret(home / "session-secret"),
        session_cookie="studio-session",
        max_age=LASTS,
        same_site="strict",
    )


def user_of(request: Request) -> str:
    """The name of whoever sent a request; empty where nobody signs in."""
    return str(request.scope.get("session", {}).get("user", ""))


def signed_in(request: gr.Request) -> str:
    """The same of a request to the Gradio page."""
    return user_of(request.request)


class _Gate:
    """Lets nobody in without a session, but to the page where one signs in."""

    def __init__(self, app: ASGIApp, users: UserStore) -> None:
        self._app, self._users = app, users

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or self._may(scope):
            await self._app(scope, receive, send)
        else:
            await _refusal(scope)(scope, receive, send)

    def _may(self, scope: Scope) -> bool:
        if scope["path"] in _OPEN or scope["path"].startswith("/own/"):
            return True
        session = scope["session"]
        stamp = self._users.stamp(str(session.get("user", "")))
        return stamp is not None and secrets.compare_digest(stamp, str(session.get("stamp", "")))


def _refusal(scope: Scope) -> Response:
    accepts = dict(scope["headers"]).get(b"accept", b"")
    if scope["type"] == "http" and scope["method"] == "GET" and b"text/html" in accepts:
        return RedirectResponse("/sign-in", 303)
    return JSONResponse({"error": "sign in first, at /sign-in"}, 401)


def _routes(users: UserStore) -> APIRouter:
    routes = APIRouter(prefix="/sign-in")
    limiter = FixedWindowRateLimiter(MemoryStorage())

    @routes.get("")
    def page() -> FileResponse:
        return FileResponse(_PAGE, media_type="text/html")

    @routes.post("")
    def sign_in(
        request: Request,
        name: Annotated[str, Form(max_length=63)],
        password: Annotated[str, Form(max_length=500)],
    ) -> Response:
        address = request.client.host if request.client else ""
        if not limiter.test(TRIES, address):
            return RedirectResponse("/sign-in?too-often", 303)
        if not users.is_right(name, password):
            limiter.hit(TRIES, address)
            return RedirectResponse("/sign-in?wrong", 303)
        request.session.update(user=name, stamp=users.stamp(name), at=int(time.time()))
        answer = RedirectResponse("/", 303)
        # For the pages to read: it opens nothing.
        answer.set_cookie(SHOWN, quote(name), max_age=LASTS, samesite="strict")
        return answer

    @routes.post("/out")
    def sign_out(request: Request) -> Response:
        request.session.clear()
        answer = RedirectResponse("/sign-in", 303)
        answer.delete_cookie(SHOWN, samesite="strict")
        return answer

    return routes


def _secret(file: Path) -> str:
    """What cookies are signed with: made once, for this data directory, readable by its owner."""
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as opened:
            opened.write(secrets.token_hex(32))
    except FileExistsError:
        pass
    except OSError as error:
        raise StoreUnavailable(f"cannot write {file} ({error.strerror})") from None
    return file.read_text()
