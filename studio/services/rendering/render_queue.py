"""The render queue: a priority queue with one worker thread."""

import logging
import queue
import threading
import time
from collections.abc import Callable
from enum import IntEnum
from itertools import count

log = logging.getLogger(__name__)
RenderTask = Callable[[], object]


class Priority(IntEnum):
    """Whose tasks go first; within one priority and tier, first in, first out."""

    INTERACTIVE = 0
    """Operators on the studio page."""
    API = 1
    BACKGROUND = 2
    """Sweeps, robustness suites, regression suites: whatever nobody waits for."""
    SHUTDOWN = 3


class RenderQueue:
    """Runs tasks one after another. A task that raises is logged, and the thread goes on."""

    def __init__(self, name: str = "lane-0", clock: Callable[[], float] = time.monotonic) -> None:
        """`name` is the thread's; `clock` gives monotonic seconds."""
        self._tasks: queue.PriorityQueue[tuple[Priority, int, int, RenderTask | None]]
        self._tasks = queue.PriorityQueue()
        self._sequence = count()
        self._clock = clock
        self._progress_at: float | None = None
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def submit(
        self, task: RenderTask, priority: Priority = Priority.INTERACTIVE, tier: int = 0
    ) -> None:
        """Enqueues a task. Within a priority, lower fair-share tiers go first."""
        self._tasks.put((priority, tier, next(self._sequence), task))

    def shutdown(self) -> None:
        """Waits until all queued tasks have run, then ends the thread."""
        self._tasks.put((Priority.SHUTDOWN, 0, next(self._sequence), None))
        self._thread.join()

    @property
    def is_alive(self) -> bool:
        """Whether the worker thread still takes tasks."""
        return self._thread.is_alive()

    def touch(self) -> None:
        """Reports progress of the running task, which then does not count as stalled."""
        if self._progress_at is not None:
            self._progress_at = self._clock()

    @property
    def stalled_seconds(self) -> float:
        """Seconds since the running task started or last reported progress; 0 between tasks."""
        progress_at = self._progress_at
        return 0.0 if progress_at is None else self._clock() - progress_at

    def _work(self) -> None:
        while (task := self._tasks.get()[3]) is not None:
            self._progress_at = self._clock()
            try:
                task()
            except BaseException:  # The thread must survive whatever a task raises.
                log.exception("a task of %s failed", threading.current_thread().name)
            finally:
                self._progress_at = None
            del task  # Otherwise its images stay in memory until the next task comes.
