"""Renders the plain pages: server-side HTML in the reader's language, with a common head and header."""

from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse

from studio.locales.negotiation import language_of
from studio.server.auth.authorization import USER_KEY
from studio.server.languages import VARY
from studio.server.templating import Templates

_TEMPLATES = Templates(Path(__file__).parent / "templates")


def plain_page(name: str, request: Request, status: int = 200, **values: Any) -> HTMLResponse:
    """The page of `templates/<name>.html`, rendered with `values`. Its script is
    `studio/web/pages/<name>.js`."""
    user = str(request.scope.get(USER_KEY, ""))
    page = _TEMPLATES.render(
        f"{name}.html", language_of(request.headers), name=name, user=user, **values
    )
    return HTMLResponse(page, status, {"Vary": VARY})
