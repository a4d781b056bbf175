"""Limits of request bodies, for the studio's server and the API's: size, deadline, memory of all together."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import anyio
from fastapi import Depends, Request
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.types import Message as AsgiMessage

from studio.messages import Message, message

CLOSE_HEADERS = {"Connection": "close"}
"""Sent with a refusal before the body was received: its rest is not waited for."""

PNG_FIRST_BYTE = b"\x89"
"""No JSON begins with this byte, in whatever encoding: a parser refuses it at once."""


async def _read_body(request: Request) -> bytes:
    return await request.body()


RawBody = Annotated[bytes, Depends(_read_body)]
"""The raw request body. A route that takes it need not be `async`: it runs in a worker thread, and does not
block the event loop while it decodes."""


class BodyRefused(HTTPException):
    """A refusal raised while a body is read, where only Starlette's exceptions pass; `message` is the reason."""

    def __init__(self, status: int, why: Message, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, str(why), headers)
        self.message = why


@dataclass(frozen=True)
class BodyLimits:
    """Limits of request bodies.

    Attributes:
        size: bytes of one body.
        marks: commas and opening brackets of one body, since they are what makes JSON slow to parse; None:
            no limit. A PNG is no JSON, and has no limit of these.
        seconds: until the body must have been received.
        open_bodies: bytes of all bodies that are being received or processed.
    """

    size: int = 16 * 2**20
    marks: int | None = 100_000
    seconds: float = 30.0
    open_bodies: int = 256 * 2**20

    @property
    def too_large(self) -> Message:
        return message("request.body_too_large", size=f"{self.size:,}")


class BodyLimitMiddleware:
    """ASGI middleware: an application that receives a body which is too slow or too large gets
    BodyRefused of status 408, 413 or 503. Used on one event loop."""

    def __init__(self, app: ASGIApp, limits: BodyLimits) -> None:
        self._app, self._limits = app, limits
        self._open_bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = _LimitedBody(self, receive, self._limits)
        try:
            await self._app(scope, body.receive, send)
        finally:
            self._open_bytes -= body.size

    def reserve(self, size: int) -> None:
        """Counts bytes that were received. Raises BodyRefused where all open bodies are too large
        together."""
        self._open_bytes += size
        if self._open_bytes > self._limits.open_bodies:
            why = message("request.too_many_jobs")
            raise BodyRefused(503, why, {**CLOSE_HEADERS, "Retry-After": "5"})


class _LimitedBody:
    """One request's body while it is received."""

    def __init__(
        self, middleware: BodyLimitMiddleware, receive: Receive, limits: BodyLimits
    ) -> None:
        self._middleware, self._receive, self._limits = middleware, receive, limits
        self._deadline: float | None = None
        self._marks, self._is_complete = 0, False
        self._may_be_json = limits.marks is not None
        self.size = 0

    async def receive(self) -> AsgiMessage:
        """The next part. Raises BodyRefused when it is too slow, or the body too large."""
        if self._is_complete:
            return await self._receive()
        if self._deadline is None:
            self._deadline = anyio.current_time() + self._limits.seconds
        try:
            with anyio.fail_after(max(0.0, self._deadline - anyio.current_time())):
                part = await self._receive()
        except TimeoutError:
            why = message("request.body_too_slow", seconds=f"{self._limits.seconds:.0f}")
            raise BodyRefused(408, why, CLOSE_HEADERS) from None
        self._is_complete = part["type"] != "http.request" or not part.get("more_body", False)
        self._count(part.get("body", b""))
        return part

    def _count(self, content: bytes) -> None:
        if self.size == 0 and content.startswith(PNG_FIRST_BYTE):
            self._may_be_json = False
        self.size += len(content)
        self._middleware.reserve(len(content))
        if self.size > self._limits.size:
            raise BodyRefused(413, self._limits.too_large, CLOSE_HEADERS)
        if self._limits.marks is not None and self._may_be_json:
            self._marks += sum(content.count(mark) for mark in (b",", b"[", b"{"))
            if self._marks > self._limits.marks:
                raise BodyRefused(413, message("request.too_many_fields"), CLOSE_HEADERS)
