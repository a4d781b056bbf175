"""How often each client may ask: counted in Redis for all processes where there is one."""

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

READS = 20
"""Looks (all but POST) that a client has for each request a minute that is theirs: pictures, how things
stand, cancelling."""
AWAY = 5.0
"""Seconds for which a Redis that did not answer is not asked again."""
PATIENCE = 0.5
"""Seconds that Redis may take to answer."""

Kind = Literal["requests", "reads"]
STRATEGIES: Mapping[Kind, type[RateLimiter]] = {
    # Requests are counted exactly; of reads, which are many, only how many there were.
    "requests": MovingWindowRateLimiter,
    "reads": SlidingWindowCounterRateLimiter,
}


class Limits:
    """Counts in this process while Redis is away, or there is none: then each process counts alone."""

    def __init__(self, broker: str = "", clock: Callable[[], float] = time.monotonic) -> None:
        """`broker` is the address of Redis, empty for none; `clock` tells seconds."""
        self._clock = clock
        self._alone = MemoryStorage()
        self._shared = _shared(broker) if broker else None
        self._repeat_of = 0.0

    def count(self, client: ApiClient, method: str) -> None:
        """Counts one request. Raises Busy for more than the client may send a minute."""
        kind: Kind = "requests" if method == "POST" else "reads"
        amount = client.requests_per_minute * (READS if kind == "reads" else 1)
        if not self._hit(RateLimitItemPerMinute(amount), client.name, kind):
            if kind == "reads":
                raise CapacityError("request.too_many_reads", 60, count=amount)
            raise CapacityError("request.too_many_requests", 60, count=amount)

    def _hit(self, often: RateLimitItemPerMinute, name: str, kind: Kind) -> bool:
        if self._shared is not None and self._clock() >= self._repeat_of:
            try:
                return STRATEGIES[kind](self._shared).hit(often, name, kind)
            except StorageError as error:
                self._repeat_of = self._clock() + AWAY
                log.warning("requests are counted by this process alone for now: %s", error)
        return STRATEGIES[kind](self._alone).hit(often, name, kind)


def _shared(broker: str) -> RedisStorage:
    return RedisStorage(
        broker,
        wrap_exceptions=True,
        key_prefix="studio:limits",
        socket_timeout=PATIENCE,
        socket_connect_timeout=PATIENCE,
    )
