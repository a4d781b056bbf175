"""The web app manifest, by which browsers install the studio as an app of its own."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from studio.locales.negotiation import language_of
from studio.messages import message
from studio.server.languages import VARY
from studio.server.places import STUDIO
from studio.server.web_files import WEB_PREFIX

MANIFEST = "/own/manifest.webmanifest"
"""Its address. Browsers fetch it without the session's cookie."""
_PANEL = "#ffffff"
"""`--panel` of `tokens.css`, light: a manifest has one color scheme."""

router = APIRouter()


@router.get(MANIFEST)
def get_manifest(request: Request) -> JSONResponse:
    """The studio's name in the reader's language, its icons and colors."""
    language = language_of(request.headers)
    name = message("page.product").text(language)
    manifest = {
        "id": STUDIO,
        "name": name,
        "short_name": message("page.studio.title").text(language),
        "lang": language,
        "start_url": STUDIO,
        "scope": STUDIO,
        "display": "standalone",
        "background_color": _PANEL,
        "theme_color": _PANEL,
        "icons": [_icon(192), _icon(512), _icon(512, "maskable")],
    }
    return JSONResponse(manifest, headers={"Vary": VARY}, media_type="application/manifest+json")


def _icon(size: int, purpose: str = "any") -> dict[str, Any]:
    name = f"icon-{size}.png" if purpose == "any" else f"icon-{purpose}-{size}.png"
    return {
        "src": f"{WEB_PREFIX}icons/{name}",
        "sizes": f"{size}x{size}",
        "type": "image/png",
        "purpose": purpose,
    }
