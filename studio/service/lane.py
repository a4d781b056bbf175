"""A lane: one thread that owns one device and runs one job at a time, the most urgent first."""

import queue
import threading
from collections.abc import Callable
from enum import IntEnum
from itertools import count

Task = Callable[[], object]


class Priority(IntEnum):
    """Whose tasks go first. Within one, what came first goes first."""

    OPERATOR = 0
    LIVE = 1
    BULK = 2
    """Sweeps, robustness packs, regression sheets: whatever nobody is waiting for."""
    LAST = 3


class Lane:
    """Runs tasks one after another. Tasks handle their own errors; none may raise."""

    def __init__(self, name: str = "lane-0") -> None:
        self._tasks: queue.PriorityQueue[tuple[Priority, int, int, Task | None]]
        self._tasks = queue.PriorityQueue()
        self._numbers = count()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def put(self, task: Task, priority: Priority = Priority.OPERATOR, turn: int = 0) -> None:
        """Within a priority, lower turns go first."""
        self._tasks.put((priority, turn, next(self._numbers), task))

    def close(self) -> None:
        """Lets what is queued finish, then ends the thread."""
        self._tasks.put((Priority.LAST, 0, next(self._numbers), None))
        self._thread.join()

    def _work(self) -> None:
        while (task := self._tasks.get()[3]) is not None:
            task()
