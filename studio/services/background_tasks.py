"""Long work that nobody waits for: begun on a page, listed and watched on every page, stopped."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import pairwise
from statistics import median
from typing import Literal

from studio.errors import InvalidInputError, JobCancelledError, StudioError, public_message
from studio.messages import Message, message

log = logging.getLogger(__name__)
ProgressCallback = Callable[[int, int], None]
"""Hears how many of how many are done; raises Cancelled once somebody has stopped the chore."""
ChoreKind = Literal["robustness", "regression", "contest", "study", "sweep"]
State = Literal["running", "done", "failed", "stopped"]

KEPT = 50
"""Ended chores that are still told of."""
PACED = 10
"""So many of the newest pieces say how long the rest will take."""
INSTANT = 0.1
"""Seconds; a piece that took less was kept from before and says nothing about the rest."""


@dataclass(frozen=True)
class About:
    """What a list of chores shows of one.

    `subject` is somebody's own words: the name of a theme, a contest or a study. `version` is the
    theme's, where the chore is about one; `page` the address of the page that shows the chore.
    """

    kind: ChoreKind
    subject: str
    page: str
    version: int | None = None


@dataclass(frozen=True)
class TaskProgress:
    """How far a chore is, and how it ended. While `total` is 0 it is still being prepared; `left` is
    how many seconds the rest should take, None where that is not known yet."""

    done: int = 0
    total: int = 0
    state: State = "running"
    message: Message | None = None
    stopping: bool = False
    remaining_seconds: float | None = None


@dataclass(frozen=True)
class Chore:
    name: str
    about: About
    started: datetime
    progress: TaskProgress


@dataclass
class _Entry:
    about: About
    started: datetime
    progress: TaskProgress = field(default_factory=TaskProgress)
    latest: deque[float] = field(default_factory=lambda: deque(maxlen=PACED + 1))


class BackgroundTasks:
    """Chores by name, each in a thread of its own; of one name one runs at a time.

    `clock` gives seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: dict[str, _Entry] = {}

    def start(self, name: str, about: About, act: Callable[[ProgressCallback], object]) -> None:
        """Raises InputError when it is under way already."""
        with self._lock:
            running = self._entries.pop(name, None)
            if running is not None and running.progress.state == "running":
                self._entries[name] = running
                raise InvalidInputError("request.already_running")
            self._entries[name] = _Entry(about, datetime.now(UTC))
            self._forget_oldest()
        threading.Thread(target=self._run, args=(name, act), name=name, daemon=True).start()

    def progress(self, name: str) -> TaskProgress | None:
        """None for what was never begun here."""
        with self._lock:
            found = self._entries.get(name)
            return None if found is None else found.progress

    def all(self) -> tuple[Chore, ...]:
        """Those under way and the newest of those that ended, the newest first."""
        with self._lock:
            return tuple(
                Chore(name, each.about, each.started, each.progress)
                for name, each in reversed(self._entries.items())
            )

    def under_way(self) -> tuple[Chore, ...]:
        """Those that have not ended, the newest first."""
        return tuple(each for each in self.all() if each.progress.state == "running")

    def cancel(self, name: str) -> None:
        """At the next piece of work; what is done by then is kept."""
        with self._lock:
            found = self._entries.get(name)
            if found is not None and found.progress.state == "running":
                found.progress = replace(found.progress, stopping=True)

    def _forget_oldest(self) -> None:
        ended = [n for n, each in self._entries.items() if each.progress.state != "running"]
        for name in ended[: max(0, len(ended) - KEPT)]:
            del self._entries[name]

    def _run(self, name: str, act: Callable[[ProgressCallback], object]) -> None:
        try:
            act(lambda done, total: self._report(name, done, total))
            self._finish(name, "done")
        except JobCancelledError:
            self._finish(name, "stopped")
        except StudioError as error:
            log.warning("%s failed: %s", name, error)
            self._finish(name, "failed", public_message(error))
        except Exception:
            log.exception("%s failed", name)
            self._finish(name, "failed", message("request.failed_unexpectedly"))

    def _report(self, name: str, done: int, total: int) -> None:
        with self._lock:
            entry = self._entries[name]
            if entry.progress.stopping:
                raise JobCancelledError("request.task_stopped", name=name)
            entry.latest.append(self._clock())
            paces = [after - before for before, after in pairwise(entry.latest)]
            drawn = [each for each in paces if each >= INSTANT]
            left = median(drawn) * (total - done) if drawn else None
            entry.progress = TaskProgress(done, total, remaining_seconds=left)

    def _finish(self, name: str, state: State, why: Message | None = None) -> None:
        with self._lock:
            entry = self._entries[name]
            entry.progress = replace(
                entry.progress, state=state, message=why, stopping=False, remaining_seconds=None
            )
