"""The webhook: signed, tried twice, left alone while it is down; a real server on a loopback port."""

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

SHOWN = ModerationRequest(request="1" * 32, theme="spring", slot="A", png=examples.png())


class Service(HTTPServer):
    """Answers with `answers`, the last again and again: a status and a body."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.answers: list[tuple[int, bytes]] = [(200, b'{"verdict": "pass"}')]
        self.asked: list[tuple[dict[str, str], bytes]] = []
        self.headers: dict[str, str] = {}
        self.claimed = 0
        """The length that is told instead of the answer's."""
        self.pause = 0.0
        """Seconds before each byte."""
        self.stopped = threading.Event()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/judge"


class Answering(BaseHTTPRequestHandler):
    server: Service

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append((dict(self.headers), body))
        answers = self.server.answers
        status, answer = answers.pop(0) if len(answers) > 1 else answers[0]
        self.send_response(status)
        self.send_header("Content-Length", str(self.server.claimed or len(answer)))
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.end_headers()
        for byte in answer if self.server.pause else ():
            if self.server.stopped.wait(self.server.pause):
                return
            try:
                self.wfile.write(bytes([byte]))
            except OSError:  # Whoever asked has gone.
                return
        if not self.server.pause:
            self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def service() -> Iterator[Service]:
    server = Service()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.stopped.set()
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_image_is_sent_signed_and_the_verdict_read(service: Service) -> None:
    service.answers = [(200, b'{"verdict": "withhold", "reason": "a logo"}')]
    assert WebhookModerator(service.address, "secret").moderate(SHOWN) == ModerationResponse(verdict="withhold", reason="a logo")  # fmt: skip
    [(headers, body)] = service.asked
    sent = headers["X-Studio-Timestamp"]
    assert headers["X-Studio-Signature"] == sign(b"secret", sent, body)
    assert headers["X-Studio-Signature"] != sign(b"another", sent, body)
    told = json.loads(body)
    assert (told["request"], told["theme"], told["slot"]) == ("1" * 32, "spring", "A")
    assert "secret" not in str(headers) + body.decode()


def test_what_fails_once_is_tried_again(service: Service) -> None:
    service.answers = [(500, b""), (200, b'{"verdict": "pass"}')]
    assert WebhookModerator(service.address, "secret").moderate(SHOWN).verdict == "pass"
    assert len(service.asked) == 2


@pytest.mark.parametrize(
    "answer", [(500, b""), (200, b"<html>"), (200, b'{"verdict": "maybe"}'), (302, b"")]
)
def test_whatever_is_no_verdict_is_none(service: Service, answer: tuple[int, bytes]) -> None:
    service.answers = [answer]
    with pytest.raises(ModerationUnavailableError, match="the moderation service"):
        WebhookModerator(service.address, "secret").moderate(SHOWN)


def test_what_is_down_is_left_alone_for_a_while(service: Service) -> None:
    now = [0.0]
    webhook = WebhookModerator(service.address, "secret", lambda: now[0])
    service.answers = [(503, b"")]
    for _ in range(WebhookModerator.FAILURES + 2):
        with pytest.raises(ModerationUnavailableError):
            webhook.moderate(SHOWN)
    assert len(service.asked) == WebhookModerator.FAILURES * WebhookModerator.TRIES
    service.answers = [(200, b'{"verdict": "pass"}')]
    with pytest.raises(ModerationUnavailableError, match="is asked again soon"):
        webhook.moderate(SHOWN)
    now[0] = WebhookModerator.REST
    assert webhook.moderate(SHOWN).verdict == "pass"


# Issue 18, 13: one deadline in all, a small answer.


class Hurried(WebhookModerator):
    DEADLINE = 0.4


def test_an_answer_that_drips_ends_at_the_deadline(service: Service) -> None:
    """Each read is quick, so that httpx2's own timeout would never come; all bytes would take minutes."""
    service.answers, service.pause = [(200, b"{" * 10**4)], 0.1
    with pytest.raises(ModerationUnavailableError, match=r"no whole answer within 0\.4 s"):
        Hurried(service.address, "secret").moderate(SHOWN)


def test_tries_share_the_deadline(service: Service) -> None:
    """One that fails late is not asked again for as long once more."""
    service.answers, service.pause, service.claimed = [(200, b"{}{}{}")], 0.1, 7
    with pytest.raises(ModerationUnavailableError):
        Hurried(service.address, "secret").moderate(SHOWN)
    assert len(service.asked) == 1


def test_an_answer_is_never_unpacked(service: Service) -> None:
    service.answers = [(200, gzip.compress(b'{"verdict": "pass"}' + b" " * 10**6))]
    service.headers = {"Content-Encoding": "gzip"}
    with pytest.raises(ModerationUnavailableError, match="answers compressed"):
        WebhookModerator(service.address, "secret").moderate(SHOWN)
    assert {headers["Accept-Encoding"] for headers, _ in service.asked} == {"identity"}


def test_a_long_answer_is_not_read_to_its_end(service: Service) -> None:
    service.answers = [(200, b'{"verdict": "pass"}' + b" " * WebhookModerator.MAX_ANSWER)]
    with pytest.raises(ModerationUnavailableError, match="answers with over 16 kB"):
        WebhookModerator(service.address, "secret").moderate(SHOWN)


def test_threads_may_ask_at_once(service: Service) -> None:
    webhook = WebhookModerator(service.address, "secret")
    with ThreadPoolExecutor(4) as threads:
        verdicts = [*threads.map(webhook.moderate, [SHOWN] * 8)]
    assert {each.verdict for each in verdicts} == {"pass"}


def test_a_name_that_is_looked_up_for_long_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = threading.Event()

    def look_up(*_: object, **__: object) -> None:
        found.wait(LONG)
        raise OSError("no such name")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with pytest.raises(ModerationUnavailableError, match=r"no whole answer within 0\.4 s"):
        Hurried("http://moderation.example/judge", "secret").moderate(SHOWN)
    found.set()  # Not before: it was not waited for.
