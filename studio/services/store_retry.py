"""Retries reads and writes of the store while it is away, with exponential backoff."""

import logging
import threading
import time
from collections.abc import Callable
from copy import copy
from typing import TypeVar

from studio.errors import StorageUnavailableError

log = logging.getLogger(__name__)
T = TypeVar("T")


def _no_progress() -> None:
    pass


class StoreRetry:
    """Retries after StorageUnavailableError until the store answers, or the timeout has passed.

    An outage is measured over all calls of one kind: once the store has been away for
    `timeout_seconds`, every call with a timeout fails at its first attempt until one succeeds.
    """

    def __init__(
        self,
        timeout_seconds: float = 45.0,
        first_delay_seconds: float = 0.2,
        max_delay_seconds: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """The delay between attempts is doubled each time, up to the maximum."""
        self._timeout = timeout_seconds
        self._first_delay, self._max_delay = first_delay_seconds, max_delay_seconds
        self._clock = clock
        self._closing = threading.Event()
        self._outages: dict[str, tuple[float, StorageUnavailableError]] = {}

    def __call__(
        self,
        kind: str,
        action: Callable[[], T],
        forever: bool = True,
        on_retry: Callable[[], None] = _no_progress,
    ) -> T:
        """The result of `action`.

        Args:
            kind: what is asked of which part of the store, since one part may be away while another
                answers.
            action: called until it succeeds.
            forever: whether the timeout does not apply.
            on_retry: called before each delay.

        Raises:
            StorageUnavailableError: after `close`, or, unless `forever`, after the timeout.
        """
        delay = self._first_delay
        while True:
            try:
                result = action()
            except StorageUnavailableError as error:
                if self._gives_up(kind, error, forever):
                    raise
                log.warning("the store is away, next try in %.1f s: %s", delay, error)
                on_retry()
                self._closing.wait(delay)
                delay = min(2 * delay, self._max_delay)
            else:
                self._outages.pop(kind, None)
                return result

    @property
    def error(self) -> StorageUnavailableError | None:
        """Why the store is away; None while the last call of each kind has succeeded."""
        return next((error for _, error in tuple(self._outages.values())), None)

    def close(self) -> None:
        """Ends every delay; from then on everything is tried once."""
        self._closing.set()

    def _gives_up(self, kind: str, error: StorageUnavailableError, forever: bool) -> bool:
        now = self._clock()
        since, _ = self._outages.get(kind, (now, error))
        self._outages[kind] = since, copy(error)
        is_timed_out = not forever and now - since >= self._timeout
        return is_timed_out or self._closing.is_set()
