"""How the bodies of requests arrive, at the page's server and at the API's: deadlines and bounds."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import anyio
from fastapi import Depends, Request
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.types import Message as Part

from studio.messages import Message, message

CLOSE = {"Connection": "close"}
"""With an answer to a request whose body was not received: the rest of it is not waited for."""


async def _body(request: Request) -> bytes:
    return await request.body()


RawBody = Annotated[bytes, Depends(_body)]
"""What a request brings, as it came: so that a route that works on it need not be `async`, and works in
a thread of its own instead of holding everybody up."""


class Refusal(HTTPException):
    """What is refused where only errors of Starlette's pass through; `message` says why."""

    def __init__(self, status: int, why: Message, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, str(why), headers)
        self.message = why


@dataclass(frozen=True)
class BodyLimits:
    """`size` and `marks` (commas and opening brackets: what makes JSON slow to read; None: any number)
    of one body, `seconds` until it is here, `held` bytes of all bodies that are being received or
    worked on."""

    size: int = 16 * 2**20
    marks: int | None = 100_000
    seconds: float = 30.0
    open_bodies: int = 256 * 2**20

    @property
    def too_large(self) -> Message:
        return message("request.body_too_large", size=f"{self.size:,}")


class WatchedBodies:
    """ASGI middleware: whoever receives a body that comes too slowly, or is too much, gets a
    Refusal of status 408, 413 or 503. Used on one event loop."""

    def __init__(self, app: ASGIApp, limits: BodyLimits) -> None:
        self._app, self._limits = app, limits
        self._open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = _Body(self, receive, self._limits)
        try:
            await self._app(scope, body.receive, send)
        finally:
            self._open -= body.size

    def reserve(self, size: int) -> None:
        """Takes account of bytes that were received. Raises Refusal where all that is held is
        too much."""
        self._open += size
        if self._open > self._limits.open_bodies:
            raise Refusal(503, message("request.too_much_at_once"), {**CLOSE, "Retry-After": "5"})


class _Body:
    """One request's body on its way in."""

    def __init__(self, bodies: WatchedBodies, receive: Receive, limits: BodyLimits) -> None:
        self._bodies, self._receive, self._limits = bodies, receive, limits
        self._until: float | None = None
        self._marks, self._is_complete = 0, False
        self.size = 0

    async def receive(self) -> Part:
        """The next piece. Raises Refusal for what comes too slowly, or is too much."""
        if self._is_complete:
            return await self._receive()
        if self._until is None:
            self._until = anyio.current_time() + self._limits.seconds
        try:
            with anyio.fail_after(max(0.0, self._until - anyio.current_time())):
                part = await self._receive()
        except TimeoutError:
            why = message("request.body_too_slow", seconds=f"{self._limits.seconds:.0f}")
            raise Refusal(408, why, CLOSE) from None
        self._is_complete = part["type"] != "http.request" or not part.get("more_body", False)
        self._weigh(part.get("body", b""))
        return part

    def _weigh(self, piece: bytes) -> None:
        self.size += len(piece)
        self._bodies.reserve(len(piece))
        if self.size > self._limits.size:
            raise Refusal(413, self._limits.too_large, CLOSE)
        if self._limits.marks is not None:
            self._marks += sum(piece.count(mark) for mark in (b",", b"[", b"{"))
            if self._marks > self._limits.marks:
                raise Refusal(413, message("request.too_many_fields"), CLOSE)
