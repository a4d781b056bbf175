"""The job tracker of clients' requests: states, leases and attempts in the job table."""

import threading

from studio.messages import Message, message
from studio.recipes.generation.events import (
    Event,
    JobCancelled,
    JobCompleted,
    JobFailed,
    JobQueued,
    ResultWithheld,
)
from studio.recipes.generation.job import GenerationRequest, Variant
from studio.recipes.serving.request_status import ACTIVE_STATES, JobState, JobStatus
from studio.recipes.themes.preset import Slot
from studio.services.metrics import Metrics
from studio.store.job_types import JobLease
from studio.store.jobs import JobStore
from studio.store.variants import VariantStore


class DatabaseJobTracker:
    """Records the state of a run's jobs in the job table (a `JobTracker`).

    A claim gives a ticket, which is the lease of one attempt. The table accepts an outcome only
    from the ticket of the latest attempt (compare-and-set), so a worker that was taken for dead
    changes nothing.
    """

    is_stored = True

    def __init__(
        self,
        store: JobStore,
        variants: VariantStore,
        request: GenerationRequest,
        metrics: Metrics,
    ) -> None:
        self._metrics, self._theme = metrics, request.preset.slug
        self._store, self._variants, self._request_id = store, variants, request.id
        self._tickets: dict[Slot, JobLease] = {}
        self._is_closed = False
        self._write_lock = threading.Lock()

    def claim(self, slot: Slot) -> bool:
        with self._write_lock:
            ticket = None if self._is_closed else self._store.queue.claim(self._request_id, slot)
            if ticket is None:
                return False
            self._tickets[slot] = ticket
        self._metrics.job_started(ticket.model, ticket.queued_seconds)
        return True

    def owns(self, slot: Slot) -> bool:
        ticket = self._tickets.get(slot)
        return ticket is not None and self._store.queue.is_lease_valid(ticket)

    def is_retry(self, slot: Slot) -> bool:
        ticket = self._tickets.get(slot)
        return ticket is not None and ticket.attempt > 1

    def end(self, slot: Slot, state: JobState, error: Message | None = None) -> bool:
        error_json = "" if error is None else error.to_json()
        with self._write_lock:
            ticket = self._tickets.get(slot)
            if ticket is None or not self._store.queue.complete(ticket, state, error_json):
                return False
        self._metrics.job_finished(self._theme, slot, state)
        return True

    def release_for_retry(self, slot: Slot, error: Message) -> bool:
        with self._write_lock:
            ticket = self._tickets.get(slot)
            return ticket is not None and self._store.queue.release_for_retry(
                ticket, error.to_json()
            )

    def close(self) -> None:
        """Requeues what was claimed and has not ended, without counting the attempt.

        From then on nothing is claimed here, and the result of a job that still runs is refused:
        the next claim has the same attempt number.

        Raises:
            StorageUnavailableError: the jobs then come back as those of a dead process do.
        """
        with self._write_lock:
            self._is_closed = True
            tickets = tuple(self._tickets.values())
            self._tickets.clear()
        for ticket in tickets:
            self._store.queue.requeue(ticket)

    def give_back(self, error: Message) -> None:
        """Releases all that was claimed and has not ended for another attempt."""
        for ticket in tuple(self._tickets.values()):
            self._store.queue.release_for_retry(ticket, error.to_json())

    def bypasses_moderation(self, slot: Slot) -> bool:
        ticket = self._tickets.get(slot)
        return ticket is not None and ticket.moderation_override

    def heartbeat(self) -> None:
        """Renews the leases of all claimed jobs."""
        for ticket in tuple(self._tickets.values()):
            self._store.queue.heartbeat(ticket)

    def is_terminal(self, slot: Slot) -> bool:
        """Whether the job has ended, in this process or in another."""
        jobs = self._store.requests.get_status(self._request_id).jobs
        return any(job.slot == slot and job.state not in ACTIVE_STATES for job in jobs)

    def terminal_event(self, slot: Slot) -> Event:
        status = self._store.requests.get_status(self._request_id)
        job = next(job for job in status.jobs if job.slot == slot)
        stored = self._variants.list_for_request(self._request_id)
        variants = {variant.slot: variant for variant in stored}
        return event_for_state(job, variants.get(slot), self._variants)


def event_for_state(job: JobStatus, variant: Variant | None, variants: VariantStore) -> Event:
    """The event that led to a job's state; `variant` is the job's result, if it has one."""
    if job.state == "done" and variant is not None:
        return JobCompleted(slot=job.slot, variant=variant, png=variants.png(variant))
    if job.state == "cancelled":
        return JobCancelled(slot=job.slot)
    if job.state == "withheld":
        return ResultWithheld(slot=job.slot, reason=job.error)
    if job.state in ACTIVE_STATES:
        return JobQueued(slot=job.slot)
    return JobFailed(slot=job.slot, message=job.error or message("image.missing"))
