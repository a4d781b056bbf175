"""The account of a run that a client asked for: kept in the job table."""

import threading

from studio.messages import Message, message
from studio.recipes.events import Done, Event, Failed, Queued, Stopped, Withheld
from studio.recipes.preset import Letter
from studio.recipes.request import Request, Variant
from studio.recipes.serving import OPEN, JobSeen, JobState
from studio.service.metrics import Metrics
from studio.store.job_types import Ticket
from studio.store.jobs import JobStore
from studio.store.variants import VariantStore


class SqlLedger:
    """Keeps a run's jobs in the job table."""

    is_kept = True

    def __init__(
        self,
        store: JobStore,
        variants: VariantStore,
        request: Request,
        metrics: Metrics,
    ) -> None:
        self._metrics, self._theme = metrics, request.preset.slug
        self._store, self._variants, self._id = store, variants, request.id
        self._tickets: dict[Letter, Ticket] = {}
        self._is_closed = False
        self._writing = threading.Lock()

    def claim(self, letter: Letter) -> bool:
        with self._writing:
            ticket = None if self._is_closed else self._store.claim(self._id, letter)
            if ticket is None:
                return False
            self._tickets[letter] = ticket
        self._metrics.began(ticket.model, ticket.waited)
        return True

    def holds(self, letter: Letter) -> bool:
        ticket = self._tickets.get(letter)
        return ticket is not None and self._store.holds(ticket)

    def end(self, letter: Letter, state: JobState, error: Message | None = None) -> bool:
        told = "" if error is None else error.to_json()
        with self._writing:
            ticket = self._tickets.get(letter)
            if ticket is None or not self._store.end(ticket, state, told):
                return False
        self._metrics.ended(self._theme, letter, state)
        return True

    def again(self, letter: Letter, error: Message) -> bool:
        with self._writing:
            ticket = self._tickets.get(letter)
            return ticket is not None and self._store.give_back(ticket, error.to_json())

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
            self._store.put_back(ticket)

    def give_back(self, error: Message) -> None:
        """Queues again all that was claimed and has not ended."""
        for ticket in tuple(self._tickets.values()):
            self._store.give_back(ticket, error.to_json())

    def is_cleared(self, letter: Letter) -> bool:
        ticket = self._tickets.get(letter)
        return ticket is not None and ticket.cleared

    def live(self) -> None:
        """A sign of life for what was claimed."""
        for ticket in tuple(self._tickets.values()):
            self._store.live(ticket)

    def settled(self, letter: Letter) -> bool:
        """Whether the job has ended, whoever ended it."""
        jobs = self._store.asked(self._id).jobs
        return any(job.letter == letter and job.state not in OPEN for job in jobs)

    def ended(self, letter: Letter) -> Event:
        job = next(job for job in self._store.asked(self._id).jobs if job.letter == letter)
        made = {variant.letter: variant for variant in self._variants.of_request(self._id)}
        return event_of(job, made.get(letter), self._variants)


def event_of(job: JobSeen, variant: Variant | None, variants: VariantStore) -> Event:
    """A job's state as the event that led to it."""
    if job.state == "done" and variant is not None:
        return Done(letter=job.letter, variant=variant, png=variants.png(variant))
    if job.state == "cancelled":
        return Stopped(letter=job.letter)
    if job.state == "withheld":
        return Withheld(letter=job.letter, reason=job.error)
    if job.state in OPEN:
        return Queued(letter=job.letter)
    return Failed(letter=job.letter, message=job.error or message("image.gone"))
