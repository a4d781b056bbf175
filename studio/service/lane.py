"""A lane: one thread that owns one device and runs one job at a time, in order."""

import queue
import threading
from collections.abc import Callable

Task = Callable[[], object]


class Lane:
    """Runs tasks one after another. Tasks handle their own errors; none may raise."""

    def __init__(self, name: str = "lane-0") -> None:
        self._tasks: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def put(self, task: Task) -> None:
        self._tasks.put(task)

    def close(self) -> None:
        """Lets what is queued finish, then ends the thread."""
        self._tasks.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            task()
