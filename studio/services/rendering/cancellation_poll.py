"""Polls the job table for cancellations, so that no step of a render has to ask it."""

import logging
import threading
from collections.abc import Callable, Sequence

from studio.errors import StorageUnavailableError
from studio.services.rendering.run import Run

log = logging.getLogger(__name__)
INTERVAL_SECONDS = 1.0
"""Seconds between two polls; a cancellation in this process takes effect without one."""


class CancellationPoll:
    """Tells runs which of their jobs were cancelled, or taken over, by another process."""

    def __init__(self, active_runs: Callable[[], Sequence[Run]]) -> None:
        self._active_runs = active_runs
        self._is_closing = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Starts the thread that polls, at the first call."""
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._work, name="cancellations", daemon=True
                )
                self._thread.start()

    def close(self) -> None:
        """Ends the thread after the poll that is under way."""
        self._is_closing.set()

    def poll(self) -> None:
        """Asks the tracker once about each job that is being rendered.

        While the store is away, jobs go on.
        """
        for run in self._active_runs():
            if not run.tracker.is_stored:
                continue
            try:
                for slot, rendering in run.rendering.items():
                    if not run.tracker.owns(slot):
                        run.lose(slot, rendering)
            except StorageUnavailableError:
                return
            except Exception:
                log.exception("request %s could not be polled", run.request.id)

    def _work(self) -> None:
        while not self._is_closing.wait(INTERVAL_SECONDS):
            self.poll()
