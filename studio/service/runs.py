"""A run: one request on its way through the lane, and whoever keeps account of its jobs."""

import threading
from collections.abc import Iterator
from typing import Protocol

from studio.messages import Message
from studio.recipes.events import FINAL, Elsewhere, Event, Queued, Stopped
from studio.recipes.preset import LETTERS, Letter
from studio.recipes.request import Job, Request
from studio.recipes.serving import JobState


class Ledger(Protocol):
    """Keeps the truth about a run's jobs beyond this process, by compare-and-set."""

    @property
    def is_kept(self) -> bool:
        """Whether the jobs outlive this process, so that they can wait for as long as it takes."""
        ...

    def claim(self, letter: Letter) -> bool:
        """Begins a job; False when it is no longer to be had."""
        ...

    def holds(self, letter: Letter) -> bool:
        """Whether this run's attempt at a job still counts."""
        ...

    def end(self, letter: Letter, state: JobState, error: Message | None = None) -> bool:
        """Says how a job ended; False when the attempt counts no more, and nothing may be told."""
        ...

    def again(self, letter: Letter, error: Message) -> bool:
        """After an attempt that failed for no fault of its own: True when it is to be tried again."""
        ...

    def is_cleared(self, letter: Letter) -> bool:
        """Whether a reviewer lets a job's picture pass, whatever a judge says."""
        ...

    def ended(self, letter: Letter) -> Event:
        """How a job ended that this run has no say in any more."""
        ...


class Unkept:
    """The account of a trial run: none outlives it, and no job is tried twice."""

    is_kept = False

    def claim(self, _: Letter) -> bool:
        return True

    def holds(self, _: Letter) -> bool:
        return True

    def end(self, _: Letter, __: JobState, ___: Message | None = None) -> bool:
        return True

    def again(self, _: Letter, __: Message) -> bool:
        return False

    def is_cleared(self, _: Letter) -> bool:
        return False

    def ended(self, letter: Letter) -> Event:
        return Stopped(letter=letter)


class Run:
    """One request on its way: its events as they happen, to any number of listeners, and a way
    to stop it. `ledger` is told of every change that must outlive this process."""

    def __init__(
        self, request: Request, jobs: tuple[Job, ...], ledger: Ledger | None = None
    ) -> None:
        self.request = request
        self.jobs = jobs
        self.ledger = ledger or Unkept()
        self._told: list[Event] = []
        self._open: set[Letter] = set()
        self._news = threading.Condition()
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._waiting = [job.letter for job in jobs]
        for letter in self._waiting:
            self.tell(Queued(letter=letter))

    def events(self) -> Iterator[Event]:
        """Every event in order from the first, ending when each of the jobs has ended."""
        number = 0
        while self.open_letters or self.since(number):
            yield self.event(number)
            number += 1

    def event(self, number: int) -> Event:
        """The event of this number, from 0; waits until it happens."""
        with self._news:
            self._news.wait_for(lambda: len(self._told) > number)
            return self._told[number]

    def wait(self, number: int, seconds: float) -> bool:
        """Waits at most so long for the event of this number; True when it has happened."""
        with self._news:
            return self._news.wait_for(lambda: len(self._told) > number, seconds)

    def since(self, number: int) -> tuple[Event, ...]:
        """What has happened from the event of this number on; empty where nothing has."""
        with self._news:
            return tuple(self._told[number:])

    def cancel(self) -> None:
        """Stops this run alone: its queued jobs at once, its running one within a step."""
        with self._lock:
            self._stop.set()
            for letter in self._waiting:
                self.tell(Stopped(letter=letter))
            self._waiting.clear()

    def take(self, letter: Letter) -> bool:
        """Takes a job out of the queue to be worked on; False if it was stopped before."""
        with self._lock:
            if letter not in self._waiting:
                return False
            self._waiting.remove(letter)
            return True

    def give_up(self, letter: Letter) -> None:
        """Ends a job here that this run has no say in any more, as it ended elsewhere, or goes on."""
        event = self.ledger.ended(letter)
        self.tell(event if isinstance(event, FINAL) else Elsewhere(letter=letter))

    def requeue(self, letter: Letter) -> None:
        """A job that is to be tried again waits anew."""
        with self._lock:
            if not self.open_letters:
                self._stop.clear()  # It was cancelled, and is wanted again.
            if letter not in self._waiting:
                self._waiting.append(letter)
        self.tell(Queued(letter=letter))

    def is_over(self, letter: Letter) -> bool:
        """Whether whoever draws the job may stop: it was cancelled here, or counts no more."""
        return self.cancelled or not self.ledger.holds(letter)

    @property
    def cancelled(self) -> bool:
        return self._stop.is_set()

    @property
    def open_letters(self) -> tuple[Letter, ...]:
        """The jobs that have not ended."""
        with self._news:
            return tuple(letter for letter in LETTERS if letter in self._open)

    def tell(self, event: Event) -> None:
        with self._news:
            self._told.append(event)
            if isinstance(event, FINAL):
                self._open.discard(event.letter)
            else:
                self._open.add(event.letter)
            self._news.notify_all()
