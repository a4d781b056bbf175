"""The reader's language on our pages: texts for their scripts, and a choice that a browser keeps."""

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

KEPT = 365 * 24 * 3600
"""Seconds for which a browser keeps the language that was chosen."""
VARY = "Cookie, Accept-Language"
"""What a page in the reader's language depends on."""


def language_routes() -> APIRouter:
    routes = APIRouter(prefix="/own/locales")

    @routes.get("/{language}.json")
    def texts(language: str, request: Request) -> Response:
        """Every template of a language by id, as `studio/web/lib/i18n.js` reads them."""
        if language not in LANGUAGES:
            raise NotFoundError("page.no_such_page")
        body, tag = _document(language)
        headers = {"ETag": tag, "Cache-Control": "no-cache"}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(body, media_type="application/json", headers=headers)

    return routes


class ChosenLanguage:
    """ASGI middleware: `?lang=zh-CN` in a page's address chooses that language, for this answer and,
    as a cookie, for those to come."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        chosen = _asked_for(scope) if scope["type"] == "http" and scope["method"] == "GET" else ""
        if chosen not in LANGUAGES:
            await self._app(scope, receive, send)
            return
        scope = {**scope, "headers": list(scope["headers"])}
        headers = MutableHeaders(scope=scope)
        headers["cookie"] = f"{headers.get('cookie', '')}; {COOKIE}={chosen}".removeprefix("; ")

        cookie = f"{COOKIE}={chosen}; Path=/; Max-Age={KEPT}; SameSite=Lax"

        async def kept(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).append("Set-Cookie", cookie)
            await send(message)

        await self._app(scope, receive, kept)


def _asked_for(scope: Scope) -> str:
    query: bytes = scope["query_string"]
    return parse_qs(query.decode("latin-1")).get("lang", [""])[-1]


@cache
def _document(language: str) -> tuple[bytes, str]:
    """A language's JSON, and a tag that changes with it."""
    body = json.dumps(dict(templates(language)), ensure_ascii=False).encode()
    return body, f'"{sha256(body).hexdigest()[:32]}"'
