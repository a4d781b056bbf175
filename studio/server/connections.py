"""How connections are dealt with, which uvicorn leaves open: deadlines for headers, how many there may be."""

import asyncio
import json
from http import HTTPStatus
from typing import Any, cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from studio.messages import Message, message

HEADER_SECONDS = 10.0
"""Seconds in which a request's headers must be here, from the first byte or the connection's begin."""
MOST_CONNECTIONS = 2000
"""Connections that a process has at once; streams of events are among them."""


class Connection(H11Protocol):
    """One connection of a server of ours. Those that send no whole header in time are closed, those
    that are too many are told so, and so is what is no HTTP; `content` says in which form."""

    header_seconds = HEADER_SECONDS
    most_connections = MOST_CONNECTIONS

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(cast(asyncio.Transport, transport))
        if len(self.connections) > self.most_connections:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, message("request.too_many_connections"))
        else:
            self._watch()

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._idle_timeout()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        self._refuse(HTTPStatus.BAD_REQUEST, message("request.not_http"))

    def content(self, status: HTTPStatus, why: Message) -> tuple[str, bytes]:
        """Content type and body of a refusal that no application gives, in English: what language is
        read is not known."""
        told = {"error": str(why), "code": why.id, "params": why.params}
        return "application/json", json.dumps(told).encode()

    def _watch(self) -> None:
        """Starts the clock where headers are waited for, once; stops it where a request is under way."""
        if self.cycle is not None and not self.cycle.response_complete:
            self._idle_timeout()
        elif self._deadline is None and not self.transport.is_closing():
            self._deadline = self.loop.call_later(self.header_seconds, self._too_slow)

    def _idle_timeout(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        self._deadline = None
        waiting = self.conn.our_state is h11.IDLE and self.conn.their_state is h11.IDLE
        if waiting and self.conn.trailing_data[0]:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, message("request.headers_too_slow"))
        else:
            # Browsers open connections in advance: an answer there would be one to the next request.
            self.transport.close()

    def _refuse(self, status: HTTPStatus, why: Message) -> None:
        """Answers without an application, and closes."""
        kind, body = self.content(status, why)
        headers = [
            (b"content-type", kind.encode()),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
        ]
        answer = h11.Response(status_code=status, headers=headers, reason=status.phrase.encode())
        for event in (answer, h11.Data(data=body), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()
