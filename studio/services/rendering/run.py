"""A run: one request while its jobs are rendered, and its events."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from types import MappingProxyType

from studio.recipes.generation.events import (
    TERMINAL_EVENTS,
    Event,
    JobCancelled,
    JobQueued,
    JobReassigned,
)
from studio.recipes.generation.job import GenerationRequest, RenderJob
from studio.recipes.themes.preset import SLOTS, Slot
from studio.services.rendering.tracker import JobTracker, NullJobTracker

LISTENER_SECONDS = 15.0
"""Seconds for which somebody who has asked for new events counts as a listener."""


class Run:
    """One request with its jobs and its numbered events, for any number of followers.

    A job is queued, then rendered, then finished, and has ended with its terminal event.
    Thread-safe. `tracker` records every change that must outlive this process.
    """

    def __init__(
        self,
        request: GenerationRequest,
        jobs: tuple[RenderJob, ...],
        tracker: JobTracker | None = None,
        on_finished: Callable[["Run"], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`on_finished` is called each time that no job is pending any more; `clock` gives
        monotonic seconds."""
        self.request = request
        self.jobs = jobs
        self.started_at = datetime.now(UTC)
        self.tracker = tracker or NullJobTracker()
        self._on_finished, self._clock = on_finished, clock
        self._events: list[Event] = []
        self._pending: set[Slot] = set()
        self._changed = threading.Condition()
        self._cancelled = threading.Event()
        self._queued = [job.slot for job in jobs]
        self._rendering: dict[Slot, int] = {}
        """The jobs that are being rendered, each with the number of its rendering."""
        self._renderings = 0
        self._lost: set[Slot] = set()
        self._followers = 0
        self._asked_at: float | None = None
        for slot in self._queued:
            self.publish(JobQueued(slot=slot))

    def events(self) -> Iterator[Event]:
        """Every event in order from the first; ends when each job has ended."""
        sequence = 0
        with self._following():
            while self.pending_slots or self.events_from(sequence):
                yield self.wait_for(sequence)
                sequence += 1

    @contextmanager
    def _following(self) -> Iterator[None]:
        with self._changed:
            self._followers += 1
        try:
            yield
        finally:
            with self._changed:
                self._followers -= 1

    def wait_for(self, sequence: int) -> Event:
        """The event with this sequence number, from 0; blocks until it happens."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._events) > sequence)
            return self._events[sequence]

    def wait(self, sequence: int, timeout_seconds: float) -> bool:
        """Waits for the event with this sequence number; False when the timeout has passed
        first."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self._events) > sequence, timeout_seconds)

    def events_from(self, sequence: int) -> tuple[Event, ...]:
        """The events so far from this sequence number on."""
        with self._changed:
            return tuple(self._events[sequence:])

    def listen(self) -> None:
        """Tells that somebody asks for new events now, for who does not iterate over `events`."""
        self._asked_at = self._clock()

    @property
    def has_listeners(self) -> bool:
        """Whether somebody iterates over the events, or has asked for new ones lately."""
        asked_at = self._asked_at
        if self._followers or asked_at is None:
            return self._followers > 0
        return self._clock() - asked_at < LISTENER_SECONDS

    def cancel(self) -> None:
        """Cancels this run alone: its queued jobs at once, its running one within a step."""
        with self._changed:
            self._cancelled.set()
            for slot in self._queued:
                self.publish(JobCancelled(slot=slot))
            self._queued.clear()

    def take(self, slot: Slot) -> bool:
        """Takes a queued job to render it; False if it was cancelled or taken before."""
        with self._changed:
            if slot not in self._queued:
                return False
            self._queued.remove(slot)
            self.begin_rendering(slot)
            return True

    def begin_rendering(self, slot: Slot) -> None:
        """Begins a rendering of a job that was taken: the first, or one more."""
        with self._changed:
            self._lost.discard(slot)
            self._renderings += 1
            self._rendering[slot] = self._renderings

    def end_rendering(self, slot: Slot) -> None:
        """The device is done with a job, which is finished now."""
        with self._changed:
            self._rendering.pop(slot, None)
            self._changed.notify_all()

    @property
    def rendering(self) -> Mapping[Slot, int]:
        """The jobs that are being rendered, each with the number of its rendering."""
        with self._changed:
            return MappingProxyType(dict(self._rendering))

    def wait_until_rendered(self, timeout_seconds: float) -> bool:
        """Waits until no job is queued or being rendered; False when the timeout has passed
        first."""
        with self._changed:
            return self._changed.wait_for(
                lambda: not self._queued and not self._rendering, timeout_seconds
            )

    def abandon(self, slot: Slot) -> None:
        """Ends a job here that this run does not own any more: it has ended elsewhere, or goes on
        there."""
        event = self.tracker.terminal_event(slot)
        self.publish(event if isinstance(event, TERMINAL_EVENTS) else JobReassigned(slot=slot))

    def requeue(self, slot: Slot) -> None:
        """Queues a job again that is to be retried."""
        with self._changed:
            if not self.pending_slots:
                self._cancelled.clear()  # The run was cancelled, and a job of it is wanted again.
            if slot not in self._queued:
                self._queued.append(slot)
            self._rendering.pop(slot, None)
            self.publish(JobQueued(slot=slot))

    def lose(self, slot: Slot, rendering: int) -> None:
        """Stops this rendering of a job, whose attempt is not the current one any more."""
        with self._changed:
            if self._rendering.get(slot) == rendering:
                self._lost.add(slot)

    def should_stop(self, slot: Slot) -> bool:
        """Whether a running job must stop: it was cancelled here, or `lose` has been told.

        Reads two flags in memory: it is asked at each step.
        """
        return self.cancelled or slot in self._lost

    @property
    def cancelled(self) -> bool:
        """Whether the run was cancelled in this process."""
        return self._cancelled.is_set()

    @property
    def pending_slots(self) -> tuple[Slot, ...]:
        """The slots whose jobs have not ended."""
        with self._changed:
            return tuple(slot for slot in SLOTS if slot in self._pending)

    @property
    def is_finished(self) -> bool:
        """Whether every job has ended; takes no lock."""
        return not self._pending

    def publish(self, event: Event) -> None:
        """Appends an event and wakes the followers."""
        with self._changed:
            self._events.append(event)
            is_terminal = isinstance(event, TERMINAL_EVENTS)
            if is_terminal:
                self._pending.discard(event.slot)
                self._rendering.pop(event.slot, None)
            else:
                self._pending.add(event.slot)
            self._changed.notify_all()
        if is_terminal and self.is_finished:
            self._on_finished(self)
