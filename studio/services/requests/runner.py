"""Who draws what clients ask for: this process, or a fleet that pulls from a queue."""

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
from studio.store.job_types import UnclaimedJobs
from studio.store.jobs import JobStore
from studio.store.locks import ServerLock
from studio.store.variants import VariantStore

DEFAULT_JOB_TIMEOUT = 600.0
"""Seconds a job may take where no setting says."""
HARD_TIMEOUT_GRACE = 30.0
"""Seconds beyond the limit that an engine watches itself, until whoever draws is ended."""
UNSENT = timedelta(seconds=30)
"""Open for so long in the job table, and known to nobody who could draw it, a job is lost."""


def hard_timeout_seconds(job_seconds: float | None) -> int:
    """Seconds after which a job's drawer is taken to hang."""
    return round((job_seconds or DEFAULT_JOB_TIMEOUT) + HARD_TIMEOUT_GRACE)


class JobRunner(Protocol):
    """Draws the jobs of requests; the job table says which are still to be had."""

    def recover(self) -> int:
        """Goes on, at a start, with what a restart broke off; tells with how many requests."""
        ...

    def reserve(self, seconds: float) -> None:
        """Before `recover`: makes sure, and waits so long for it, that nobody else draws where only one
        may. Raises StoreInUseError."""
        ...

    def run_maintenance(self, is_even: bool = True) -> None:
        """To be called now and then: sees to jobs whose drawer died, or hangs. Not `is_even`: signs of
        life cannot be judged by the clock for now.

        Raises LaneHung, DeviceLostError, StoreInUseError, StoreUnavailable.
        """
        ...

    def check(self) -> None:
        """Whether this process can do its part. Raises LaneHung, DeviceLostError."""
        ...

    def check_ready(self) -> None:
        """Whether jobs can be handed over. Raises StoreUnavailable."""
        ...

    def let_go(self) -> None:
        """Breaks off what this process draws, before it ends in good order: others go on with it."""
        ...

    def enqueue(self, request: GenerationRequest, slots: Sequence[Slot], turn: int = 0) -> None:
        """Has these jobs drawn, and returns at once; lower turns go first."""
        ...

    def cancel(self, request_id: str, queued: Sequence[Slot]) -> None:
        """After jobs were cancelled in the table, of which `queued` had not begun."""
        ...

    def drop(self, request_id: str, ends: Sequence[EventMessage]) -> None:
        """After jobs that had not begun have ended so in the table; the others go on."""
        ...

    def events_since(self, request_id: str, number: int) -> tuple[EventMessage, ...] | None:
        """What happened from the event of this number on; None where that is not known any more."""
        ...

    def publish_terminal(self, request_id: str, ends: Sequence[EventMessage]) -> None:
        """Tells the ends of jobs that whoever drew them died before telling."""
        ...

    def is_finished(self, request_id: str) -> bool:
        """Whether nothing more will be told of a request."""
        ...


class LocalRunner:
    """Draws in this process's lane."""

    def __init__(
        self,
        rendering: RenderService,
        jobs: JobStore,
        variants: VariantStore,
        lock: ServerLock,
        job_seconds: float | None = None,
    ) -> None:
        self._rendering, self._jobs, self._variants = rendering, jobs, variants
        self._lock, self._limit = lock, hard_timeout_seconds(job_seconds)

    def reserve(self, seconds: float) -> None:
        """This process takes what is running in the job table for its own, so it must be the only one."""
        self._lock.acquire(seconds)

    def recover(self) -> int:
        """What was running before a start is nobody's now."""
        self._jobs.queue.requeue_stale()
        return self._enqueue_all(self._jobs.queue.list_queued())

    def run_maintenance(self, is_even: bool = True) -> None:
        """A thread that hangs in a library's code cannot be ended, but its process can. What the table
        has as open, and no run of this process knows, is begun anew."""
        self.check()
        self._lock.check()
        if not is_even:
            return
        runs = self._rendering.active_runs()
        known = {(run.request.id, slot) for run in runs for slot in run.pending_slots}
        found: dict[str, UnclaimedJobs] = {}
        for left in (
            *self._jobs.queue.requeue_stale(UNSENT, known),
            *self._jobs.queue.list_queued(UNSENT),
        ):
            lost = {each for each in left.slots if (left.request_id, each) not in known}
            lost |= set(found[left.request_id].slots) if left.request_id in found else set()
            found[left.request_id] = replace(left, slots=tuple(sorted(lost)))
        self._enqueue_all([left for left in found.values() if left.slots])

    def check(self) -> None:
        self._rendering.check(self._limit)

    def check_ready(self) -> None:
        if error := self._rendering.store_error:
            raise copy(error)

    def let_go(self) -> None:
        """The attempts are not counted, but for those of a process that hangs or lost its device."""
        try:
            self.check()
        except (WorkerHungError, DeviceLostError):
            return
        self._rendering.let_go()

    def _enqueue_all(self, found: Sequence[UnclaimedJobs]) -> int:
        for left in found:
            self.enqueue(self._jobs.requests.get(left.request_id), left.slots, left.fair_share_tier)
        return len(found)

    def enqueue(self, request: GenerationRequest, slots: Sequence[Slot], turn: int = 0) -> None:
        """Jobs of a request that is followed here join its run, whose events go on being numbered."""
        try:
            run = self._rendering.run(request.id)
        except NotFoundError:
            pass
        else:
            self._rendering.resume(run, slots, Priority.API, turn)
            return
        ledger = DatabaseJobTracker(self._jobs, self._variants, request, self._rendering.metrics)
        self._rendering.start(request, Priority.API, ledger, slots, turn)

    def cancel(self, request_id: str, queued: Sequence[Slot]) -> None:
        self._rendering.cancel(request_id)

    def drop(self, request_id: str, ends: Sequence[EventMessage]) -> None:
        self._rendering.drop(request_id, [end.slot for end in ends])

    def events_since(self, request_id: str, number: int) -> tuple[EventMessage, ...] | None:
        try:
            run = self._rendering.run(request_id)
        except NotFoundError:
            return None
        return tuple(map(to_event_message, run.events_from(number)))

    def publish_terminal(self, request_id: str, ends: Sequence[EventMessage]) -> None:
        """This process tells what it draws."""

    def is_finished(self, request_id: str) -> bool:
        try:
            return not self._rendering.run(request_id).pending_slots
        except NotFoundError:
            return True
