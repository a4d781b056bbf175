"""Listening sockets, and the X-Forwarded-* headers of trusted reverse proxies."""

import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Literal

from starlette.types import ASGIApp, Receive, Scope, Send

from studio.errors import AddressInUseError

Forwarding = Literal["none", "trusted", "untrusted"]


def is_loopback(host: str) -> bool:
    """Whether a host name or IP address is of this machine alone."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def bind_socket(host: str, port: int) -> socket.socket:
    """A TCP socket that listens on an address; port 0 takes a free port.

    Raises AddressInUseError.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise AddressInUseError(
            "cli.address_in_use", host=host, port=str(port), reason=str(error.strerror)
        ) from None
    return listener


class ForwardedHeaders:
    """ASGI middleware that takes client address, scheme and host from trusted reverse proxies.

    X-Forwarded-For, -Proto and -Host count when the request comes from a trusted network. From
    anybody else such headers are removed, so that nothing behind the middleware reads them.
    `forwarding(scope)` says which case it was.
    """

    def __init__(self, app: ASGIApp, trusted: Sequence[str]) -> None:
        """`trusted` are networks in CIDR notation, such as 10.0.0.0/8."""
        # Imported here, since commands that start no server import this module, too.
        from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

        self._app = app
        self._networks = [ip_network(network) for network in trusted]
        # uvicorn's middleware reads X-Forwarded-For from the right and skips the trusted proxies.
        self._proxy_headers = ProxyHeadersMiddleware(self._without_headers, list(trusted))  # type: ignore[arg-type]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        is_forwarded = any(_is_proxy_header(name) for name, _ in scope["headers"])
        trusted = self._is_trusted(scope)
        scope["studio.forwarding"] = (
            "none" if not is_forwarded else "trusted" if trusted else "untrusted"
        )
        if is_forwarded and trusted:
            scope["headers"] = _with_forwarded_host(scope["headers"])
            host, port = scope["client"]
            scope["client"] = str(_unmapped(host)), port
            await self._proxy_headers(scope, receive, send)  # type: ignore[arg-type]
        else:
            await self._without_headers(scope, receive, send)

    async def _without_headers(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["headers"] = [pair for pair in scope["headers"] if not _is_proxy_header(pair[0])]
        await self._app(scope, receive, send)

    def _is_trusted(self, scope: Scope) -> bool:
        peer = scope.get("client")
        try:
            return peer is not None and any(
                _unmapped(peer[0]) in network for network in self._networks
            )
        except ValueError:
            return False


def _unmapped(host: str) -> IPv4Address | IPv6Address:
    """An IP address; the IPv4 address where it is mapped into IPv6 (::ffff:127.0.0.1)."""
    address = ip_address(host)
    return getattr(address, "ipv4_mapped", None) or address


def forwarding(scope: Scope) -> Forwarding:
    """Whether a request has proxy headers, and whether they come from a trusted proxy."""
    case: Forwarding = scope.get("studio.forwarding", "none")
    return case


def _is_proxy_header(name: bytes) -> bool:
    return name in (b"forwarded", b"via", b"x-real-ip") or name.startswith(b"x-forwarded-")


def _with_forwarded_host(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers, with the Host that the nearest proxy was asked for (X-Forwarded-Host)."""
    values = [value for name, value in headers if name == b"x-forwarded-host"]
    if not values:
        return headers
    host = values[-1].split(b",")[-1].strip()
    return [(b"host", host), *(pair for pair in headers if pair[0] != b"host")]
