"""The API's own pages: the one to play with a theme on a phone, and the API's document made readable.

Both are static and work by the API alone, with a key that one types in; all they run ships with them.
"""

from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles

from studio.api.wire import PREFIX
from studio.recipes.canvas import Slug
from studio.recipes.palette import PALETTE

_STATIC = Path(__file__).parent / "static"
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
    def palette() -> list[dict[str, str]]:
        """The colours of the studio's canvas."""
        return [{"name": name, "hex": colour} for name, colour in PALETTE]

    app.mount("/play/own", StaticFiles(directory=_STATIC))

    @app.get(docs, include_in_schema=False)
    def documents() -> FileResponse:
        return FileResponse(_STATIC / "docs.html", media_type="text/html", headers=FENCE)

    @app.get(f"{docs}/start.js", include_in_schema=False)
    def start() -> FileResponse:
        return FileResponse(_STATIC / "docs-start.js", media_type="text/javascript")

    @app.get("/play/{theme}", include_in_schema=False)
    def play(theme: Slug) -> FileResponse:
        return FileResponse(_STATIC / "play.html", media_type="text/html", headers=FENCE)
