"""Renders the pages' HTML in the reader's language: the plain pages, and the shell around the studio page."""

from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from starlette.types import Scope

from studio.locales.negotiation import language_of
from studio.server.auth.authorization import USER_KEY
from studio.server.bundles import Bundles
from studio.server.languages import VARY
from studio.server.places import PLACES, STUDIO, locate
from studio.server.templating import Templates

_TEMPLATES = Templates(Path(__file__).parent / "templates")


def plain_page(name: str, request: Request, status: int = 200, **values: Any) -> HTMLResponse:
    """The page of `templates/<name>.html`, rendered with `values`. `PAGE_FILES` has its scripts and styles."""
    bundles: Bundles = request.app.state.bundles
    values["assets"] = bundles.assets(name)
    page = _render(f"{name}.html", request.scope, language_of(request.headers), **values)
    return HTMLResponse(page, status, {"Vary": VARY})


def studio_shell(scope: Scope, language: str) -> str:
    """The shell of the studio page in `language`, with placeholders for its panes."""
    return _render("studio-shell.html", {**scope, "path": STUDIO}, language)


def _render(template: str, scope: Scope, language: str, **values: Any) -> str:
    place, page = locate(scope["path"])
    return _TEMPLATES.render(
        template,
        language,
        places=PLACES,
        place=place,
        page=page,
        user=str(scope.get(USER_KEY, "")),
        **values,
    )
