"""Renders the pages' HTML in the reader's language: the plain pages, and the shell around the studio page."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

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


class StudioShell(NamedTuple):
    """The shell of the studio page as HTML: for its head, and what its body has before and after Gradio's part."""

    head: str
    before: str
    after: str


def plain_page(name: str, request: Request, status: int = 200, **values: Any) -> HTMLResponse:
    """The page of `templates/<name>.html`, rendered with `values`. `PAGE_FILES` has its scripts and styles."""
    bundles: Bundles = request.app.state.bundles
    values["assets"] = bundles.assets(name)
    page = _render(f"{name}.html", request.scope, language_of(request.headers), **values)
    return HTMLResponse(page, status, {"Vary": VARY})


def studio_shell(scope: Scope, language: str, canvas: Mapping[str, object]) -> StudioShell:
    """The shell of the studio page in `language`, with its canvas, and placeholders for what Gradio brings.

    `canvas` is told to the canvas as JSON.
    """
    of_studio = {**scope, "path": STUDIO}
    parts = ("app-head.html", "studio-shell.html", "studio-shell-end.html")
    return StudioShell(*(_render(part, of_studio, language, canvas=canvas) for part in parts))


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
