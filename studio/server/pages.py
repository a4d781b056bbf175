"""The plain pages: HTML at addresses that do not change. Their scripts use the API like any client."""

from collections.abc import Callable

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from studio.server import theme_pages
from studio.server.plain_pages import plain_page

PAGES = (
    "themes",
    "blind-tests",
    "tuning",
    "moderation",
    "history",
    "base-images",
    "models",
    "system",
)
"""Each has the path, the template and the script of its name."""
MOVED = {"votes": "blind-tests", "bases": "base-images", "safety": "moderation"}
"""Pages by their former names; links to these may be stored anywhere."""

router = APIRouter(include_in_schema=False)


def _show(name: str) -> Callable[[Request], HTMLResponse]:
    def show_page(request: Request) -> HTMLResponse:
        return plain_page(name, request)

    return show_page


def _redirect(name: str) -> Callable[[Request], RedirectResponse]:
    def redirect(request: Request) -> RedirectResponse:
        query = request.url.query.replace("contest=", "test=")
        return RedirectResponse(f"/{name}?{query}" if query else f"/{name}", 308)

    return redirect


for _name in PAGES:
    router.get(f"/{_name}")(_show(_name))
for _old, _new in MOVED.items():
    router.get(f"/{_old}")(_redirect(_new))
router.include_router(theme_pages.router)
