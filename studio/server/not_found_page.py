"""A page, in place of a problem in JSON, for a reader who opens an address that does not exist or cannot."""

from http import HTTPStatus

from fastapi import Request
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from studio.server.plain_pages import plain_page
from studio.server.schemas import API_PREFIX

_MISSING = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY})


class NotFoundPageMiddleware:
    """ASGI middleware: answers 404 with a page where a browser opens a page. API routes keep their problems.

    An address with a slug or number that no theme can have (422) is one that does not exist.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not _opens_page(scope):
            await self._app(scope, receive, send)
            return
        is_missing = False

        async def send_found(part: Message) -> None:
            nonlocal is_missing
            if part["type"] == "http.response.start":
                is_missing = part["status"] in _MISSING
            if not is_missing:
                await send(part)

        # Mounted applications change their scope's path.
        request = Request({**scope})
        await self._app(scope, receive, send_found)
        if is_missing:
            page = plain_page("not-found", request, HTTPStatus.NOT_FOUND, path=request.url.path)
            await page(scope, receive, send)


def _opens_page(scope: Scope) -> bool:
    is_get = scope["type"] == "http" and scope["method"] == "GET"
    if not is_get or scope["path"].startswith(f"{API_PREFIX}/"):
        return False
    return "text/html" in Headers(scope=scope).get("accept", "")
