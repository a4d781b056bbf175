"""Whether the wall clock can be trusted since the last tick of something that is done regularly."""

import time
from collections.abc import Callable

JUMP = 5.0
"""Seconds by which the wall clock may run ahead of, or behind, the monotonic one between two ticks."""
LATE = 15.0
"""Seconds after which a tick is late: the process was stopped, or has no time to look."""


class Ticks:
    """Jobs' times are wall-clock times. After a jump (NTP, a laptop that slept) or a gap in which nobody
    could look after jobs, they must not be judged by them."""

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wall, self._monotonic = wall, monotonic
        self._last: tuple[float, float] | None = None
        self._is_open = False

    def is_even(self) -> bool:
        """Begins a tick: whether the one before was completed, and time went on as it should since."""
        was_broken_off, self._is_open = self._is_open, True
        if self._last is None or was_broken_off:
            return not was_broken_off
        wall, monotonic = self._wall() - self._last[0], self._monotonic() - self._last[1]
        return abs(wall - monotonic) <= JUMP and monotonic <= LATE

    def complete(self) -> None:
        """To be called at the end of each tick that did all it was to do."""
        self._last, self._is_open = (self._wall(), self._monotonic()), False
