"""The render queue: a priority queue with one worker thread."""

import heapq
import logging
import threading
import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property
from itertools import count, islice

from studio.recipes.generation.job import RenderJob
from studio.recipes.generation.planning import batch_key
from studio.services.rendering.run import Run

log = logging.getLogger(__name__)
RenderTask = Callable[[], object]


def _do_nothing() -> None:
    pass


class Priority(IntEnum):
    """Whose tasks go first; within one priority and tier, first in, first out."""

    INTERACTIVE = 0
    """Operators on the studio page."""
    API = 1
    BACKGROUND = 2
    """Sweeps, robustness suites, regression suites: whatever nobody waits for."""


@dataclass(frozen=True, eq=False)
class QueuedJob:
    """A job of a run, as it waits in the queue."""

    run: Run
    job: RenderJob
    priority: Priority = Priority.INTERACTIVE
    tier: int = 0
    batch_size: int | None = None
    """How many jobs are to be rendered with it, itself included, where whoever queues them knows."""

    @cached_property
    def batch_key(self) -> Hashable:
        """The job's `batch_key`, computed once: a full queue asks for it again and again."""
        return batch_key(self.job)

    def may_join(self, other: "QueuedJob") -> bool:
        """Whether both may be rendered in one batch. They have one priority: nobody waits for a job
        that is less urgent."""
        return self.priority == other.priority and self.batch_key == other.batch_key


@dataclass(frozen=True, order=True)
class _Entry:
    """A task in the order in which it runs; `job` is None for one that renders no job of a run."""

    priority: Priority
    tier: int
    sequence: int
    task: RenderTask = field(compare=False)
    job: QueuedJob | None = field(compare=False)
    queued_at: float = field(compare=False)


class RenderQueue:
    """Runs tasks one after another. A task that raises is logged, and the thread goes on."""

    def __init__(self, name: str = "lane-0", clock: Callable[[], float] = time.monotonic) -> None:
        """`name` is the thread's; `clock` gives monotonic seconds."""
        self._changed = threading.Condition()
        self._entries: list[_Entry] = []
        self._sequence = count()
        self._clock = clock
        self._progress_at: float | None = None
        self._running_job: QueuedJob | None = None
        self._running_queued_at = 0.0
        self._is_closing = False
        self._before_end: Callable[[], object] = _do_nothing
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def submit(
        self, task: RenderTask, priority: Priority = Priority.INTERACTIVE, tier: int = 0
    ) -> None:
        """Enqueues a task. Within a priority, lower fair-share tiers go first."""
        with self._changed:
            self._push(task, None, priority, tier)
            self._changed.notify_all()

    def submit_jobs(self, jobs: Sequence[QueuedJob], render: Callable[[QueuedJob], object]) -> None:
        """Enqueues `render(job)` for each job, all of them before the first is taken."""
        with self._changed:
            for job in jobs:
                self._push(_bind(render, job), job, job.priority, job.tier)
            self._changed.notify_all()

    def _push(self, task: RenderTask, job: QueuedJob | None, priority: Priority, tier: int) -> None:
        entry = _Entry(priority, tier, next(self._sequence), task, job, self._clock())
        heapq.heappush(self._entries, entry)

    def take_jobs(
        self, matches: Callable[[QueuedJob], bool], limit: int, window_seconds: float
    ) -> list[QueuedJob]:
        """Takes up to `limit` queued jobs out of the queue, in their order: the running task renders
        them, too.

        While there are fewer it waits for more, until `window_seconds` after the running task was
        queued.
        """
        with self._changed:
            remaining = self._running_queued_at + window_seconds - self._clock()
            if remaining > 0:
                self._changed.wait_for(
                    lambda: len(self._matching(matches, limit)) >= limit,
                    min(remaining, window_seconds),
                )
            taken = self._matching(matches, limit)
            self._entries = [entry for entry in self._entries if entry not in taken]
            heapq.heapify(self._entries)
        return [entry.job for entry in taken if entry.job is not None]

    def _matching(self, matches: Callable[[QueuedJob], bool], limit: int) -> list[_Entry]:
        found = (entry for entry in sorted(self._entries) if entry.job and matches(entry.job))
        return list(islice(found, limit))

    def upcoming_jobs(self, limit: int) -> tuple[QueuedJob, ...]:
        """The jobs among the next `limit` tasks, first the one that runs next."""
        with self._changed:
            entries = heapq.nsmallest(limit, self._entries)
        return tuple(entry.job for entry in entries if entry.job is not None)

    @property
    def running_job(self) -> QueuedJob | None:
        """The job of the task that runs now; None for one that renders no job of a run."""
        return self._running_job

    def wait_for_next(self, previous: QueuedJob | None) -> QueuedJob | None:
        """Waits until a job other than `previous` runs next, behind a task that runs now.

        None when the queue is shut down.
        """

        def next_job() -> QueuedJob | None:
            if self._progress_at is None or not self._entries:
                return None
            return self._entries[0].job

        def has_next() -> bool:
            return (job := next_job()) is not None and job is not previous

        with self._changed:
            self._changed.wait_for(lambda: self._is_closing or has_next())
            return None if self._is_closing else next_job()

    def shutdown(self, before_end: Callable[[], object] = _do_nothing) -> None:
        """Waits until all queued tasks have run, then ends the thread.

        `before_end` is called once in the thread when none is left: what is queued meanwhile runs,
        too.
        """
        with self._changed:
            self._before_end, self._is_closing = before_end, True
            self._changed.notify_all()
        self._thread.join()

    @property
    def is_alive(self) -> bool:
        """Whether the worker thread runs, or has been told to end."""
        return self._is_closing or self._thread.is_alive()

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
        self._run_tasks()
        self._before_end()
        self._run_tasks()

    def _run_tasks(self) -> None:
        """Runs tasks until the queue is shut down and empty."""
        while (task := self._next_task()) is not None:
            try:
                task()
            except BaseException:  # The thread must survive whatever a task raises.
                log.exception("a task of %s failed", threading.current_thread().name)
            finally:
                self._progress_at = self._running_job = None
            del task  # Otherwise its images stay in memory until the next task comes.

    def _next_task(self) -> RenderTask | None:
        """Waits for the next task; None once the queue is shut down and empty."""
        with self._changed:
            self._changed.wait_for(lambda: self._entries or self._is_closing)
            if not self._entries:
                return None
            entry = heapq.heappop(self._entries)
            self._progress_at = self._clock()
            self._running_job, self._running_queued_at = entry.job, entry.queued_at
            self._changed.notify_all()  # Another job is the next now.
            return entry.task


def _bind(render: Callable[[QueuedJob], object], job: QueuedJob) -> RenderTask:
    return lambda: render(job)
