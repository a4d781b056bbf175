"""Job runners: who renders the jobs of clients' requests, this process or Celery workers."""

from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from datetime import timedelta
from typing import Protocol

from studio.errors import DeviceLostError, NotFoundError, WorkerHungError
from studio.recipes.generation.job import GenerationRequest
from studio.recipes.serving.request_status import EventMessage, to_event_message
from studio.recipes.themes.preset import Slot
from studio.services.rendering.render_queue import Priority
from studio.services.rendering.render_service import RenderService
from studio.services.requests.job_tracker import DatabaseJobTracker
from studio.services.requests.queued_requests import load_queued
from studio.store.job_types import UnclaimedJobs
from studio.store.jobs import JobStore
from studio.store.locks import ServerLock
from studio.store.variants import VariantStore

DEFAULT_JOB_TIMEOUT = 600.0
"""Seconds that a job may take where no setting limits it."""
HARD_TIMEOUT_GRACE = 30.0
"""Seconds beyond the engine's own limit until the process that renders is ended."""
RESEND_AFTER = timedelta(seconds=30)
"""A job that is queued for so long in the job table, and unknown to every worker, is lost."""


def hard_timeout_seconds(job_timeout_seconds: float | None, renders: int = 1) -> int:
    """Seconds after which whoever renders so many jobs, one after another, is taken to hang."""
    return round(renders * (job_timeout_seconds or DEFAULT_JOB_TIMEOUT) + HARD_TIMEOUT_GRACE)


class JobRunner(Protocol):
    """Renders the jobs of requests; the job table says which are still to be done."""

    def resume_interrupted(self) -> int:
        """Continues at startup what a restart has interrupted. Returns the number of requests."""
        ...

    def reserve(self, timeout_seconds: float) -> None:
        """Before `resume_interrupted`: where only one process may render, waits until no other
        does.

        Raises StoreInUseError when the timeout has passed.
        """
        ...

    def run_maintenance(self, is_clock_steady: bool = True) -> None:
        """Requeues jobs whose worker has died or hangs; to be called regularly.

        Not `is_clock_steady`: the wall clock has jumped, so heartbeats cannot be judged for now.

        Raises WorkerHungError, DeviceLostError, StoreInUseError, StorageUnavailableError.
        """
        ...

    def check(self) -> None:
        """Liveness: whether this process can do its part.

        Raises WorkerHungError, DeviceLostError.
        """
        ...

    def check_ready(self) -> None:
        """Readiness: whether jobs can be enqueued. Raises StorageUnavailableError."""
        ...

    def release_jobs(self) -> None:
        """Before an orderly shutdown: gives running jobs back, so that another process takes
        them."""
        ...

    def enqueue(self, request: GenerationRequest, slots: Sequence[Slot], tier: int = 0) -> None:
        """Enqueues these jobs and returns at once; lower fair-share tiers (0 to 3) go first."""
        ...

    def cancel(self, request_id: str, queued: Sequence[Slot]) -> None:
        """After jobs were cancelled in the table, of which `queued` had not started."""
        ...

    def drop(self, request_id: str, events: Sequence[EventMessage]) -> None:
        """After jobs that had not started have ended in the table with these events; the request's
        other jobs go on."""
        ...

    def events_since(self, request_id: str, sequence: int) -> tuple[EventMessage, ...] | None:
        """The events from this sequence number on; None where they are not known any more."""
        ...

    def publish_terminal(self, request_id: str, events: Sequence[EventMessage]) -> None:
        """Publishes terminal events of jobs whose worker died before it could."""
        ...

    def is_finished(self, request_id: str) -> bool:
        """Whether no more events of a request will come."""
        ...


