"""Issue 18, 11: the API key is checked before the body; bodies, headers and connections are limited."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from studio.app import AppContainer
from studio.recipes.serving.request_status import ApiClient, Scope
from studio.server.bodies import BodyLimits
from studio.server.connections import Connection
from tests.servers.api import serving
from tests.waiting import LONG

EVERYTHING: frozenset[Scope] = frozenset({"generate", "admin", "metrics"})


@contextmanager
def connected(url: str) -> Iterator[socket.socket]:
    host, _, port = url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=LONG) as connection:
        yield connection


def answer(connection: socket.socket) -> tuple[int, dict[str, str], dict[str, object]]:
    """Status, headers and problem of what comes until the server closes."""
    expected_text = b""
    while piece := connection.recv(65536):
        expected_text += piece
    head, _, body = expected_text.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return int(first.split()[1]), headers, json.loads(body)


def request_head(path: str, key: str = "", length: int = 15_000_000, method: str = "POST") -> bytes:
    """A request whose body is said to come, and half of it."""
    lines = [f"{method} {path} HTTP/1.1", "Host: x", f"Content-Length: {length}", "Content-Type: application/json"]  # fmt: skip
    lines += [f"Authorization: Bearer {key}"] if key else []
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + b'{"prompt": "'


@pytest.fixture
def key(studio: AppContainer) -> str:
    return studio.stores.clients.create_or_rotate_key(
        ApiClient(name="all", scopes=EVERYTHING, requests_per_minute=10_000)
    )


@pytest.mark.parametrize("path", ["/api/v1/requests", "/api/v1/admin/themes", "/api/v1/nothing"])
@pytest.mark.parametrize("invalid_key", ["", "dts_wrong"])
def test_missing_key_is_refused_before_the_body(
    studio: AppContainer, path: str, invalid_key: str
) -> None:
    with serving(studio) as url, connected(url) as connection:
        connection.sendall(request_head(path, invalid_key))
        status, headers, problem = answer(connection)
    assert (status, headers["connection"], headers["www-authenticate"]) == (401, "close", "Bearer")
    assert headers["content-type"] == "application/problem+json"
    assert "API key missing or invalid" in str(problem["detail"])


def test_slow_body_times_out(studio: AppContainer, key: str) -> None:
    with serving(studio, BodyLimits(seconds=0.3)) as url:
        for path in ("/api/v1/requests", "/api/v1/admin/themes"):
            with connected(url) as connection:
                connection.sendall(request_head(path, key))
                status, headers, problem = answer(connection)
            assert (status, headers["connection"]) == (408, "close")
            assert "not received within" in str(problem["detail"])


def test_open_bodies_are_limited_together(studio: AppContainer, key: str) -> None:
    with serving(studio, BodyLimits(open_bodies=100_000)) as url:
        with connected(url) as connection:
            connection.sendall(request_head("/api/v1/requests", key) + b"a" * 100_001)
            status, headers, _ = answer(connection)
        assert (status, int(headers["retry-after"])) == (503, 5)
        with connected(url) as connection:  # What was held is let go of.
            connection.sendall(request_head("/api/v1/requests", key, length=90_000) + b"a" * 89_989)
            assert b" 422 " in connection.recv(200)


def test_slow_headers_time_out(studio: AppContainer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Connection, "header_timeout_seconds", 0.3)
    with serving(studio) as url:
        with connected(url) as connection:
            connection.sendall(b"GET /api/v1/health HTTP/1.1\r\nHost: x\r\nX-Slow: ")
            status, headers, _ = answer(connection)
        assert (status, headers["content-type"]) == (408, "application/problem+json")
        with connected(url) as connection:  # Where nothing is asked, nothing is answered.
            assert connection.recv(65536) == b""
        with connected(url) as connection:  # The second request of a connection likewise.
            connection.sendall(b"GET /api/v1/health HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b" 200 " in connection.recv(65536)
            connection.sendall(b"GET /api/v1/hea")
            assert answer(connection)[0] == 408


def test_connections_are_limited(studio: AppContainer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Connection, "max_connections", 2)
    with serving(studio) as url, connected(url), connected(url):
        with connected(url) as third:
            status, headers, problem = answer(third)
        assert (status, headers["content-type"]) == (503, "application/problem+json")
        assert "Too many connections" in str(problem["detail"])


def test_invalid_http_is_a_problem(studio: AppContainer) -> None:
    with serving(studio) as url, connected(url) as connection:
        connection.sendall(b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n")
        status, headers, _ = answer(connection)
    assert (status, headers["content-type"]) == (400, "application/problem+json")
