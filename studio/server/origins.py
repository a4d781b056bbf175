"""Refuses cross-origin requests: those that pages of other sites send through a user's browser."""

from collections.abc import Collection
from http import HTTPStatus
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from studio.locales.negotiation import language_of
from studio.messages import message
from studio.network import is_loopback
from studio.server.places import MOVED, PLACES, ROOTS, THEME_PAGE
from studio.server.problems import problem_response

LINKED_PAGES = frozenset(
    [page.address for place in PLACES for page in place.pages] + ["/sign-in", *MOVED, *ROOTS]
)
"""Pages that other sites may link to. Opening one changes nothing."""
_DEFAULT_PORTS = {"http": 80, "https": 443}
_REFUSED = message("auth.other_origin")

Origin = tuple[str, str, int]
"""Scheme, host, port."""


class SameOriginMiddleware:
    """ASGI middleware: lets browsers in from the studio's own pages alone.

    Browsers say where a request comes from in Sec-Fetch-Site and Origin, which no script of a page can
    change. Both must name this origin: scheme, host and port. Other programs send neither, and pass. Links
    to LINKED_PAGES may be followed from anywhere.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or is_same_origin(scope):
            await self._app(scope, receive, send)
        else:
            language = language_of(Headers(scope=scope))
            refusal = problem_response(HTTPStatus.FORBIDDEN, _REFUSED, language=language)
            await refusal(scope, receive, send)


def is_same_origin(scope: Scope) -> bool:
    """Whether a request comes from a page of this origin, from no page, or follows a link to
    one of LINKED_PAGES or to a theme's page."""
    headers = Headers(scope=scope)
    origin = headers.get("origin")
    if origin is not None:
        own_origin = _own_origin(scope, headers)
        if own_origin is None or parse_origin(origin) != own_origin:
            return False
    if headers.get("sec-fetch-site", "none") in ("same-origin", "none"):
        return True
    return (
        scope["type"] == "http"
        and scope["method"] in ("GET", "HEAD")
        and (scope["path"] in LINKED_PAGES or THEME_PAGE.fullmatch(scope["path"]) is not None)
        and headers.get("sec-fetch-mode") == "navigate"
        and headers.get("sec-fetch-dest", "document") == "document"
    )


def is_safe_host(scope: Scope, names: Collection[str], allow_ip_addresses: bool) -> bool:
    """Whether the Host header names this server in a way that no website can claim by DNS rebinding: as
    loopback, by one of `names`, or, with `allow_ip_addresses`, by any IP address."""
    origin = parse_origin(f"http://{Headers(scope=scope).get('host', '')}")
    if origin is None:
        return False
    host = origin[1].removesuffix(".")
    if is_loopback(host) or host in {name.lower() for name in names}:
        return True
    try:
        return allow_ip_addresses and bool(ip_address(host))
    except ValueError:
        return False


def parse_origin(origin: str) -> Origin | None:
    """Scheme, host and port; None for text that is no origin, such as "null"."""
    try:
        parts = urlsplit(origin)
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return None
    if not parts.hostname or port is None or parts.path or parts.query:
        return None
    return parts.scheme, parts.hostname, port


def _own_origin(scope: Scope, headers: Headers) -> Origin | None:
    """The origin that the request was sent to; None where the Host header is invalid."""
    scheme = {"ws": "http", "wss": "https"}.get(scope["scheme"], scope["scheme"])
    return parse_origin(f"{scheme}://{headers.get('host', '')}")
