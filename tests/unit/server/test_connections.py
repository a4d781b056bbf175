"""Issue 18, 11: the studio's server times out incomplete requests, but not event streams."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from studio.app import AppContainer
from studio.server.bodies import BodyLimits
from studio.server.connections import Connection
from studio.ui.server import BODIES, build_app, server_config
from tests.servers.api import listening
from tests.waiting import LONG

JSON = "application/json"
FORM = "multipart/form-data; boundary=x"
SHORT = BodyLimits(BODIES.size, marks=None, seconds=0.3)


@contextmanager
def serving(studio: AppContainer, bodies: BodyLimits = BODIES) -> Iterator[str]:
    config = server_config(build_app(studio, bodies), log_level="error", timeout_graceful_shutdown=1)  # fmt: skip
    with listening(config) as url:
        yield url


@contextmanager
def connected(url: str) -> Iterator[socket.socket]:
    host, _, port = url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=LONG) as connection:
        yield connection


def answer(connection: socket.socket) -> tuple[int, str]:
    """Status and line of what comes until the server closes."""
    expected_text = b""
    while piece := connection.recv(65536):
        expected_text += piece
    head, _, body = expected_text.partition(b"\r\n\r\n")
    assert body.startswith(b"{"), expected_text
    problem = json.loads(body)
    return int(head.split()[1]), problem["detail"]


def request_head(method: str, path: str, kind: str, length: int = 1_000_000) -> bytes:
    """A request whose body is said to come, and its first bytes."""
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Studio: page\r\n"
        f"Content-Type: {kind}\r\nContent-Length: {length}\r\n\r\n"
    )
    return head.encode() + (b'{"a": "' if kind == JSON else b"--x\r\n")


def test_incomplete_headers_time_out(studio: AppContainer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Connection, "header_timeout_seconds", 0.3)
    with serving(studio) as url:
        with connected(url) as connection:
            connection.sendall(b"GET /config HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
            assert answer(connection) == (408, "Request headers not received in time.")
        with connected(url) as connection:  # As browsers open some in advance.
            assert connection.recv(65536) == b""


def test_incomplete_bodies_time_out(studio: AppContainer) -> None:
    with serving(studio, SHORT) as url:
        for method, path, kind in (
            ("PUT", "/api/v1/moderation/word-list", JSON),
            ("POST", "/api/v1/moderation/classify-image", "image/png"),
            ("POST", "/gradio_api/run/predict", JSON),
            ("POST", "/gradio_api/upload", FORM),
        ):
            with connected(url) as connection:
                connection.sendall(request_head(method, path, kind))
                status, problem = answer(connection)
            assert (path, status) == (path, 408)
            assert "not received within" in problem


def test_open_bodies_and_connections_are_limited(
    studio: AppContainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Connection, "max_connections", 2)
    with serving(studio, BodyLimits(BODIES.size, marks=None, open_bodies=100_000)) as url:
        with connected(url) as connection:
            connection.sendall(
                request_head("POST", "/api/v1/moderation/classify-image", "image/png")
                + b"a" * 100_001
            )
            status, problem = answer(connection)
            assert (status, "Too much data is being sent at once. Try again later." in problem) == (
                503,
                True,
            )
        with connected(url), connected(url), connected(url) as third:
            assert answer(third) == (503, "Too many connections. Try again later.")


def test_large_upload_arrives_complete(studio: AppContainer) -> None:
    """Of bytes that would be too many fields, were they JSON."""
    image = b",[{" * (10 * 2**20)
    with serving(studio) as url:
        sent = httpx.post(
            f"{url}/gradio_api/upload", files={"files": ("a.png", image)}, timeout=LONG
        )
        assert (sent.status_code, len(sent.json())) == (200, 1)


def test_event_streams_have_no_deadline(
    studio: AppContainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Connection, "header_timeout_seconds", 0.3)
    with serving(studio, SHORT) as url:
        asks = b"GET /gradio_api/heartbeat/x HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        with connected(url) as connection:
            connection.sendall(asks)
            assert b" 200 " in connection.recv(65536)
            connection.settimeout(2)
            # Open, as long as the page is.
            with pytest.raises(TimeoutError):
                _read_to_the_end(connection)


def _read_to_the_end(connection: socket.socket) -> None:
    while connection.recv(65536):
        pass
