"""Background tasks: long operations with progress and cancellation, listed on every page."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import pairwise
from statistics import median
from typing import Literal

from studio.errors import InvalidInputError, JobCancelledError, StudioError, public_message
from studio.messages import Message, message

log = logging.getLogger(__name__)
ProgressCallback = Callable[[int, int], None]
"""Called with how many items of how many are done; raises JobCancelledError once the task is
cancelled."""
TaskFunction = Callable[[ProgressCallback], object]
TaskKind = Literal["robustness", "regression", "blind_test", "study", "sweep", "run"]
State = Literal["running", "done", "failed", "stopped"]

MAX_FINISHED_TASKS = 50
"""Finished tasks that stay listed."""
PACE_ITEMS = 10
"""The latest items whose median duration gives the remaining time."""
MIN_ITEM_SECONDS = 0.1
"""An item that took less was cached and says nothing about the others."""


@dataclass(frozen=True)
class About:
    """What a list of tasks shows of one.

    `subject` is the name of a theme, blind test or study. `version` is the theme's, where there is
    one. `page` is the URL path of the page that shows the task.
    """

    kind: TaskKind
    subject: str
    page: str
    version: int | None = None


@dataclass(frozen=True)
class TaskProgress:
    """How far a task is, and how it ended.

    `total` is 0 while the task is being prepared; `remaining_seconds` is None while unknown.
    """

    done: int = 0
    total: int = 0
    state: State = "running"
    message: Message | None = None
    stopping: bool = False
    remaining_seconds: float | None = None


@dataclass(frozen=True)
class BackgroundTask:
    """A task as it is at one moment."""

    name: str
    about: About
    started_at: datetime
    progress: TaskProgress


@dataclass
class _Entry:
    about: About
    started_at: datetime
    progress: TaskProgress = field(default_factory=TaskProgress)
    report_times: deque[float] = field(default_factory=lambda: deque(maxlen=PACE_ITEMS + 1))


class BackgroundTasks:
    """Runs each task in a thread of its own; only one of a name at a time. Thread-safe.

    `clock` gives monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: dict[str, _Entry] = {}

    def start(self, name: str, about: About, function: TaskFunction) -> None:
        """Starts a task and returns. Raises InvalidInputError when one of the name is running."""
        with self._lock:
            earlier = self._entries.pop(name, None)
            if earlier is not None and earlier.progress.state == "running":
                self._entries[name] = earlier
                raise InvalidInputError("request.already_running")
            self._entries[name] = _Entry(about, datetime.now(UTC))
            self._forget_oldest()
        threading.Thread(target=self._run, args=(name, function), name=name, daemon=True).start()

    def progress(self, name: str) -> TaskProgress | None:
        """None for a task that was not started in this process."""
        with self._lock:
            entry = self._entries.get(name)
            return None if entry is None else entry.progress

    def list_all(self) -> tuple[BackgroundTask, ...]:
        """The running tasks and the latest finished ones, newest first."""
        with self._lock:
            return tuple(
                BackgroundTask(name, entry.about, entry.started_at, entry.progress)
                for name, entry in reversed(self._entries.items())
            )

    def list_running(self) -> tuple[BackgroundTask, ...]:
        """The running tasks, newest first."""
        return tuple(task for task in self.list_all() if task.progress.state == "running")

    def cancel(self, name: str) -> None:
        """Cancels a task at its next item; what is done by then stays."""
        with self._lock:
            entry = self._entries.get(name)
            if entry is not None and entry.progress.state == "running":
                entry.progress = replace(entry.progress, stopping=True)

    def _forget_oldest(self) -> None:
        finished = [
            name for name, entry in self._entries.items() if entry.progress.state != "running"
        ]
        for name in finished[: max(0, len(finished) - MAX_FINISHED_TASKS)]:
            del self._entries[name]

    def _run(self, name: str, function: TaskFunction) -> None:
        try:
            function(lambda done, total: self._report(name, done, total))
            self._finish(name, "done")
        except JobCancelledError:
            self._finish(name, "stopped")
        except StudioError as error:
            log.warning("%s failed: %s", name, error)
            self._finish(name, "failed", public_message(error))
        except Exception:
            log.exception("%s failed", name)
            self._finish(name, "failed", message("request.failed_unexpectedly"))

    def _report(self, name: str, done: int, total: int) -> None:
        with self._lock:
            entry = self._entries[name]
            if entry.progress.stopping:
                raise JobCancelledError("request.task_stopped", name=name)
            entry.report_times.append(self._clock())
            durations = [after - before for before, after in pairwise(entry.report_times)]
            rendered = [seconds for seconds in durations if seconds >= MIN_ITEM_SECONDS]
            remaining = median(rendered) * (total - done) if rendered else None
            entry.progress = TaskProgress(done, total, remaining_seconds=remaining)

    def _finish(self, name: str, state: State, error: Message | None = None) -> None:
        with self._lock:
            entry = self._entries[name]
            entry.progress = replace(
                entry.progress, state=state, message=error, stopping=False, remaining_seconds=None
            )
