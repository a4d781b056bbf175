"""How often a password may be tried: counted before it is hashed, for each name and each address."""

import math
import time
from collections import Counter
from collections.abc import Callable, Sequence

from anyio import CapacityLimiter, to_thread
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from studio.errors import CapacityError

TRIES = RateLimitItemPerMinute(10)
"""Wrong passwords a minute, by one address, for one name, or from one known browser."""
HASHES = 2
"""Passwords hashed at once; each takes 32 MB and a processor."""
WAITING = 20
"""Passwords that wait for that; more are turned away."""

Key = tuple[str, str]
"""Who is counted: such as ("address", "10.0.0.7")."""


class Attempts:
    """Counts wrong passwords, and those that are being looked at as wrong until they are right.

    Used on one event loop; only the hashing leaves it.
    """

    def __init__(self) -> None:
        self._failures = MovingWindowRateLimiter(MemoryStorage())
        self._under_way: Counter[Key] = Counter()
        self._threads = CapacityLimiter(HASHES)

    async def verify(self, keys: Sequence[Key], is_right: Callable[[], bool]) -> bool:
        """What `is_right` finds, counted against each of `keys` unless it is right.

        Raises Busy, without trying, when one of them has tried too often or too many wait.
        """
        seconds = max(map(self._to_wait, keys))
        if not seconds and self._threads.statistics().tasks_waiting >= WAITING:
            seconds = 5
        if seconds:
            raise CapacityError("auth.too_many_wrong_passwords", seconds, seconds=seconds)
        self._under_way.update(keys)
        right = False
        try:
            right = await to_thread.run_sync(is_right, limiter=self._threads)
        finally:
            self._under_way -= Counter(keys)
            if not right:
                for key in keys:
                    self._failures.hit(TRIES, *key)
        return right

    def _to_wait(self, key: Key) -> int:
        """Seconds until this one may try again; 0: now."""
        window = self._failures.get_window_stats(TRIES, *key)
        if window.remaining <= 0:
            return max(1, math.ceil(window.reset_time - time.time()))
        # Whether those under way are wrong is known when they are hashed.
        return 10 if window.remaining <= self._under_way[key] else 0
