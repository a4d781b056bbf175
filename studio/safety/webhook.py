"""Moderation by somebody else: pictures sent to a webhook, signed; what is down is left alone for a while."""

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
    """No verdict is to be had."""


class ModerationRequest(FrozenModel):
    """What a moderator is told of a picture."""

    request: str
    theme: Slug
    slot: Slot
    png: bytes


class ModerationResponse(FrozenModel):
    verdict: Literal["pass", "withhold"]
    reason: str = Field("", max_length=500)


class ExternalModerator(Protocol):
    def moderate(self, shown: ModerationRequest) -> ModerationResponse:
        """Raises ModerationDown."""
        ...


class WebhookModerator:
    """POSTs each picture as JSON to one address, which answers {"verdict": "pass" or "withhold"}.

    `X-Studio-Signature` is sha256= and the HMAC-SHA-256 of timestamp, a dot and the body under the
    shared secret, `X-Studio-Timestamp` the seconds since 1970, so that a receiver refuses what is forged
    or old. `DEADLINE` seconds is all that a picture gets, both tries together, however slowly the answer
    comes; an answer may have `MAX_ANSWER` bytes and must not be compressed. After `FAILURES` in a row it
    is left alone for `REST` seconds (Nygard's circuit breaker).

    Any number of threads may ask at once.
    """

    DEADLINE, TRIES, MAX_ANSWER, FAILURES, REST = 4.0, 2, 16 * 1024, 3, 30.0
    GRACE = 0.5
    """Seconds that the thread which asks has to give up in."""

    def __init__(
        self, address: str, secret: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._url, self._secret, self._clock = address, secret.encode(), clock
        self._lock = threading.Lock()
        self._failures = 0
        self._rests_until = 0.0

    def moderate(self, shown: ModerationRequest) -> ModerationResponse:
        with self._lock:
            if self._clock() < self._rests_until:
                raise ModerationUnavailableError("moderation.service_down")
        try:
            answer = self._waited_for(shown)
        except ModerationUnavailableError:
            with self._lock:
                self._failures += 1
                if self._failures >= self.FAILURES:
                    self._failures, self._rests_until = 0, self._clock() + self.REST
            raise
        with self._lock:
            self._failures = 0
        return answer

    def _waited_for(self, shown: ModerationRequest) -> ModerationResponse:
        """What `_asked` finds, in a thread of its own: a name that is looked up cannot be given up by an
        event loop, only left behind. Raises ModerationDown."""
        import anyio

        answer: Future[ModerationResponse] = Future()

        def ask() -> None:
            try:
                answer.set_result(anyio.run(self._post, shown))
            except Exception as error:
                answer.set_exception(error)

        threading.Thread(target=ask, name="moderation", daemon=True).start()
        try:
            return answer.result(self.DEADLINE + self.GRACE)
        except TimeoutError:
            raise self._too_late() from None

    def _too_late(self) -> ModerationUnavailableError:
        return ModerationUnavailableError("moderation.service_too_late", seconds=self.DEADLINE)

    async def _post(self, shown: ModerationRequest) -> ModerationResponse:
        """One answer in `TRIES`, all within the deadline. Raises ModerationDown."""
        import anyio

        failure = None
        with anyio.move_on_after(self.DEADLINE):
            for _ in range(self.TRIES):
                try:
                    return await self._attempt(shown)
                except ModerationUnavailableError as error:
                    failure = error
        raise failure or self._too_late()

    async def _attempt(self, shown: ModerationRequest) -> ModerationResponse:
        import httpx2

        body = json.dumps(
            {**shown.model_dump(exclude={"png"}), "png": base64.b64encode(shown.png).decode()}
        ).encode()
        try:
            # The deadline is anyio's, over everything: httpx2's own timeouts begin anew with each read.
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
                "moderation.service_silent", reason=str(error)[:200]
            ) from None
        except ValidationError:
            raise ModerationUnavailableError("moderation.service_without_verdict") from None

    def _headers(self, body: bytes) -> dict[str, str]:
        sent = str(int(time.time()))
        return {
            "Content-Type": "application/json", "Accept-Encoding": "identity",
            "X-Studio-Timestamp": sent, "X-Studio-Signature": sign(self._secret, sent, body),
        }  # fmt: skip

    async def _read(self, response: "Response") -> bytes:
        """The answer as it was sent, never unpacked. Raises ModerationDown where that is too much."""
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise ModerationUnavailableError("moderation.service_compressed")
        answer = bytearray()
        async for chunk in response.aiter_raw():
            answer += chunk
            if len(answer) > self.MAX_ANSWER:
                raise ModerationUnavailableError(
                    "moderation.service_answer_too_large", most=self.MAX_ANSWER // 1024
                )
        return bytes(answer)


def sign(secret: bytes, sent: str, body: bytes) -> str:
    """What a receiver compares `X-Studio-Signature` with."""
    return f"sha256={hmac.new(secret, sent.encode() + b'.' + body, hashlib.sha256).hexdigest()}"
