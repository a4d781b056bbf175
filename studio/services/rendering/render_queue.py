"""A lane: one thread that runs one task at a time, the most urgent first."""

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
    """Whose tasks go first. Within one, what came first goes first."""

    INTERACTIVE = 0
    API = 1
    BACKGROUND = 2
    """Sweeps, robustness packs, regression sheets: whatever nobody is waiting for."""
    SHUTDOWN = 3


class RenderQueue:
    """Runs tasks one after another. A task that raises is logged, and the thread goes on."""

    def __init__(self, name: str = "lane-0", clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` gives seconds that never jump."""
        self._tasks: queue.PriorityQueue[tuple[Priority, int, int, RenderTask | None]]
        self._tasks = queue.PriorityQueue()
        self._numbers = count()
        self._clock = clock
        self._progress: float | None = None
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def submit(
        self, task: RenderTask, priority: Priority = Priority.INTERACTIVE, turn: int = 0
    ) -> None:
        """Within a priority, lower turns go first."""
        self._tasks.put((priority, turn, next(self._numbers), task))

    def close(self) -> None:
        """Lets what is queued finish, then ends the thread."""
        self._tasks.put((Priority.SHUTDOWN, 0, next(self._numbers), None))
        self._thread.join()

    @property
    def is_alive(self) -> bool:
        """Whether the thread still takes tasks."""
        return self._thread.is_alive()

    def touch(self) -> None:
        """Reports progress of the running task."""
        if self._progress is not None:
            self._progress = self._clock()

    @property
    def stalled_for(self) -> float:
        """Seconds since the running task began or last reported progress; 0 between tasks."""
        progress = self._progress
        return 0.0 if progress is None else self._clock() - progress

    def _work(self) -> None:
        while (task := self._tasks.get()[3]) is not None:
            self._progress = self._clock()
            try:
                task()
            except BaseException:  # The thread has to survive whatever a task raises.
                log.exception("a task of %s failed", threading.current_thread().name)
            finally:
                self._progress = None
            del task  # Else its pictures live until the next one comes.
