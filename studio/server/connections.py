"""HTTP connections with the limits that uvicorn lacks: a deadline for headers, a number of connections."""

import asyncio
from http import HTTPStatus
from typing import Any, cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from studio.messages import Message, message
from studio.server.bodies import CLOSE_HEADERS
from studio.server.problems import problem_response

HEADER_TIMEOUT_SECONDS = 10.0
"""Seconds in which a request's headers must have been received, from the first byte or the connection's
start."""
MAX_CONNECTIONS = 2000
"""Connections of a process at once, with those of event streams."""


class Connection(H11Protocol):
    """One connection. It is refused with a problem where there are too many, where headers take too long
    and where what arrives is not HTTP. The problem is in English, since no headers say otherwise yet."""

    header_timeout_seconds = HEADER_TIMEOUT_SECONDS
    max_connections = MAX_CONNECTIONS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(cast(asyncio.Transport, transport))
        if len(self.connections) > self.max_connections:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, message("request.too_many_connections"))
        else:
            self._update_deadline()

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        super().data_received(data)
        self._update_deadline()

    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel_deadline()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        self._refuse(HTTPStatus.BAD_REQUEST, message("request.not_http"))

    def _update_deadline(self) -> None:
        """Starts the timer while headers are expected, and stops it while a request is processed."""
        if self.cycle is not None and not self.cycle.response_complete:
            self._cancel_deadline()
        elif self._deadline is None and not self.transport.is_closing():
            self._deadline = self.loop.call_later(
                self.header_timeout_seconds, self._on_header_timeout
            )

    def _cancel_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _on_header_timeout(self) -> None:
        self._deadline = None
        waiting = self.conn.our_state is h11.IDLE and self.conn.their_state is h11.IDLE
        if waiting and self.conn.trailing_data[0]:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, message("request.headers_too_slow"))
        else:
            # Browsers open connections in advance, and would take a response for that to their next request.
            self.transport.close()

    def _refuse(self, status: HTTPStatus, why: Message) -> None:
        """Responds without the application, and closes the connection."""
        problem = problem_response(status, why, CLOSE_HEADERS)
        headers = [*problem.raw_headers]
        response = h11.Response(status_code=status, headers=headers, reason=status.phrase.encode())
        for event in (response, h11.Data(data=bytes(problem.body)), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()
