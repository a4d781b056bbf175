"""Addresses that servers listen on, and whose word they take for who is asking."""

import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Literal

from starlette.types import ASGIApp, Receive, Scope, Send

from studio.errors import AddressInUseError

Forwarding = Literal["none", "trusted", "untrusted"]


def is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def bind_socket(host: str, port: int) -> socket.socket:
    """Raises AddressInUseError when the address cannot be had."""
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
    """ASGI middleware: takes the client's address, scheme and host from the proxies that are named.

    `trusted` are networks as CIDR writes them. Of a request that comes from one of them,
    X-Forwarded-For, -Proto and -Host are believed. What others send of the kind is taken off, so
    that nothing behind reads it. `forwarding(scope)` tells which it was.
    """

    def __init__(self, app: ASGIApp, trusted: Sequence[str]) -> None:
        # Here, since commands that serve nothing read this module, too.
        from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

        self._app = app
        self._networks = [ip_network(each) for each in trusted]
        # uvicorn's walks X-Forwarded-For from the right, past the proxies that are trusted.
        self._believing = ProxyHeadersMiddleware(self._without, list(trusted))  # type: ignore[arg-type]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        forwarded = any(_tells_of_a_proxy(name) for name, _ in scope["headers"])
        trusted = self._is_trusted(scope)
        scope["studio.forwarding"] = (
            "none" if not forwarded else "trusted" if trusted else "untrusted"
        )
        if forwarded and trusted:
            scope["headers"] = _with_forwarded_host(scope["headers"])
            host, port = scope["client"]
            scope["client"] = str(_plain(host)), port
            await self._believing(scope, receive, send)  # type: ignore[arg-type]
        else:
            await self._without(scope, receive, send)

    async def _without(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["headers"] = [each for each in scope["headers"] if not _tells_of_a_proxy(each[0])]
        await self._app(scope, receive, send)

    def _is_trusted(self, scope: Scope) -> bool:
        peer = scope.get("client")
        try:
            return peer is not None and any(_plain(peer[0]) in each for each in self._networks)
        except ValueError:
            return False


def _plain(address: str) -> IPv4Address | IPv6Address:
    """An address as its network is written, also of IPv4 on a socket of IPv6 (::ffff:127.0.0.1)."""
    found = ip_address(address)
    return getattr(found, "ipv4_mapped", None) or found


def forwarding(scope: Scope) -> Forwarding:
    """Whether a request says that it came through a proxy, and whether that is to be believed."""
    found: Forwarding = scope.get("studio.forwarding", "none")
    return found


def _tells_of_a_proxy(name: bytes) -> bool:
    return name in (b"forwarded", b"via", b"x-real-ip") or name.startswith(b"x-forwarded-")


def _with_forwarded_host(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers with the host that the nearest proxy was asked for, where it tells that."""
    told = [value for name, value in headers if name == b"x-forwarded-host"]
    if not told:
        return headers
    host = told[-1].split(b",")[-1].strip()
    return [(b"host", host), *(each for each in headers if each[0] != b"host")]
