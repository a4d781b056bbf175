"""The finisher: a small pool of threads in which everything after rendering happens.

PNG encoding, output moderation, writes to the store, and events of a job's end: none of it needs
the device, so none of it holds up the render queue.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable

from studio.recipes.themes.preset import Slot

log = logging.getLogger(__name__)
FinishTask = Callable[[], object]
MAX_UNFINISHED = 8
"""Rendered images that may wait for their finish; beyond, rendering waits, since RAM is limited."""
MAX_THREADS = 4
WAIT_SECONDS = 1.0
"""Seconds between two reports that a thread still waits for the finisher."""


def finisher_threads(cores: int) -> int:
    """Threads of the finisher on a machine with so many cores.

    Two at least: one may wait for a moderation webhook or a store that is away.
    """
    return min(MAX_THREADS, max(2, cores // 2))


def job_key(request_id: str, slot: Slot) -> Hashable:
    """The key of a job's tasks."""
    return request_id, slot


class Finisher:
    """Runs tasks in a few threads: those of one key one after another in the order in which they
    came, those of different keys at the same time.

    A task that raises is logged, and its thread goes on.
    """

    def __init__(
        self,
        threads: int,
        capacity: int = MAX_UNFINISHED,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Args:
        threads: number of threads.
        capacity: number of images that may be in the finisher (`submit_image`).
        clock: monotonic seconds, for `stalled_seconds`.
        """
        self._clock = clock
        self._changed = threading.Condition()
        self._tasks: dict[Hashable, deque[FinishTask]] = {}
        """What waits, by key; a key whose task runs stays in here until that has ended."""
        self._ready: deque[Hashable] = deque()
        """Keys with a task, of which none runs."""
        self._capacity = threading.Semaphore(capacity)
        self._progress_at: dict[int, float] = {}
        self._is_closing = False
        self._threads = [
            threading.Thread(target=self._work, name=f"finisher-{number}", daemon=True)
            for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, key: Hashable, task: FinishTask) -> None:
        """Queues a task behind the others of its key; returns at once."""
        with self._changed:
            if key in self._tasks:
                self._tasks[key].append(task)
                return
            self._tasks[key] = deque([task])
            self._ready.append(key)
            self._changed.notify_all()

    def submit_image(self, key: Hashable, task: FinishTask, on_wait: FinishTask) -> None:
        """Queues a task that holds a rendered image, as soon as there is room for one more.

        `on_wait` is called each second until then.
        """
        while not self._capacity.acquire(timeout=WAIT_SECONDS):
            on_wait()

        def finish() -> None:
            try:
                task()
            finally:
                self._capacity.release()

        self.submit(key, finish)

    def wait_until_idle(self, on_wait: FinishTask) -> None:
        """Waits until no task is left; `on_wait` is called each second until then."""
        while not self.is_idle_within(WAIT_SECONDS):
            on_wait()

    def is_idle_within(self, timeout_seconds: float) -> bool:
        """Waits until no task is left; False when the timeout has passed first."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._tasks, timeout_seconds)

    def shutdown(self) -> None:
        """Waits until all tasks have run, then ends the threads."""
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def touch(self) -> None:
        """Reports progress of the task that runs in this thread: it does not count as stalled."""
        thread = threading.get_ident()
        if thread in self._progress_at:
            self._progress_at[thread] = self._clock()

    @property
    def is_alive(self) -> bool:
        """Whether every thread runs, or has been told to end."""
        return self._is_closing or all(thread.is_alive() for thread in self._threads)

    @property
    def stalled_seconds(self) -> float:
        """Seconds since the slowest running task started or last reported progress; 0 for none."""
        now = self._clock()
        return max((now - since for since in tuple(self._progress_at.values())), default=0.0)

    def _work(self) -> None:
        thread = threading.get_ident()
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._ready or self._is_closing)
                if not self._ready:
                    return  # What another thread still runs, and what comes after it, is its own.
                key = self._ready.popleft()
                task = self._tasks[key].popleft()
            self._progress_at[thread] = self._clock()
            try:
                task()
            except BaseException:  # The thread must survive whatever a task raises.
                log.exception("a task of %s failed", threading.current_thread().name)
            finally:
                del self._progress_at[thread]
            del task  # Otherwise its image stays in memory until the next task comes.
            self._finish(key)

    def _finish(self, key: Hashable) -> None:
        """After a task: the next of its key may run, or the key is forgotten."""
        with self._changed:
            if self._tasks[key]:
                self._ready.append(key)
            else:
                del self._tasks[key]
            self._changed.notify_all()
