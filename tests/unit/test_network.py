"""Issue 18, 6: whose word is taken for who is asking."""

from typing import Any

import pytest
from pydantic import ValidationError
from starlette.types import Receive, Scope, Send

from studio.network import ForwardedHeaders, forwarding
from studio.settings import Settings
from tests.waiting import run

SENT = [
    (b"host", b"127.0.0.1:7860"),
    (b"accept", b"*/*"),
    (b"x-forwarded-for", b"198.51.100.1, 203.0.113.7"),
    (b"x-forwarded-proto", b"https"),
    (b"x-forwarded-host", b"studio.example:8443"),
    (b"x-forwarded-prefix", b"/x"),
    (b"forwarded", b"for=198.51.100.1"),
    (b"x-real-ip", b"198.51.100.1"),
    (b"via", b"1.1 somewhere"),
]


def seen(peer: str | None, trusted: tuple[str, ...], headers: list[tuple[bytes, bytes]]) -> Scope:
    """What the application sees of a request."""
    found: list[Scope] = []

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        found.append(scope)

    async def nothing(*_: Any) -> Any:
        return None

    scope = {
        "type": "http",
        "scheme": "http",
        "client": (peer, 4711) if peer else None,
        "headers": headers,
    }
    run(ForwardedHeaders(application, trusted)(scope, nothing, nothing))
    return found[0]


def test_a_proxy_that_is_named_is_believed() -> None:
    for trusted in (("10.0.0.1/32",), ("10.0.0.0/8", "fd00::/8")):
        scope = seen("10.0.0.1", trusted, SENT)
        assert scope["client"] == ("203.0.113.7", 0)
        assert scope["scheme"] == "https"
        assert scope["headers"] == [(b"host", b"studio.example:8443"), (b"accept", b"*/*")]
        assert forwarding(scope) == "trusted"


def test_a_proxy_of_ipv4_on_a_socket_of_ipv6_is_believed() -> None:
    scope = seen("::ffff:10.0.0.1", ("10.0.0.0/8",), SENT)
    assert (scope["client"], forwarding(scope)) == (("203.0.113.7", 0), "trusted")


@pytest.mark.parametrize("peer", ["127.0.0.1", "192.0.2.1", "testclient", None])
def test_nobody_else_is(peer: str | None) -> None:
    scope = seen(peer, ("10.0.0.0/8",), SENT)
    assert scope["client"] == ((peer, 4711) if peer else None)
    assert scope["scheme"] == "http"
    assert scope["headers"] == SENT[:2]
    assert forwarding(scope) == "untrusted"


def test_a_request_that_says_nothing_of_proxies_is_as_it_is() -> None:
    for peer in ("10.0.0.1", "192.0.2.1"):
        scope = seen(peer, ("10.0.0.0/8",), SENT[:2])
        assert (scope["headers"], scope["client"]) == (SENT[:2], (peer, 4711))
        assert forwarding(scope) == "none"


def test_proxies_are_named_as_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_TRUSTED_PROXIES", "10.0.0.1, 172.16.5.4/12 fd00::1")
    monkeypatch.setenv("STUDIO_SECURE_COOKIES", "true")
    settings = Settings()
    assert settings.trusted_proxies == ("10.0.0.1/32", "172.16.0.0/12", "fd00::1/128")
    assert settings.secure_cookies is True
    for wrong in ("*", "proxy.example", "10.0.0.0/40"):
        with pytest.raises(ValidationError, match="trusted_proxies"):
            Settings(trusted_proxies=(wrong,))
    with pytest.raises(ValidationError, match="cannot be combined"):
        Settings(sign_in=True, no_sign_in=True)


# Issue 18, 5.
def test_allowed_hosts_are_named_without_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_ALLOWED_HOSTS", "studio.lan, Studio.example  localhost")
    assert Settings().allowed_hosts == ("studio.lan", "Studio.example", "localhost")
    for wrong in ("http://studio.lan", "studio.lan:7860", "*", "*.lan", "a/b", ""):
        with pytest.raises(ValidationError, match="is not a valid host name"):
            Settings(allowed_hosts=(wrong,))
