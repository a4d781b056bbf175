"""The sign-in page: checks a password, starts a session, ends it."""

import secrets
import time
from datetime import timedelta
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.concurrency import run_in_threadpool

from studio.errors import CapacityError
from studio.locales.negotiation import language_of
from studio.messages import Message, message
from studio.server.auth.login_attempts import CountedKey, LoginAttempts
from studio.server.plain_pages import plain_page
from studio.server.problems import error_response
from studio.store.users import UserStore

USER_COOKIE = "studio-user"
"""The cookie from which pages read the user's name, to show it."""
KNOWN_BROWSER_COOKIE = "studio-known"
"""The cookie of a browser in which a user has signed in before. Its wrong passwords are counted on their
own, so that an attacker who tries passwords does not lock the user out. It gives no access."""
SESSION_MAX_AGE = 14 * 24 * 3600
"""Seconds until a user must sign in again."""
KNOWN_BROWSER_MAX_AGE = 365 * 24 * 3600
"""Seconds for which a browser is known."""
MAX_FORM_BYTES = 8192
"""Bytes of the submitted form."""


class SignIn:
    """What the sign-in routes of one application work on."""

    def __init__(self, users: UserStore, secret: str) -> None:
        self.users = users
        self.attempts = LoginAttempts()
        self._known_browsers = URLSafeTimedSerializer(secret, salt=KNOWN_BROWSER_COOKIE)

    def known_browser_cookie(self, name: str) -> str:
        """A signed value for KNOWN_BROWSER_COOKIE."""
        return str(self._known_browsers.dumps([name, secrets.token_hex(8)]))

    def counted_keys(self, request: Request, name: str) -> list[CountedKey]:
        """What an attempt is counted against: the browser if it is known for this user, else the address
        and the name."""
        cookie = request.cookies.get(KNOWN_BROWSER_COOKIE, "")
        try:
            user, browser = self._known_browsers.loads(cookie, max_age=KNOWN_BROWSER_MAX_AGE)
        except (BadSignature, ValueError):
            user, browser = None, ""
        if user == name:
            return [("browser", str(browser))]
        address = request.client.host if request.client else ""
        return [("address", address), ("name", name)]


async def _get_sign_in(request: Request) -> SignIn:
    sign_in: SignIn = request.app.state.sign_in
    return sign_in


SignInState = Annotated[SignIn, Depends(_get_sign_in)]

router = APIRouter(prefix="/sign-in", include_in_schema=False)


@router.get("")
def show_page(request: Request, failed: str | None = None) -> HTMLResponse:
    """The sign-in page; `failed` is in the URL after a wrong name or password."""
    return _page(request, None if failed is None else message("page.sign_in.wrong"))


@router.post("", max_body_size=MAX_FORM_BYTES)
async def submit(
    request: Request,
    name: Annotated[str, Form(max_length=63)],
    password: Annotated[str, Form(max_length=500)],
    state: SignInState,
) -> Response:
    """Checks the password. If it is right, starts a session and redirects to the studio."""
    users = state.users
    keys = state.counted_keys(request, name)
    try:
        is_right = await state.attempts.verify(keys, lambda: users.verify_password(name, password))
    except CapacityError as error:
        return _too_many_attempts(request, error)
    if not is_right:
        return RedirectResponse("/sign-in?failed", 303)
    await _start_session(request, users, name)
    response = RedirectResponse("/", 303)
    response.set_cookie(USER_COOKIE, quote(name), max_age=SESSION_MAX_AGE, samesite="strict")
    response.set_cookie(
        KNOWN_BROWSER_COOKIE,
        state.known_browser_cookie(name),
        KNOWN_BROWSER_MAX_AGE,
        samesite="strict",
        httponly=True,
        path="/sign-in",
    )
    return response


@router.post("/out")
def sign_out(request: Request, state: SignInState) -> Response:
    """Ends the session and redirects to the sign-in page."""
    state.users.end_session(str(request.session.get("id", "")))
    request.session.clear()
    response = RedirectResponse("/sign-in", 303)
    response.delete_cookie(USER_COOKIE, samesite="strict")
    return response


async def _start_session(request: Request, users: UserStore, name: str) -> None:
    max_age = timedelta(seconds=SESSION_MAX_AGE)
    session_id = await run_in_threadpool(users.create_session, name, max_age)
    fingerprint = await run_in_threadpool(users.session_fingerprint, name)
    request.session.update(
        user=name, fingerprint=fingerprint, id=session_id, created_at=int(time.time())
    )


def _too_many_attempts(request: Request, error: CapacityError) -> Response:
    if "text/html" not in request.headers.get("accept", ""):
        return error_response(error, language_of(request.headers))
    page = _page(request, error.message, 429)
    page.headers["Retry-After"] = str(error.retry_after_seconds)
    return page


def _page(request: Request, status_text: Message | None, status: int = 200) -> HTMLResponse:
    """The page, with a text that says why it is shown again."""
    text = "" if status_text is None else status_text.text(language_of(request.headers))
    return plain_page("sign-in", request, status, status_text=text)
