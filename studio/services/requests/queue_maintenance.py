"""Upkeep of the job queue: startup, regular maintenance, liveness and readiness, shutdown."""

from datetime import UTC, datetime

from studio.recipes.serving.request_status import EventMessage
from studio.services.clock_jumps import ClockJumpDetector
from studio.services.requests.admission import QUEUE_TIMEOUT
from studio.services.requests.runner import JobRunner
from studio.store.job_queue import EXPIRED_MESSAGE
from studio.store.jobs import JobStore


class QueueMaintenance:
    """Keeps the job table and the runner in step, for as long as a server runs."""

    def __init__(
        self, jobs: JobStore, runner: JobRunner, clock: ClockJumpDetector | None = None
    ) -> None:
        """`clock` tells whether the wall clock has jumped; by default it reads the system's."""
        self._jobs, self._runner = jobs, runner
        self._clock = clock or ClockJumpDetector()

    def reserve(self, timeout_seconds: float) -> None:
        """Before `resume_interrupted`: where only one process may render, waits until no other
        does.

        Raises StoreInUseError when the timeout has passed.
        """
        self._runner.reserve(timeout_seconds)

    def resume_interrupted(self) -> int:
        """Continues at startup what a restart has interrupted. Returns the number of requests."""
        return self._runner.resume_interrupted()

    def run_maintenance(self) -> None:
        """Expires overdue jobs and requeues those without a live worker; to be called regularly.

        After a jump of the clock, or a gap in which maintenance could not run, queued jobs get a
        new deadline instead of expiring.

        Raises:
            WorkerHungError, DeviceLostError: this process can render no more.
            StoreInUseError: another process renders for the same database.
        """
        self.check()
        is_clock_steady = self._clock.is_steady()
        if is_clock_steady:
            self.expire_overdue()
        else:
            self._jobs.queue.extend(datetime.now(UTC) + QUEUE_TIMEOUT)
        self._runner.run_maintenance(is_clock_steady)
        self._clock.complete()

    def check(self) -> None:
        """Liveness: whether this process works, whatever the state of the services around it.

        Raises WorkerHungError, DeviceLostError.
        """
        self._runner.check()

    def check_ready(self) -> int:
        """Readiness: whether requests can be accepted now. Returns the number of queued jobs.

        Raises what `check` raises, and StorageUnavailableError while the database, the image store
        or the broker is away.
        """
        self.check()
        self._runner.check_ready()
        return self._jobs.stats.count_queued()

    def expire_overdue(self) -> int:
        """Ends jobs that were queued for too long. Returns their number."""
        overdue = self._jobs.queue.expire_overdue()
        for request_id, slots in overdue.items():
            events = [
                EventMessage(slot=slot, type="failed", is_terminal=True, error=EXPIRED_MESSAGE)
                for slot in slots
            ]
            self._runner.drop(request_id, events)
        return sum(map(len, overdue.values()))

    def release_jobs(self) -> None:
        """Before an orderly shutdown: gives running jobs back, so that another process takes
        them."""
        self._runner.release_jobs()
