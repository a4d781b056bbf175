"""Repeats reads and writes of the store while it is away, with exponential backoff."""

import logging
import threading
import time
from collections.abc import Callable
from copy import copy
from typing import TypeVar

from studio.errors import StorageUnavailableError

log = logging.getLogger(__name__)
T = TypeVar("T")


def _no_report() -> None:
    pass


class StoreRetry:
    """Tries again after StoreUnavailable until the store answers, or patience has run out.

    An outage is measured over all calls of a kind: once the store has been away for `patience` seconds,
    every impatient call fails at its first try until one succeeds.
    """

    def __init__(
        self,
        patience: float = 45.0,
        first_pause: float = 0.2,
        longest_pause: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """All in seconds: how long impatient calls go on, and the pauses, doubled each time."""
        self._patience, self._first, self._longest = patience, first_pause, longest_pause
        self._clock = clock
        self._closing = threading.Event()
        self._away: dict[str, tuple[float, StorageUnavailableError]] = {}

    def __call__(
        self,
        kind: str,
        act: Callable[[], T],
        forever: bool = True,
        report: Callable[[], None] = _no_report,
    ) -> T:
        """The result of `act`; `report` is called before each pause. `kind` says which part of the store
        is asked for what, since one may be away while another answers.

        Raises StoreUnavailable after `close`, and, unless `forever`, when patience has run out.
        """
        pause = self._first
        while True:
            try:
                result = act()
            except StorageUnavailableError as error:
                if self._gives_up(kind, error, forever):
                    raise
                log.warning("the store is away, next try in %.1f s: %s", pause, error)
                report()
                self._closing.wait(pause)
                pause = min(2 * pause, self._longest)
            else:
                self._away.pop(kind, None)
                return result

    @property
    def error(self) -> StorageUnavailableError | None:
        """Why the store is away; None while the last call of each kind succeeded."""
        return next((error for _, error in tuple(self._away.values())), None)

    def close(self) -> None:
        """Ends every wait: what is tried afterwards is tried once."""
        self._closing.set()

    def _gives_up(self, kind: str, error: StorageUnavailableError, forever: bool) -> bool:
        now = self._clock()
        since, _ = self._away.get(kind, (now, error))
        self._away[kind] = since, copy(error)
        is_over = not forever and now - since >= self._patience
        return is_over or self._closing.is_set()
