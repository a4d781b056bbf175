"""Heartbeats are sent while a job is tracked, and only while the process can render."""

import threading
from typing import Any

import pytest

from studio.errors import StorageUnavailableError, WorkerHungError
from studio.worker import heartbeat
from studio.worker.heartbeat import HeartbeatThread
from tests.waiting import LONG, until


class Tracker:
    """Counts heartbeats; the first one fails, as when the database is away."""

    def __init__(self) -> None:
        self.attempts = self.heartbeats = 0

    def heartbeat(self) -> None:
        self.attempts += 1
        if self.attempts == 1:
            raise StorageUnavailableError("storage.database_busy", database="studio.db")
        self.heartbeats += 1


@pytest.fixture(autouse=True)
def short_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "HEARTBEAT_INTERVAL_SECONDS", 0.01)


def test_heartbeats_continue_after_a_failure_while_a_job_is_tracked() -> None:
    tracker: Any = Tracker()
    thread = HeartbeatThread(lambda: None)
    with thread.tracking(tracker):
        until(lambda: tracker.heartbeats >= 2)


def test_no_heartbeat_is_sent_once_the_process_cannot_render() -> None:
    tracker: Any = Tracker()
    checked = threading.Semaphore(0)

    def check() -> None:
        checked.release()
        raise WorkerHungError("engine.job_hangs")

    with HeartbeatThread(check).tracking(tracker):
        assert all(checked.acquire(timeout=LONG) for _ in range(3))
        assert tracker.attempts == 0
