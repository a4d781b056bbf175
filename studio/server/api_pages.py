"""The API's own pages: the one to play with a theme on a phone, and the API's document made readable.

Both work by the API alone, with a key that one types in; all they run ships with them. The one for the
phone is in its reader's language, the API's document in English.
"""

from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, HTMLResponse
from fastapi.staticfiles import StaticFiles

from studio.locales.negotiation import language_of
from studio.messages import message
from studio.recipes.base_image import Slug
from studio.recipes.palette import NAME_IDS, PALETTE
from studio.server.schemas import PREFIX
from studio.server.templating import Templates
from studio.server.web_files import WEB, WebFiles

_STATIC = Path(__file__).parent / "static"
_TEMPLATES = Templates(Path(__file__).parent / "templates")
FENCE = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline';"
    " object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}  # fmt: skip


def add_pages(app: FastAPI) -> None:
    docs = f"{PREFIX}/docs"
    app.mount(f"{docs}/own", StaticFiles(directory=_STATIC / "swagger-ui"))

    @app.get("/play/own/palette.json", include_in_schema=False)
    def palette(request: Request) -> list[dict[str, str]]:
        """The colours of the studio's canvas, each with its name for the reader."""
        language = language_of(request.headers)
        return [
            {"name": message(NAME_IDS[name]).text(language), "hex": color}
            for name, color in PALETTE
        ]

    app.mount("/play/own", StaticFiles(directory=_STATIC))
    app.mount("/play/web", WebFiles())

    @app.get(docs, include_in_schema=False)
    def documents() -> FileResponse:
        return FileResponse(_STATIC / "docs.html", media_type="text/html", headers=FENCE)

    @app.get(f"{docs}/start.js", include_in_schema=False)
    def start() -> FileResponse:
        return FileResponse(WEB / "pages" / "api-docs.js", media_type="text/javascript")

    @app.get("/play/{theme}", include_in_schema=False)
    def play(theme: Slug, request: Request) -> HTMLResponse:
        page = _TEMPLATES.render("play.html", language_of(request.headers))
        return HTMLResponse(page, headers={**FENCE, "Vary": "Cookie, Accept-Language"})
