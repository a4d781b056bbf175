"""Issue 18, 11: whose key it is comes before the body; bodies, headers and connections have bounds."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from studio.app import AppContainer
from studio.recipes.serving.request_status import ApiClient, Scope
from studio.server.bodies import BodyLimits
from studio.server.http_protocol import Connection
from tests.servers.api import serving
from tests.waiting import LONG

EVERYTHING: frozenset[Scope] = frozenset({"generate", "admin", "metrics"})


@contextmanager
def connected(address: str) -> Iterator[socket.socket]:
    host, _, port = address.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=LONG) as connection:
        yield connection


def answer(connection: socket.socket) -> tuple[int, dict[str, str], dict[str, object]]:
    """Status, headers and problem of what comes until the server closes."""
    said = b""
    while piece := connection.recv(65536):
        said += piece
    head, _, body = said.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return int(first.split()[1]), headers, json.loads(body)


def begun(path: str, key: str = "", length: int = 15_000_000, method: str = "POST") -> bytes:
    """A request whose body is said to come, and half of it."""
    lines = [f"{method} {path} HTTP/1.1", "Host: x", f"Content-Length: {length}", "Content-Type: application/json"]  # fmt: skip
    lines += [f"Authorization: Bearer {key}"] if key else []
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + b'{"prompt": "'


@pytest.fixture
def key(studio: AppContainer) -> str:
    return studio.clients.create_or_rotate_key(
        ApiClient(name="all", scopes=EVERYTHING, requests_per_minute=10_000)
    )


@pytest.mark.parametrize("path", ["/api/v1/requests", "/api/v1/admin/themes", "/api/v1/nothing"])
@pytest.mark.parametrize("wrong", ["", "dts_wrong"])
def test_without_a_key_the_body_is_not_waited_for(
    studio: AppContainer, path: str, wrong: str
) -> None:
    with serving(studio) as address, connected(address) as connection:
        connection.sendall(begun(path, wrong))
        status, headers, problem = answer(connection)
    assert (status, headers["connection"], headers["www-authenticate"]) == (401, "close", "Bearer")
    assert headers["content-type"] == "application/problem+json"
    assert "bring the key" in str(problem["detail"])


def test_a_body_that_does_not_arrive_is_given_up(studio: AppContainer, key: str) -> None:
    with serving(studio, BodyLimits(seconds=0.3)) as address:
        for path in ("/api/v1/requests", "/api/v1/admin/themes"):
            with connected(address) as connection:
                connection.sendall(begun(path, key))
                status, headers, problem = answer(connection)
            assert (status, headers["connection"]) == (408, "close")
            assert "did not arrive within" in str(problem["detail"])


def test_all_bodies_together_have_a_bound(studio: AppContainer, key: str) -> None:
    with serving(studio, BodyLimits(open_bodies=100_000)) as address:
        with connected(address) as connection:
            connection.sendall(begun("/api/v1/requests", key) + b"a" * 100_001)
            status, headers, _ = answer(connection)
        assert (status, int(headers["retry-after"])) == (503, 5)
        with connected(address) as connection:  # What was held is let go of.
            connection.sendall(begun("/api/v1/requests", key, length=90_000) + b"a" * 89_989)
            assert b" 422 " in connection.recv(200)


def test_headers_that_do_not_arrive_are_given_up(
    studio: AppContainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Connection, "header_timeout_seconds", 0.3)
    with serving(studio) as address:
        with connected(address) as connection:
            connection.sendall(b"GET /api/v1/health HTTP/1.1\r\nHost: x\r\nX-Slow: ")
            status, headers, _ = answer(connection)
        assert (status, headers["content-type"]) == (408, "application/problem+json")
        with connected(address) as connection:  # Where nothing is asked, nothing is answered.
            assert connection.recv(65536) == b""
        with connected(address) as connection:  # The second request of a connection likewise.
            connection.sendall(b"GET /api/v1/health HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b" 200 " in connection.recv(65536)
            connection.sendall(b"GET /api/v1/hea")
            assert answer(connection)[0] == 408


def test_there_are_so_many_connections_and_no_more(
    studio: AppContainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Connection, "max_connections", 2)
    with serving(studio) as address, connected(address), connected(address):
        with connected(address) as third:
            status, headers, problem = answer(third)
        assert (status, headers["content-type"]) == (503, "application/problem+json")
        assert "too many connections" in str(problem["detail"])


def test_what_is_no_http_is_a_problem(studio: AppContainer) -> None:
    with serving(studio) as address, connected(address) as connection:
        connection.sendall(b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n")
        status, headers, _ = answer(connection)
    assert (status, headers["content-type"]) == (400, "application/problem+json")
