"""Detects jumps of the wall clock and gaps between maintenance runs, after which timestamps cannot
be judged."""

import time
from collections.abc import Callable

MAX_DRIFT_SECONDS = 5.0
"""By how much the wall clock may run ahead of, or behind, the monotonic one between two ticks."""
MAX_GAP_SECONDS = 15.0
"""Beyond this between two ticks the process was suspended, or had no time for maintenance."""


class ClockJumpDetector:
    """Deadlines and heartbeats of jobs are wall-clock times. After a jump (NTP, a laptop that
    slept), or a gap in which no maintenance could run, they must not be judged by that clock.

    One maintenance run is one tick: `is_steady` starts it, `complete` ends it.
    """

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Both clocks give seconds."""
        self._wall, self._monotonic = wall, monotonic
        self._last: tuple[float, float] | None = None
        self._is_open = False

    def is_steady(self) -> bool:
        """Starts a tick. False where the last tick was not completed, or the clock has jumped
        since, or it was too long ago; True for the first tick."""
        was_interrupted, self._is_open = self._is_open, True
        if self._last is None or was_interrupted:
            return not was_interrupted
        wall, monotonic = self._wall() - self._last[0], self._monotonic() - self._last[1]
        return abs(wall - monotonic) <= MAX_DRIFT_SECONDS and monotonic <= MAX_GAP_SECONDS

    def complete(self) -> None:
        """Ends a tick that has done all its work."""
        self._last, self._is_open = (self._wall(), self._monotonic()), False
