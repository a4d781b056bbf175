"""Moderation by somebody else: pictures sent to a webhook, signed; what is down is left alone for a while."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable
from typing import Literal, Protocol

from pydantic import Field, ValidationError

from studio.errors import StudioError
from studio.recipes.base import Frozen
from studio.recipes.canvas import Slug
from studio.recipes.preset import Letter


class ModerationDown(StudioError):
    """No verdict is to be had."""


class Shown(Frozen):
    """What a moderator is told of a picture."""

    request: str
    theme: Slug
    letter: Letter
    png: bytes


class Moderated(Frozen):
    verdict: Literal["pass", "withhold"]
    reason: str = Field("", max_length=500)


class Moderator(Protocol):
    def judge(self, shown: Shown) -> Moderated:
        """Raises ModerationDown."""
        ...


class Webhook:
    """POSTs each picture as JSON to one address, which answers {"verdict": "pass" or "withhold"}.

    `X-Studio-Signature` is sha256= and the HMAC-SHA-256 of timestamp, a dot and the body under the
    shared secret, `X-Studio-Timestamp` the seconds since 1970, so that a receiver refuses what is forged
    or old. After `FAILURES` in a row it is left alone for `REST` seconds (Nygard's circuit breaker).
    """

    TIMEOUT, TRIES, FAILURES, REST = 4.0, 2, 3, 30.0

    def __init__(
        self, address: str, secret: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._address, self._secret, self._clock = address, secret.encode(), clock
        self._lock = threading.Lock()
        self._failures = 0
        self._rests_until = 0.0

    def judge(self, shown: Shown) -> Moderated:
        with self._lock:
            if self._clock() < self._rests_until:
                raise ModerationDown("the moderation service is down: it is asked again soon")
        said = ""
        for _ in range(self.TRIES):
            try:
                answer = self._asked(shown)
            except ModerationDown as error:
                said = str(error)
                continue
            with self._lock:
                self._failures = 0
            return answer
        with self._lock:
            self._failures += 1
            if self._failures >= self.FAILURES:
                self._failures, self._rests_until = 0, self._clock() + self.REST
        raise ModerationDown(said)

    def _asked(self, shown: Shown) -> Moderated:
        import httpx2

        sent = str(int(time.time()))
        body = json.dumps(
            {**shown.model_dump(exclude={"png"}), "png": base64.b64encode(shown.png).decode()}
        ).encode()
        headers = {
            "Content-Type": "application/json", "X-Studio-Timestamp": sent,
            "X-Studio-Signature": signature(self._secret, sent, body),
        }  # fmt: skip
        try:
            response = httpx2.post(
                self._address, content=body, headers=headers, timeout=self.TIMEOUT
            )
            response.raise_for_status()
            return Moderated.model_validate_json(response.content)
        except httpx2.HTTPError as error:
            raise ModerationDown(f"the moderation service does not answer: {error}") from None
        except ValidationError:
            raise ModerationDown("the moderation service answers with no verdict") from None


def signature(secret: bytes, sent: str, body: bytes) -> str:
    """What a receiver compares `X-Studio-Signature` with."""
    return f"sha256={hmac.new(secret, sent.encode() + b'.' + body, hashlib.sha256).hexdigest()}"
