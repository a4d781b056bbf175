"""How the bodies of requests arrive, at the page's server and at the API's: deadlines and bounds."""

from dataclasses import dataclass
from typing import Annotated

import anyio
from fastapi import Depends, Request
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CLOSE = {"Connection": "close"}
"""With an answer to a request whose body was not received: the rest of it is not waited for."""


async def _body(request: Request) -> bytes:
    return await request.body()


RawBody = Annotated[bytes, Depends(_body)]
"""What a request brings, as it came: so that a route that works on it need not be `async`, and works in
a thread of its own instead of holding everybody up."""


@dataclass(frozen=True)
class BodyLimits:
    """`size` and `marks` (commas and opening brackets: what makes JSON slow to read; None: any number)
    of one body, `seconds` until it is here, `held` bytes of all bodies that are being received or
    worked on."""

    size: int = 16 * 2**20
    marks: int | None = 100_000
    seconds: float = 30.0
    held: int = 256 * 2**20

    @property
    def too_large(self) -> str:
        return f"at most {self.size:,} bytes are taken: send less"


class WatchedBodies:
    """ASGI middleware: whoever receives a body that comes too slowly, or is too much, gets an
    HTTPException of status 408, 413 or 503. Used on one event loop."""

    def __init__(self, app: ASGIApp, limits: BodyLimits) -> None:
        self._app, self._limits = app, limits
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = _Body(self, receive, self._limits)
        try:
            await self._app(scope, body.receive, send)
        finally:
            self._held -= body.size

    def hold(self, size: int) -> None:
        """Takes account of bytes that were received. Raises HTTPException where all that is held is
        too much."""
        self._held += size
        if self._held > self._limits.held:
            raise HTTPException(503, "too much is being sent at once: try again later", {**CLOSE, "Retry-After": "5"})  # fmt: skip


class _Body:
    """One request's body on its way in."""

    def __init__(self, bodies: WatchedBodies, receive: Receive, limits: BodyLimits) -> None:
        self._bodies, self._receive, self._limits = bodies, receive, limits
        self._until: float | None = None
        self._marks, self._whole = 0, False
        self.size = 0

    async def receive(self) -> Message:
        """The next piece. Raises HTTPException for what comes too slowly, or is too much."""
        if self._whole:
            return await self._receive()
        if self._until is None:
            self._until = anyio.current_time() + self._limits.seconds
        try:
            with anyio.fail_after(max(0.0, self._until - anyio.current_time())):
                message = await self._receive()
        except TimeoutError:
            said = (
                f"the body did not arrive within {self._limits.seconds:.0f} seconds: send it again"
            )
            raise HTTPException(408, said, CLOSE) from None
        self._whole = message["type"] != "http.request" or not message.get("more_body", False)
        self._weigh(message.get("body", b""))
        return message

    def _weigh(self, piece: bytes) -> None:
        self.size += len(piece)
        self._bodies.hold(len(piece))
        if self.size > self._limits.size:
            raise HTTPException(413, self._limits.too_large, CLOSE)
        if self._limits.marks is not None:
            self._marks += sum(piece.count(mark) for mark in (b",", b"[", b"{"))
            if self._marks > self._limits.marks:
                raise HTTPException(413, "there are too many fields in it: send less", CLOSE)
