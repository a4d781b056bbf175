"""The plain pages: HTML at addresses that do not change. Their scripts use the API like any client."""

from collections.abc import Callable

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from studio.server import theme_pages
from studio.server.places import MOVED, PLAIN_PAGES, ROOTS
from studio.server.plain_pages import plain_page

router = APIRouter(include_in_schema=False)


def _show(template: str) -> Callable[[Request], HTMLResponse]:
    def show_page(request: Request) -> HTMLResponse:
        return plain_page(template, request)

    return show_page


def _redirect(address: str, status: int) -> Callable[[Request], RedirectResponse]:
    def redirect(request: Request) -> RedirectResponse:
        query = request.url.query.replace("contest=", "test=")
        return RedirectResponse(f"{address}?{query}" if query else address, status)

    return redirect


for _page in PLAIN_PAGES:
    router.get(_page.address)(_show(_page.template))
for _old, _new in MOVED.items():
    router.get(_old)(_redirect(_new, 308))
for _root, _first in ROOTS.items():
    router.get(_root)(_redirect(_first, 307))
router.include_router(theme_pages.router)
