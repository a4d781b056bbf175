"""A run: one request on its way through the lane, and whoever keeps account of its jobs."""

import threading
from collections.abc import Iterator
from typing import Protocol

from studio.messages import Message
from studio.recipes.generation.events import (
    TERMINAL_EVENTS,
    Event,
    JobCancelled,
    JobQueued,
    JobReassigned,
)
from studio.recipes.generation.job import GenerationRequest, RenderJob
from studio.recipes.serving.request_status import JobState
from studio.recipes.themes.preset import SLOTS, Slot


class JobTracker(Protocol):
    """Keeps the truth about a run's jobs beyond this process, by compare-and-set."""

    @property
    def is_stored(self) -> bool:
        """Whether the jobs outlive this process, so that they can wait for as long as it takes."""
        ...

    def claim(self, slot: Slot) -> bool:
        """Begins a job; False when it is no longer to be had."""
        ...

    def owns(self, slot: Slot) -> bool:
        """Whether this run's attempt at a job still counts."""
        ...

    def end(self, slot: Slot, state: JobState, error: Message | None = None) -> bool:
        """Says how a job ended; False when the attempt counts no more, and nothing may be told."""
        ...

    def release_for_retry(self, slot: Slot, error: Message) -> bool:
        """After an attempt that failed for no fault of its own: True when it is to be tried again."""
        ...

    def bypasses_moderation(self, slot: Slot) -> bool:
        """Whether a reviewer lets a job's picture pass, whatever a judge says."""
        ...

    def terminal_event(self, slot: Slot) -> Event:
        """How a job ended that this run has no say in any more."""
        ...

    def close(self) -> None:
        """Lets others have, at the end of this process, what was begun and has not ended."""
        ...


class NullJobTracker:
    """The account of a trial run: none outlives it, and no job is tried twice."""

    is_stored = False

    def claim(self, _: Slot) -> bool:
        return True

    def owns(self, _: Slot) -> bool:
        return True

    def end(self, _: Slot, __: JobState, ___: Message | None = None) -> bool:
        return True

    def release_for_retry(self, _: Slot, __: Message) -> bool:
        return False

    def bypasses_moderation(self, _: Slot) -> bool:
        return False

    def terminal_event(self, slot: Slot) -> Event:
        return JobCancelled(slot=slot)

    def close(self) -> None:
        pass


class Run:
    """One request on its way: its events as they happen, to any number of listeners, and a way
    to stop it. `ledger` is told of every change that must outlive this process."""

    def __init__(
        self,
        request: GenerationRequest,
        jobs: tuple[RenderJob, ...],
        ledger: JobTracker | None = None,
    ) -> None:
        self.request = request
        self.jobs = jobs
        self.ledger = ledger or NullJobTracker()
        self._events: list[Event] = []
        self._open: set[Slot] = set()
        self._new_events = threading.Condition()
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._waiting = [job.slot for job in jobs]
        for slot in self._waiting:
            self.publish(JobQueued(slot=slot))

    def events(self) -> Iterator[Event]:
        """Every event in order from the first, ending when each of the jobs has ended."""
        number = 0
        while self.pending_slots or self.events_from(number):
            yield self.wait_for(number)
            number += 1

    def wait_for(self, number: int) -> Event:
        """The event of this number, from 0; waits until it happens."""
        with self._new_events:
            self._new_events.wait_for(lambda: len(self._events) > number)
            return self._events[number]

    def wait(self, number: int, seconds: float) -> bool:
        """Waits at most so long for the event of this number; True when it has happened."""
        with self._new_events:
            return self._new_events.wait_for(lambda: len(self._events) > number, seconds)

    def events_from(self, number: int) -> tuple[Event, ...]:
        """What has happened from the event of this number on; empty where nothing has."""
        with self._new_events:
            return tuple(self._events[number:])

    def cancel(self) -> None:
        """Stops this run alone: its queued jobs at once, its running one within a step."""
        with self._lock:
            self._stop.set()
            for slot in self._waiting:
                self.publish(JobCancelled(slot=slot))
            self._waiting.clear()

    def take(self, slot: Slot) -> bool:
        """Takes a job out of the queue to be worked on; False if it was stopped before."""
        with self._lock:
            if slot not in self._waiting:
                return False
            self._waiting.remove(slot)
            return True

    def abandon(self, slot: Slot) -> None:
        """Ends a job here that this run has no say in any more, as it ended elsewhere, or goes on."""
        event = self.ledger.terminal_event(slot)
        self.publish(event if isinstance(event, TERMINAL_EVENTS) else JobReassigned(slot=slot))

    def requeue(self, slot: Slot) -> None:
        """A job that is to be tried again waits anew."""
        with self._lock:
            if not self.pending_slots:
                self._stop.clear()  # It was cancelled, and is wanted again.
            if slot not in self._waiting:
                self._waiting.append(slot)
        self.publish(JobQueued(slot=slot))

    def should_stop(self, slot: Slot) -> bool:
        """Whether whoever draws the job may stop: it was cancelled here, or counts no more."""
        return self.cancelled or not self.ledger.owns(slot)

    @property
    def cancelled(self) -> bool:
        return self._stop.is_set()

    @property
    def pending_slots(self) -> tuple[Slot, ...]:
        """The jobs that have not ended."""
        with self._new_events:
            return tuple(slot for slot in SLOTS if slot in self._open)

    def publish(self, event: Event) -> None:
        with self._new_events:
            self._events.append(event)
            if isinstance(event, TERMINAL_EVENTS):
                self._open.discard(event.slot)
            else:
                self._open.add(event.slot)
            self._new_events.notify_all()
