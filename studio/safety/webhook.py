"""External moderation by a signed webhook, with a deadline, a retry and a circuit breaker."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Literal, Protocol

from pydantic import Field, ValidationError

from studio.errors import StudioError
from studio.recipes.base import FrozenModel
from studio.recipes.base_image import Slug
from studio.recipes.themes.preset import Slot

if TYPE_CHECKING:
    from httpx2 import Response


class ModerationUnavailableError(StudioError):
    """The external service gave no valid verdict."""


class ModerationRequest(FrozenModel):
    """An image to be moderated; `request` is the id of its request, `png` the image without
    metadata."""

    request: str
    theme: Slug
    slot: Slot
    png: bytes


class ModerationResponse(FrozenModel):
    """The service's verdict."""

    verdict: Literal["pass", "withhold"]
    reason: str = Field("", max_length=500)


class ExternalModerator(Protocol):
    """Decides about images outside of the studio."""

    def moderate(self, request: ModerationRequest) -> ModerationResponse:
        """Raises ModerationUnavailableError."""
        ...


class WebhookModerator:
    """POSTs each image as JSON to a URL that answers {"verdict": "pass" or "withhold"}.

    `X-Studio-Timestamp` is the Unix time in seconds and `X-Studio-Signature` is `sha256=` with the
    HMAC-SHA-256 of timestamp, a dot and the body under the shared secret, so that the receiver can
    reject forged and old requests.

    All attempts for an image share one deadline, however slowly the answer arrives. After
    `FAILURES_BEFORE_PAUSE` failures in a row the service is not called for `PAUSE_SECONDS`
    (Nygard's circuit breaker). Safe for use from several threads.
    """

    DEADLINE_SECONDS = 4.0
    MAX_ATTEMPTS = 2
    MAX_ANSWER_BYTES = 16 * 1024
    """The answer must not be compressed."""
    FAILURES_BEFORE_PAUSE = 3
    PAUSE_SECONDS = 30.0
    GRACE_SECONDS = 0.5
    """How long the calling thread waits beyond the deadline."""

    def __init__(self, url: str, secret: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._url, self._secret, self._clock = url, secret.encode(), clock
        self._lock = threading.Lock()
        self._failures = 0
        self._paused_until = 0.0

    def moderate(self, request: ModerationRequest) -> ModerationResponse:
        """Blocks for at most `DEADLINE_SECONDS` and `GRACE_SECONDS`. Raises
        ModerationUnavailableError."""
        with self._lock:
            if self._clock() < self._paused_until:
                raise ModerationUnavailableError("moderation.service_down")
        try:
            response = self._call_in_thread(request)
        except ModerationUnavailableError:
            with self._lock:
                self._failures += 1
                if self._failures >= self.FAILURES_BEFORE_PAUSE:
                    self._failures, self._paused_until = 0, self._clock() + self.PAUSE_SECONDS
            raise
        with self._lock:
            self._failures = 0
        return response

    def _call_in_thread(self, request: ModerationRequest) -> ModerationResponse:
        """The response of `_post`, called in a thread: an event loop cannot cancel a DNS lookup,
        only abandon it. Raises ModerationUnavailableError."""
        import anyio

        response: Future[ModerationResponse] = Future()

        def call() -> None:
            try:
                response.set_result(anyio.run(self._post, request))
            except Exception as error:
                response.set_exception(error)

        threading.Thread(target=call, name="moderation", daemon=True).start()
        try:
            return response.result(self.DEADLINE_SECONDS + self.GRACE_SECONDS)
        except TimeoutError:
            raise self._deadline_error() from None

    def _deadline_error(self) -> ModerationUnavailableError:
        return ModerationUnavailableError(
            "moderation.service_too_late", seconds=self.DEADLINE_SECONDS
        )

    async def _post(self, request: ModerationRequest) -> ModerationResponse:
        """The response of the first attempt that succeeds. Raises ModerationUnavailableError."""
        import anyio

        failure = None
        with anyio.move_on_after(self.DEADLINE_SECONDS):
            for _ in range(self.MAX_ATTEMPTS):
                try:
                    return await self._attempt(request)
                except ModerationUnavailableError as error:
                    failure = error
        raise failure or self._deadline_error()

    async def _attempt(self, request: ModerationRequest) -> ModerationResponse:
        import httpx2

        png = base64.b64encode(request.png).decode()
        body = json.dumps({**request.model_dump(exclude={"png"}), "png": png}).encode()
        try:
            # The deadline is anyio's: httpx2's own timeouts start again with each read.
            async with (
                httpx2.AsyncClient(timeout=None) as client,
                client.stream(
                    "POST", self._url, content=body, headers=self._headers(body)
                ) as response,
            ):
                response.raise_for_status()
                return ModerationResponse.model_validate_json(await self._read(response))
        except httpx2.HTTPError as error:
            raise ModerationUnavailableError(
                "moderation.service_timeout", reason=str(error)[:200]
            ) from None
        except ValidationError:
            raise ModerationUnavailableError("moderation.service_without_verdict") from None

    def _headers(self, body: bytes) -> dict[str, str]:
        timestamp = str(int(time.time()))
        return {
            "Content-Type": "application/json",
            "Accept-Encoding": "identity",
            "X-Studio-Timestamp": timestamp,
            "X-Studio-Signature": sign(self._secret, timestamp, body),
        }

    async def _read(self, response: "Response") -> bytes:
        """The raw answer, never decompressed. Raises ModerationUnavailableError if it is too
        large."""
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise ModerationUnavailableError("moderation.service_compressed")
        answer = bytearray()
        async for chunk in response.aiter_raw():
            answer += chunk
            if len(answer) > self.MAX_ANSWER_BYTES:
                raise ModerationUnavailableError(
                    "moderation.service_answer_too_large", most=self.MAX_ANSWER_BYTES // 1024
                )
        return bytes(answer)


def sign(secret: bytes, timestamp: str, body: bytes) -> str:
    """The value of `X-Studio-Signature` for a body; the receiver computes the same and compares."""
    message = timestamp.encode() + b"." + body
    return f"sha256={hmac.new(secret, message, hashlib.sha256).hexdigest()}"
