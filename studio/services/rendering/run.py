"""A run: one request while its jobs are rendered, its events, and the tracker of its jobs'
states."""

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
    """Records the state of a run's jobs beyond this process, by compare-and-set."""

    @property
    def is_stored(self) -> bool:
        """Whether the jobs outlive this process, so that they may wait as long as it takes."""
        ...

    def claim(self, slot: Slot) -> bool:
        """Starts an attempt at a job; False when the job is no longer available."""
        ...

    def owns(self, slot: Slot) -> bool:
        """Whether this run's attempt at a job is still the current one."""
        ...

    def end(self, slot: Slot, state: JobState, error: Message | None = None) -> bool:
        """Records how a job ended; False when the attempt is not the current one, so that nothing
        may be published."""
        ...

    def release_for_retry(self, slot: Slot, error: Message) -> bool:
        """After an attempt that failed through no fault of the job: True when it is tried again."""
        ...

    def bypasses_moderation(self, slot: Slot) -> bool:
        """Whether a reviewer has overridden the output moderation of a job."""
        ...

    def terminal_event(self, slot: Slot) -> Event:
        """The event for the state of a job that this run does not own any more."""
        ...

    def close(self) -> None:
        """At the end of this process: gives back the jobs that have started and not ended."""
        ...


class NullJobTracker:
    """The tracker of an operator's test run: nothing is recorded, and no job is tried twice."""

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
    """One request with its jobs and its numbered events, for any number of followers.

    Thread-safe. `tracker` records every change that must outlive this process.
    """

    def __init__(
        self,
        request: GenerationRequest,
        jobs: tuple[RenderJob, ...],
        tracker: JobTracker | None = None,
    ) -> None:
        self.request = request
        self.jobs = jobs
        self.tracker = tracker or NullJobTracker()
        self._events: list[Event] = []
        self._pending: set[Slot] = set()
        self._new_events = threading.Condition()
        self._cancelled = threading.Event()
        self._lock = threading.Lock()
        self._queued = [job.slot for job in jobs]
        for slot in self._queued:
            self.publish(JobQueued(slot=slot))

    def events(self) -> Iterator[Event]:
        """Every event in order from the first; ends when each job has ended."""
        sequence = 0
        while self.pending_slots or self.events_from(sequence):
            yield self.wait_for(sequence)
            sequence += 1

    def wait_for(self, sequence: int) -> Event:
        """The event with this sequence number, from 0; blocks until it happens."""
        with self._new_events:
            self._new_events.wait_for(lambda: len(self._events) > sequence)
            return self._events[sequence]

    def wait(self, sequence: int, timeout_seconds: float) -> bool:
        """Waits for the event with this sequence number; False when the timeout has passed
        first."""
        with self._new_events:
            return self._new_events.wait_for(lambda: len(self._events) > sequence, timeout_seconds)

    def events_from(self, sequence: int) -> tuple[Event, ...]:
        """The events so far from this sequence number on."""
        with self._new_events:
            return tuple(self._events[sequence:])

    def cancel(self) -> None:
        """Cancels this run alone: its queued jobs at once, its running one within a step."""
        with self._lock:
            self._cancelled.set()
            for slot in self._queued:
                self.publish(JobCancelled(slot=slot))
            self._queued.clear()

    def take(self, slot: Slot) -> bool:
        """Takes a queued job to work on it; False if it was cancelled or taken before."""
        with self._lock:
            if slot not in self._queued:
                return False
            self._queued.remove(slot)
            return True

    def abandon(self, slot: Slot) -> None:
        """Ends a job here that this run does not own any more: it has ended elsewhere, or goes on
        there."""
        event = self.tracker.terminal_event(slot)
        self.publish(event if isinstance(event, TERMINAL_EVENTS) else JobReassigned(slot=slot))

    def requeue(self, slot: Slot) -> None:
        """Queues a job again that is to be retried."""
        with self._lock:
            if not self.pending_slots:
                self._cancelled.clear()  # The run was cancelled, and a job of it is wanted again.
            if slot not in self._queued:
                self._queued.append(slot)
        self.publish(JobQueued(slot=slot))

    def should_stop(self, slot: Slot) -> bool:
        """Whether a running job must stop: it was cancelled here, or its attempt is not the
        current one.

        Raises StorageUnavailableError while the tracker's store is away.
        """
        return self.cancelled or not self.tracker.owns(slot)

    @property
    def cancelled(self) -> bool:
        """Whether the run was cancelled in this process."""
        return self._cancelled.is_set()

    @property
    def pending_slots(self) -> tuple[Slot, ...]:
        """The slots whose jobs have not ended."""
        with self._new_events:
            return tuple(slot for slot in SLOTS if slot in self._pending)

    def publish(self, event: Event) -> None:
        """Appends an event and wakes the followers."""
        with self._new_events:
            self._events.append(event)
            if isinstance(event, TERMINAL_EVENTS):
                self._pending.discard(event.slot)
            else:
                self._pending.add(event.slot)
            self._new_events.notify_all()
