"""What stands before every route: whose key it is, before a body is received, and how bodies arrive."""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

import anyio
from anyio import to_thread
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.types import Message as Part

from studio.api.problems import NoKey, Refusal, problem, problem_of
from studio.api.wire import PREFIX
from studio.errors import StudioError
from studio.locales.negotiation import language_of
from studio.messages import Message, message
from studio.recipes.serving import Client

OPEN = (f"{PREFIX}/health", f"{PREFIX}/ready", f"{PREFIX}/docs", f"{PREFIX}/openapi.json")
"""Addresses of the API that need no key; what is below them needs none either."""
METRICS = "/metrics"
CLOSE = {"Connection": "close"}
"""With an answer to a request whose body was not received: the rest of it is not waited for."""

Admit = Callable[[str, str], Client]
"""Whose key it is and whether they may ask now, by the key and the method. Raises StudioError."""


@dataclass(frozen=True)
class BodyLimits:
    """`size` and `marks` (commas and opening brackets: what makes JSON slow to read) of one body,
    `seconds` until it is here, `held` bytes of all bodies that are being received or worked on."""

    size: int = 16 * 2**20
    marks: int = 100_000
    seconds: float = 30.0
    held: int = 256 * 2**20


class Guard:
    """Refuses requests without a key that counts, before their bodies are received; watches over the
    bodies of the others. Routes find whose request it is in `request.state.client`."""

    def __init__(self, app: ASGIApp, admit: Admit, limits: BodyLimits) -> None:
        self._app, self._admit, self._limits = app, admit, limits
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        try:
            if _needs_key(scope["path"]):
                client = await to_thread.run_sync(self._admit, _key(headers), scope["method"])
                scope.setdefault("state", {})["client"] = client
        except StudioError as error:
            refusal = problem_of(error, language_of(headers))
            if _brings_body(headers):
                refusal.headers.update(CLOSE)
            await refusal(scope, receive, send)
            return
        length = headers.get("content-length", "")
        if length.isdecimal() and int(length[:12]) > self._limits.size:
            status, why = HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _too_large(self._limits)
            refusal = problem(status, why, CLOSE, language_of(headers))
            await refusal(scope, receive, send)
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
            raise Refusal(503, message("request.too_much_at_once"), {**CLOSE, "Retry-After": "5"})


class _Body:
    """One request's body on its way in."""

    def __init__(self, guard: Guard, receive: Receive, limits: BodyLimits) -> None:
        self._guard, self._receive, self._limits = guard, receive, limits
        self._until: float | None = None
        self._marks, self._whole = 0, False
        self.size = 0

    async def receive(self) -> Part:
        """The next piece. Raises HTTPException for what comes too slowly, or is too much."""
        if self._whole:
            return await self._receive()
        if self._until is None:
            self._until = anyio.current_time() + self._limits.seconds
        try:
            with anyio.fail_after(max(0.0, self._until - anyio.current_time())):
                part = await self._receive()
        except TimeoutError:
            why = message("request.body_too_slow", seconds=f"{self._limits.seconds:.0f}")
            raise Refusal(408, why, CLOSE) from None
        self._whole = part["type"] != "http.request" or not part.get("more_body", False)
        self._weigh(part.get("body", b""))
        return part

    def _weigh(self, piece: bytes) -> None:
        self.size += len(piece)
        self._guard.hold(len(piece))
        self._marks += sum(piece.count(mark) for mark in (b",", b"[", b"{"))
        if self.size > self._limits.size:
            raise Refusal(413, _too_large(self._limits), CLOSE)
        if self._marks > self._limits.marks:
            raise Refusal(413, message("request.too_many_fields"), CLOSE)


def _needs_key(path: str) -> bool:
    if path == METRICS:
        return True
    inside = path == PREFIX or path.startswith(f"{PREFIX}/")
    return inside and not any(path == each or path.startswith(f"{each}/") for each in OPEN)


def _key(headers: Headers) -> str:
    """Raises NoKey."""
    scheme, _, key = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise NoKey("auth.bring_key")
    return key.strip()


def _too_large(limits: BodyLimits) -> Message:
    return message("request.body_too_large", size=f"{limits.size:,}")


def _brings_body(headers: Headers) -> bool:
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"
