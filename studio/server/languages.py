"""The reader's language on the pages: texts for scripts, and the choice that a cookie stores."""

import json
from functools import cache
from hashlib import sha256
from urllib.parse import parse_qs

from fastapi import APIRouter, Request, Response
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from studio.errors import NotFoundError
from studio.locales import LANGUAGES, templates
from studio.locales.negotiation import COOKIE

COOKIE_MAX_AGE = 365 * 24 * 3600
"""Seconds for which a browser keeps the chosen language."""
VARY = "Cookie, Accept-Language"
"""The `Vary` header of a page in the reader's language."""

router = APIRouter(prefix="/own/locales")


@router.get("/{language}.json")
def get_texts(language: str, request: Request) -> Response:
    """Every message template of a language by id, for `studio/web/lib/i18n.js`; 304 where the browser has
    them."""
    if language not in LANGUAGES:
        raise NotFoundError("page.no_such_page")
    body, etag = _document(language)
    headers = {"ETag": etag, "Cache-Control": "no-cache"}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


class LanguageChoiceMiddleware:
    """ASGI middleware: `?lang=zh-CN` in a page's URL chooses that language, for this response and, by a
    cookie, for later ones."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_get = scope["type"] == "http" and scope["method"] == "GET"
        language = _requested_language(scope) if is_get else ""
        if language not in LANGUAGES:
            await self._app(scope, receive, send)
            return
        scope = {**scope, "headers": list(scope["headers"])}
        headers = MutableHeaders(scope=scope)
        headers["cookie"] = f"{headers.get('cookie', '')}; {COOKIE}={language}".removeprefix("; ")
        cookie = f"{COOKIE}={language}; Path=/; Max-Age={COOKIE_MAX_AGE}; SameSite=Lax"

        async def send_with_cookie(part: Message) -> None:
            if part["type"] == "http.response.start":
                MutableHeaders(scope=part).append("Set-Cookie", cookie)
            await send(part)

        await self._app(scope, receive, send_with_cookie)


def _requested_language(scope: Scope) -> str:
    query: bytes = scope["query_string"]
    return parse_qs(query.decode("latin-1")).get("lang", [""])[-1]


@cache
def _document(language: str) -> tuple[bytes, str]:
    """A language's JSON, and its ETag."""
    body = json.dumps(dict(templates(language)), ensure_ascii=False).encode()
    return body, f'"{sha256(body).hexdigest()[:32]}"'