class LocalRunner:
    """The `JobRunner` that renders in this process, through its render queue."""

    def __init__(
        self,
        rendering: RenderService,
        jobs: JobStore,
        variants: VariantStore,
        lock: ServerLock,
        job_timeout_seconds: float | None = None,
    ) -> None:
        self._rendering, self._jobs, self._variants = rendering, jobs, variants
        self._lock, self._hard_timeout = lock, hard_timeout_seconds(job_timeout_seconds)

    def reserve(self, timeout_seconds: float) -> None:
        """Takes the server lock: this process treats every running job in the table as its own, so
        it must be the only one."""
        self._lock.acquire(timeout_seconds)

    def resume_interrupted(self) -> int:
        """Requeues every running job: before startup nobody is left to finish it."""
        self._jobs.queue.requeue_stale()
        return self._enqueue_all(self._jobs.queue.list_queued())

    def run_maintenance(self, is_clock_steady: bool = True) -> None:
        """Enqueues again what is queued or running in the table and unknown to every run here.

        A thread that hangs in a library's code cannot be ended, but its process can: see `check`.
        """
        self.check()
        self._lock.check()
        if not is_clock_steady:
            return
        runs = self._rendering.active_runs()
        known = {(run.request.id, slot) for run in runs for slot in run.pending_slots}
        lost: dict[str, UnclaimedJobs] = {}
        stale = self._jobs.queue.requeue_stale(RESEND_AFTER, known)
        for unclaimed in (*stale, *self._jobs.queue.list_queued(RESEND_AFTER)):
            request_id = unclaimed.request_id
            slots = {slot for slot in unclaimed.slots if (request_id, slot) not in known}
            slots |= set(lost[request_id].slots) if request_id in lost else set()
            lost[request_id] = replace(unclaimed, slots=tuple(sorted(slots)))
        self._enqueue_all([unclaimed for unclaimed in lost.values() if unclaimed.slots])

    def check(self) -> None:
        self._rendering.check(self._hard_timeout)

    def check_ready(self) -> None:
        if error := self._rendering.store_error:
            raise copy(error)

    def release_jobs(self) -> None:
        """The attempts are not counted, except when this process hangs or has lost its device."""
        try:
            self.check()
        except (WorkerHungError, DeviceLostError):
            return
        self._rendering.release_jobs()

    def _enqueue_all(self, unclaimed_jobs: Sequence[UnclaimedJobs]) -> int:
        for unclaimed in unclaimed_jobs:
            queued = load_queued(self._jobs, unclaimed.request_id, unclaimed.slots)
            self.drop(unclaimed.request_id, queued.failed)
            if queued.request is not None:
                self.enqueue(queued.request, queued.slots, unclaimed.fair_share_tier)
        return len(unclaimed_jobs)

    def enqueue(self, request: GenerationRequest, slots: Sequence[Slot], tier: int = 0) -> None:
        """Where the request has a run here, its jobs join it, so that event numbers continue."""
        try:
            run = self._rendering.run(request.id)
        except NotFoundError:
            pass
        else:
            self._rendering.resume(run, slots, Priority.API, tier)
            return
        tracker = DatabaseJobTracker(self._jobs, self._variants, request, self._rendering.metrics)
        self._rendering.start(request, Priority.API, tracker, slots, tier)

    def cancel(self, request_id: str, queued: Sequence[Slot]) -> None:
        self._rendering.cancel(request_id)

    def drop(self, request_id: str, events: Sequence[EventMessage]) -> None:
        self._rendering.drop(request_id, [event.slot for event in events])

    def events_since(self, request_id: str, sequence: int) -> tuple[EventMessage, ...] | None:
        """Whoever asks counts as a listener, for whom previews are made."""
        try:
            run = self._rendering.run(request_id)
        except NotFoundError:
            return None
        run.listen()
        return tuple(map(to_event_message, run.events_from(sequence)))

    def publish_terminal(self, request_id: str, events: Sequence[EventMessage]) -> None:
        """Does nothing: this process publishes the events of what it renders itself."""

    def is_finished(self, request_id: str) -> bool:
        try:
            return not self._rendering.run(request_id).pending_slots
        except NotFoundError:
            return True
