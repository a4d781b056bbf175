"""Limits password attempts: each is counted before the password is hashed, by name, address and browser."""

import math
import time
from collections import Counter
from collections.abc import Callable, Sequence

from anyio import CapacityLimiter, to_thread
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from studio.errors import CapacityError

LOGIN_RATE_LIMIT = RateLimitItemPerMinute(10)
"""Wrong passwords a minute from one address, for one name, or from one known browser."""
MAX_CONCURRENT_HASHES = 2
"""Passwords hashed at once; each takes 32 MB and a CPU core."""
MAX_WAITING = 20
"""Passwords that wait to be hashed; more are refused."""

CountedKey = tuple[str, str]
"""What attempts are counted by, such as ("address", "10.0.0.7")."""


class LoginAttempts:
    """Counts wrong passwords; one that is being checked counts as wrong until it turns out to be right.

    Used on one event loop; only the hashing runs in threads.
    """

    def __init__(self) -> None:
        self._failures = MovingWindowRateLimiter(MemoryStorage())
        self._in_progress: Counter[CountedKey] = Counter()
        self._threads = CapacityLimiter(MAX_CONCURRENT_HASHES)

    async def verify(self, keys: Sequence[CountedKey], is_right: Callable[[], bool]) -> bool:
        """The result of `is_right`, called in a thread; False counts against each of `keys`.

        Raises CapacityError without calling it when one of the keys is over its limit, or too many passwords
        are waiting.
        """
        seconds = max(map(self._seconds_to_wait, keys))
        if not seconds and self._threads.statistics().tasks_waiting >= MAX_WAITING:
            seconds = 5
        if seconds:
            raise CapacityError("auth.too_many_wrong_passwords", seconds, seconds=seconds)
        self._in_progress.update(keys)
        right = False
        try:
            right = await to_thread.run_sync(is_right, limiter=self._threads)
        finally:
            self._in_progress -= Counter(keys)
            if not right:
                for key in keys:
                    self._failures.hit(LOGIN_RATE_LIMIT, *key)
        return right

    def _seconds_to_wait(self, key: CountedKey) -> int:
        """Seconds until another attempt is allowed for this key; 0: now."""
        window = self._failures.get_window_stats(LOGIN_RATE_LIMIT, *key)
        if window.remaining <= 0:
            return max(1, math.ceil(window.reset_time - time.time()))
        # Attempts in progress may turn out to be wrong.
        return 10 if window.remaining <= self._in_progress[key] else 0
