"""The account of a run that a client asked for: kept in the job table."""

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
from studio.store.job_types import Ticket
from studio.store.jobs import JobStore
from studio.store.variants import VariantStore


class DatabaseJobTracker:
    """Keeps a run's jobs in the job table."""

    is_stored = True

    def __init__(
        self,
        store: JobStore,
        variants: VariantStore,
        request: GenerationRequest,
        metrics: Metrics,
    ) -> None:
        self._metrics, self._theme = metrics, request.preset.slug
        self._store, self._variants, self._id = store, variants, request.id
        self._tickets: dict[Slot, Ticket] = {}
        self._is_closed = False
        self._writing = threading.Lock()

    def claim(self, slot: Slot) -> bool:
        with self._writing:
            ticket = None if self._is_closed else self._store.claim(self._id, slot)
            if ticket is None:
                return False
            self._tickets[slot] = ticket
        self._metrics.job_started(ticket.model, ticket.queued_seconds)
        return True

    def owns(self, slot: Slot) -> bool:
        ticket = self._tickets.get(slot)
        return ticket is not None and self._store.is_lease_valid(ticket)

    def end(self, slot: Slot, state: JobState, error: Message | None = None) -> bool:
        told = "" if error is None else error.to_json()
        with self._writing:
            ticket = self._tickets.get(slot)
            if ticket is None or not self._store.complete(ticket, state, told):
                return False
        self._metrics.job_finished(self._theme, slot, state)
        return True

    def release_for_retry(self, slot: Slot, error: Message) -> bool:
        with self._writing:
            ticket = self._tickets.get(slot)
            return ticket is not None and self._store.release_for_retry(ticket, error.to_json())

    def close(self) -> None:
        """Queues again, uncounted, what was claimed and has not ended. From then on nothing is claimed
        here, and nothing that is still drawn counts: the next claim has the same number.

        Raises StoreUnavailable; the jobs then come back as those of a dead process do.
        """
        with self._writing:
            self._is_closed = True
            tickets = tuple(self._tickets.values())
            self._tickets.clear()
        for ticket in tickets:
            self._store.requeue(ticket)

    def give_back(self, error: Message) -> None:
        """Queues again all that was claimed and has not ended."""
        for ticket in tuple(self._tickets.values()):
            self._store.release_for_retry(ticket, error.to_json())

    def bypasses_moderation(self, slot: Slot) -> bool:
        ticket = self._tickets.get(slot)
        return ticket is not None and ticket.moderation_override

    def heartbeat(self) -> None:
        """A sign of life for what was claimed."""
        for ticket in tuple(self._tickets.values()):
            self._store.heartbeat(ticket)

    def is_terminal(self, slot: Slot) -> bool:
        """Whether the job has ended, whoever ended it."""
        jobs = self._store.get_status(self._id).jobs
        return any(job.slot == slot and job.state not in ACTIVE_STATES for job in jobs)

    def terminal_event(self, slot: Slot) -> Event:
        job = next(job for job in self._store.get_status(self._id).jobs if job.slot == slot)
        made = {variant.slot: variant for variant in self._variants.list_for_request(self._id)}
        return event_for_state(job, made.get(slot), self._variants)


def event_for_state(job: JobStatus, variant: Variant | None, variants: VariantStore) -> Event:
    """A job's state as the event that led to it."""
    if job.state == "done" and variant is not None:
        return JobCompleted(slot=job.slot, variant=variant, png=variants.png(variant))
    if job.state == "cancelled":
        return JobCancelled(slot=job.slot)
    if job.state == "withheld":
        return ResultWithheld(slot=job.slot, reason=job.error)
    if job.state in ACTIVE_STATES:
        return JobQueued(slot=job.slot)
    return JobFailed(slot=job.slot, message=job.error or message("image.gone"))
