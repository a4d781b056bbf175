"""The runs of this process: those that go on, and the latest finished ones."""

import threading

from studio.errors import NotFoundError
from studio.services.rendering.run import Run

MAX_FINISHED_RUNS = 12
"""Finished runs whose events can still be followed from the first."""


class RunRegistry:
    """Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._runs: dict[str, Run] = {}
        self._active: dict[Run, None] = {}
        self._finished: dict[str, None] = {}
        """In the order of completion."""

    def add(self, run: Run) -> None:
        """A run that begins, or one of which jobs are wanted once more."""
        with self._lock:
            self._runs[run.request.id] = run
            self._active[run] = None

    def find(self, request_id: str) -> Run | None:
        """The run of a request; None where it is not known, or not any more."""
        return self._runs.get(request_id)

    def get(self, request_id: str) -> Run:
        """As `find`. Raises NotFoundError."""
        if (run := self.find(request_id)) is None:
            raise NotFoundError("history.run_not_found", id=request_id[:8])
        return run

    @property
    def active(self) -> tuple[Run, ...]:
        """The runs with jobs that have not ended, oldest first."""
        with self._lock:
            runs = tuple(self._active)
        return tuple(run for run in runs if not run.is_finished)

    @property
    def recent(self) -> tuple[Run, ...]:
        """The runs that go on and the latest finished ones, oldest first."""
        with self._lock:
            return tuple(self._runs.values())

    def remove(self, run: Run) -> None:
        """Forgets a run that another process goes on with."""
        with self._lock:
            self._runs.pop(run.request.id, None)
            self._active.pop(run, None)

    def finish(self, finished: Run) -> None:
        """Forgets the oldest finished runs, in the order of completion."""
        with self._lock:
            if not finished.is_finished:
                return  # A job of it was wanted once more meanwhile.
            self._active.pop(finished, None)
            self._finished.pop(finished.request.id, None)
            self._finished[finished.request.id] = None
            while len(self._finished) > MAX_FINISHED_RUNS:
                oldest = next(iter(self._finished))
                del self._finished[oldest]
                # A run may have pending jobs again, where one of them was wanted once more.
                if oldest in self._runs and self._runs[oldest].is_finished:
                    del self._runs[oldest]
