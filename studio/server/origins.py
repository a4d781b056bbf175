"""Requests that pages of other sites send through somebody's browser: refused before routing."""

from collections.abc import Collection
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from studio.locales.negotiation import language_of
from studio.messages import message
from studio.network import is_loopback
from studio.server.page_errors import body_of

PAGES = frozenset(
    ("/", "/themes", "/votes", "/tuning", "/safety", "/history", "/bases", "/models", "/system", "/sign-in")
)  # fmt: skip
"""What links on other sites may lead to. Opening one changes nothing."""
_PORTS = {"http": 80, "https": 443}
_REFUSED = message("auth.other_origin")


class OwnOrigin:
    """ASGI middleware: lets browsers in from the studio's own pages alone.

    Browsers tell where a request comes from in Sec-Fetch-Site and Origin, which no script of a page
    can change. Both must say that it is this origin: scheme, host and port. What is no browser
    sends neither and passes. Links to `PAGES` may be followed from anywhere.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or is_own(scope):
            await self._app(scope, receive, send)
        else:
            language = language_of(Headers(scope=scope))
            await JSONResponse(body_of(_REFUSED, language), 403)(scope, receive, send)


def is_own(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    origin = headers.get("origin")
    if origin is not None and place_of(origin) not in _own_places(scope, headers):
        return False
    if headers.get("sec-fetch-site", "none") in ("same-origin", "none"):
        return True
    return (
        scope["type"] == "http"
        and scope["method"] in ("GET", "HEAD")
        and scope["path"] in PAGES
        and headers.get("sec-fetch-mode") == "navigate"
        and headers.get("sec-fetch-dest", "document") == "document"
    )


def _own_places(scope: Scope, headers: Headers) -> list[tuple[str, str, int]]:
    """The one place that was asked for; none where the Host header is no host."""
    scheme = {"ws": "http", "wss": "https"}.get(scope["scheme"], scope["scheme"])
    place = place_of(f"{scheme}://{headers.get('host', '')}")
    return [] if place is None else [place]


def cannot_be_rebound(scope: Scope, names: Collection[str], addresses: bool) -> bool:
    """Whether the Host header names this server in a way that no website can take for its own (DNS
    rebinding): as loopback, by one of `names`, or, where `addresses` says so, by any IP address."""
    place = place_of(f"http://{Headers(scope=scope).get('host', '')}")
    if place is None:
        return False
    host = place[1].removesuffix(".")
    if is_loopback(host) or host in {each.lower() for each in names}:
        return True
    try:
        return addresses and bool(ip_address(host))
    except ValueError:
        return False


def place_of(origin: str) -> tuple[str, str, int] | None:
    """Scheme, host and port; None for what is no origin, such as "null"."""
    try:
        parts = urlsplit(origin)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return None
    if not parts.hostname or port is None or parts.path or parts.query:
        return None
    return parts.scheme, parts.hostname, port
