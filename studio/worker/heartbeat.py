"""Heartbeats of a worker: until its jobs have ended, a thread renews their leases."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from studio.errors import StudioError
from studio.services.requests.job_tracker import DatabaseJobTracker

log = logging.getLogger(__name__)

HEARTBEAT_INTERVAL_SECONDS = 3.0
"""Seconds between the heartbeats of a job that has not ended."""


class HeartbeatThread:
    """Sends the heartbeats of whatever is being rendered or finished.

    One daemon thread serves all jobs of a process: starting one for each job would cost a
    millisecond a job.
    """

    def __init__(self, check: Callable[[], None]) -> None:
        """`check` raises a StudioError, which stops the heartbeats, when nothing can be rendered."""
        self._lock = threading.Lock()
        self._tracked: list[DatabaseJobTracker] = []
        self._check = check
        start_periodic_thread("heartbeat", HEARTBEAT_INTERVAL_SECONDS, self._send_heartbeat)

    @contextmanager
    def tracking(self, tracker: DatabaseJobTracker) -> Iterator[None]:
        """Sends heartbeats for the jobs of `tracker` while the context is active."""
        with self._lock:
            self._tracked.append(tracker)
        try:
            yield
        finally:
            with self._lock:
                self._tracked.remove(tracker)

    @property
    def tracked(self) -> tuple[DatabaseJobTracker, ...]:
        """The trackers of the jobs that have not ended."""
        with self._lock:
            return tuple(self._tracked)

    def _send_heartbeat(self) -> None:
        tracked = self.tracked
        if tracked:
            self._check()
        for tracker in tracked:
            tracker.heartbeat()


def start_periodic_thread(name: str, interval_seconds: float, action: Callable[[], None]) -> None:
    """Runs `action` in a daemon thread every `interval_seconds`, first after one interval.

    An action that raises is logged, and runs again after the next interval.
    """
    args = (interval_seconds, action)
    threading.Thread(target=_run_periodically, args=args, name=name, daemon=True).start()


def _run_periodically(interval_seconds: float, action: Callable[[], None]) -> None:
    name = threading.current_thread().name
    while True:
        time.sleep(interval_seconds)
        try:
            action()
        except StudioError as error:
            log.warning("%s failed, retrying: %s", name, error)
        except Exception:
            log.exception("%s failed, retrying", name)
