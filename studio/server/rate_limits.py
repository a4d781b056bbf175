"""Rate limits of API clients, counted in Redis for all processes where there is one."""

import logging
import time
from collections.abc import Callable, Mapping
from typing import Literal

from limits import RateLimitItemPerMinute
from limits.errors import StorageError
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import (
    MovingWindowRateLimiter,
    RateLimiter,
    SlidingWindowCounterRateLimiter,
)

from studio.errors import CapacityError
from studio.recipes.serving.request_status import ApiClient

log = logging.getLogger(__name__)

READS_PER_REQUEST = 20
"""Reads (every HTTP method but POST) that a client may send for each request of its rate limit: images,
status polls, cancellations."""
REDIS_RETRY_SECONDS = 5.0
"""Seconds for which a Redis that did not answer is not asked again."""
REDIS_TIMEOUT_SECONDS = 0.5

Kind = Literal["requests", "reads"]
STRATEGIES: Mapping[Kind, type[RateLimiter]] = {
    # Requests are counted exactly; reads, which are many, approximately.
    "requests": MovingWindowRateLimiter,
    "reads": SlidingWindowCounterRateLimiter,
}


class RateLimits:
    """Counts the requests of each client. While Redis is unavailable, or without one, each process counts
    alone."""

    def __init__(self, broker_url: str = "", clock: Callable[[], float] = time.monotonic) -> None:
        """`broker_url` is that of Redis, empty for none; `clock` returns seconds."""
        self._clock = clock
        self._local = MemoryStorage()
        self._shared = _redis_storage(broker_url) if broker_url else None
        self._redis_retry_at = 0.0

    def count(self, client: ApiClient, method: str) -> None:
        """Counts one request. Raises CapacityError beyond the client's limit per minute."""
        kind: Kind = "requests" if method == "POST" else "reads"
        limit = client.requests_per_minute * (READS_PER_REQUEST if kind == "reads" else 1)
        if not self._hit(RateLimitItemPerMinute(limit), client.name, kind):
            if kind == "reads":
                raise CapacityError("request.too_many_reads", 60, count=limit)
            raise CapacityError("request.too_many_requests", 60, count=limit)

    def _hit(self, rate: RateLimitItemPerMinute, name: str, kind: Kind) -> bool:
        if self._shared is not None and self._clock() >= self._redis_retry_at:
            try:
                return STRATEGIES[kind](self._shared).hit(rate, name, kind)
            except StorageError as error:
                self._redis_retry_at = self._clock() + REDIS_RETRY_SECONDS
                log.warning("rate limits are counted by this process alone for now: %s", error)
        return STRATEGIES[kind](self._local).hit(rate, name, kind)


def _redis_storage(broker_url: str) -> RedisStorage:
    return RedisStorage(
        broker_url,
        wrap_exceptions=True,
        key_prefix="studio:limits",
        socket_timeout=REDIS_TIMEOUT_SECONDS,
        socket_connect_timeout=REDIS_TIMEOUT_SECONDS,
    )
