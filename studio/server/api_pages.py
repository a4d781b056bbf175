"""Pages of the API's server: a demo of one theme for phones, and the OpenAPI document made readable.

Both work by the API alone, with an API key that the user types in, and load only files that ship with
the studio. The demo is in the reader's language, the API document in English.
"""

from pathlib import Path

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import FileResponse, HTMLResponse
from fastapi.staticfiles import StaticFiles

from studio.locales.negotiation import language_of
from studio.messages import message
from studio.recipes.base_image import Slug
from studio.server.bundles import Bundles
from studio.server.canvas_texts import canvas_palette, canvas_texts
from studio.server.languages import VARY
from studio.server.schemas import API_PREFIX
from studio.server.templating import Templates
from studio.server.web_files import WEB, WebFiles

_STATIC = Path(__file__).parent / "static"
_TEMPLATES = Templates(Path(__file__).parent / "templates")
DOCS_URL = f"{API_PREFIX}/docs"
SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data: blob:;"
    " style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; form-action 'self';"
    " frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}

docs_router = APIRouter(include_in_schema=False)
play_router = APIRouter(include_in_schema=False)


def add_docs(app: FastAPI) -> None:
    """Adds the OpenAPI document as a page, with its files."""
    app.mount(f"{DOCS_URL}/own", StaticFiles(directory=_STATIC / "swagger-ui"))
    app.include_router(docs_router)


def add_play(app: FastAPI) -> None:
    """Adds the demo, with its files. `app.state.bundles` has its script and styles."""
    app.include_router(play_router)
    app.mount("/play/web", WebFiles(app.state.bundles))


@docs_router.get(DOCS_URL)
def show_docs() -> FileResponse:
    """The API document in Swagger UI."""
    return FileResponse(_STATIC / "docs.html", media_type="text/html", headers=SECURITY_HEADERS)


@docs_router.get(f"{DOCS_URL}/start.js")
def get_docs_script() -> FileResponse:
    return FileResponse(WEB / "pages" / "api-docs.js", media_type="text/javascript")


@play_router.get("/play/own/canvas.json")
def get_canvas(request: Request) -> dict[str, object]:
    """The texts and the palette of the canvas, in the reader's language."""
    language = language_of(request.headers)

    def text(id_: str) -> str:
        return message(id_).text(language)

    return {"texts": canvas_texts(text), "palette": canvas_palette(text)}


@play_router.get("/play/{theme}")
def show_demo(theme: Slug, request: Request) -> HTMLResponse:  # noqa: ARG001 (validated only)
    """The demo of a theme."""
    bundles: Bundles = request.app.state.bundles
    page = _TEMPLATES.render(
        "play.html", language_of(request.headers), assets=bundles.assets("play")
    )
    return HTMLResponse(page, headers={**SECURITY_HEADERS, "Vary": VARY})
