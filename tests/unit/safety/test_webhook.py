"""The moderation webhook against a server on loopback: signature, retry, circuit breaker, deadline."""

import gzip
import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from studio.safety.webhook import (
    ModerationRequest,
    ModerationResponse,
    ModerationUnavailableError,
    WebhookModerator,
    sign,
)
from tests import examples
from tests.waiting import LONG

REQUEST = ModerationRequest(request="1" * 32, theme="spring", slot="A", png=examples.png())


class FakeService(HTTPServer):
    """Answers with `answers` in order (status and body), and then repeats the last one."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), AnswerHandler)
        self.answers: list[tuple[int, bytes]] = [(200, b'{"verdict": "pass"}')]
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.headers: dict[str, str] = {}
        self.content_length = 0
        """Sent in place of the answer's real length, if not 0."""
        self.pause_seconds = 0.0
        """Pause before each byte."""
        self.stopped = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/judge"


class AnswerHandler(BaseHTTPRequestHandler):
    server: FakeService

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append((dict(self.headers), body))
        answers = self.server.answers
        status, answer = answers.pop(0) if len(answers) > 1 else answers[0]
        self.send_response(status)
        self.send_header("Content-Length", str(self.server.content_length or len(answer)))
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.end_headers()
        for byte in answer if self.server.pause_seconds else ():
            if self.server.stopped.wait(self.server.pause_seconds):
                return
            try:
                self.wfile.write(bytes([byte]))
            except OSError:  # The client has disconnected.
                return
        if not self.server.pause_seconds:
            self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def service() -> Iterator[FakeService]:
    server = FakeService()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.stopped.set()
    server.shutdown()
    thread.join()
    server.server_close()


def test_image_is_sent_signed_and_the_verdict_is_read(service: FakeService) -> None:
    service.answers = [(200, b'{"verdict": "withhold", "reason": "a logo"}')]
    response = WebhookModerator(service.url, "secret").moderate(REQUEST)
    assert response == ModerationResponse(verdict="withhold", reason="a logo")
    [(headers, body)] = service.requests
    timestamp = headers["X-Studio-Timestamp"]
    assert headers["X-Studio-Signature"] == sign(b"secret", timestamp, body)
    assert headers["X-Studio-Signature"] != sign(b"another", timestamp, body)
    document = json.loads(body)
    assert (document["request"], document["theme"], document["slot"]) == ("1" * 32, "spring", "A")
    assert "secret" not in str(headers) + body.decode()


def test_failed_attempt_is_retried(service: FakeService) -> None:
    service.answers = [(500, b""), (200, b'{"verdict": "pass"}')]
    assert WebhookModerator(service.url, "secret").moderate(REQUEST).verdict == "pass"
    assert len(service.requests) == 2


@pytest.mark.parametrize(
    "answer", [(500, b""), (200, b"<html>"), (200, b'{"verdict": "maybe"}'), (302, b"")]
)
def test_invalid_verdict_raises(service: FakeService, answer: tuple[int, bytes]) -> None:
    service.answers = [answer]
    with pytest.raises(ModerationUnavailableError, match="(?i)moderation service"):
        WebhookModerator(service.url, "secret").moderate(REQUEST)


def test_circuit_breaker_pauses_after_failures(service: FakeService) -> None:
    now = [0.0]
    webhook = WebhookModerator(service.url, "secret", lambda: now[0])
    service.answers = [(503, b"")]
    for _ in range(WebhookModerator.FAILURES_BEFORE_PAUSE + 2):
        with pytest.raises(ModerationUnavailableError):
            webhook.moderate(REQUEST)
    assert (
        len(service.requests)
        == WebhookModerator.FAILURES_BEFORE_PAUSE * WebhookModerator.MAX_ATTEMPTS
    )
    service.answers = [(200, b'{"verdict": "pass"}')]
    with pytest.raises(ModerationUnavailableError, match="retried soon"):
        webhook.moderate(REQUEST)
    now[0] = WebhookModerator.PAUSE_SECONDS
    assert webhook.moderate(REQUEST).verdict == "pass"


# Issue 18, 13: one deadline for all attempts, a bounded answer.


class ImpatientModerator(WebhookModerator):
    DEADLINE_SECONDS = 0.4


def test_slow_answer_ends_at_the_deadline(service: FakeService) -> None:
    """Each read is quick, so that httpx2's own timeout would never fire; all bytes would take
    minutes."""
    service.answers, service.pause_seconds = [(200, b"{" * 10**4)], 0.1
    with pytest.raises(ModerationUnavailableError, match=r"timed out after 0\.4 s"):
        ImpatientModerator(service.url, "secret").moderate(REQUEST)


def test_attempts_share_the_deadline(service: FakeService) -> None:
    """An attempt that fails late is not repeated for the full time.

    A busy machine may not get as far as the first attempt within the deadline.
    """
    service.answers, service.pause_seconds, service.content_length = [(200, b"{}{}{}")], 0.1, 7
    with pytest.raises(ModerationUnavailableError):
        ImpatientModerator(service.url, "secret").moderate(REQUEST)
    assert len(service.requests) <= 1


def test_compressed_answer_is_refused(service: FakeService) -> None:
    service.answers = [(200, gzip.compress(b'{"verdict": "pass"}' + b" " * 10**6))]
    service.headers = {"Content-Encoding": "gzip"}
    with pytest.raises(ModerationUnavailableError, match="is compressed"):
        WebhookModerator(service.url, "secret").moderate(REQUEST)
    assert {headers["Accept-Encoding"] for headers, _ in service.requests} == {"identity"}


def test_long_answer_is_not_read_completely(service: FakeService) -> None:
    service.answers = [(200, b'{"verdict": "pass"}' + b" " * WebhookModerator.MAX_ANSWER_BYTES)]
    with pytest.raises(ModerationUnavailableError, match="larger than 16 kB"):
        WebhookModerator(service.url, "secret").moderate(REQUEST)


def test_moderator_is_thread_safe(service: FakeService) -> None:
    webhook = WebhookModerator(service.url, "secret")
    with ThreadPoolExecutor(4) as threads:
        verdicts = [*threads.map(webhook.moderate, [REQUEST] * 8)]
    assert {each.verdict for each in verdicts} == {"pass"}


def test_slow_dns_lookup_ends_at_the_deadline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    resolved = threading.Event()

    def look_up(*_: object, **__: object) -> None:
        resolved.wait(LONG)
        raise OSError("no such name")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with pytest.raises(ModerationUnavailableError, match=r"timed out after 0\.4 s"):
        ImpatientModerator("http://moderation.example/judge", "secret").moderate(REQUEST)
    resolved.set()  # Only now: the call did not wait for it.
