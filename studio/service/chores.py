"""Long work that nobody waits for: begun on a page, watched, stopped."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from studio.errors import Cancelled, InputError, StudioError

log = logging.getLogger(__name__)
Tell = Callable[[int, int], None]
"""Hears how many of how many are done; raises Cancelled once somebody has stopped the chore."""


@dataclass(frozen=True)
class Progress:
    """How far a chore is, and how it ended."""

    done: int = 0
    total: int = 0
    state: Literal["running", "done", "failed", "stopped"] = "running"
    message: str = ""


class Chores:
    """Chores by name, each in a thread of its own; of one name one runs at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._progress: dict[str, Progress] = {}
        self._stopped: set[str] = set()

    def start(self, name: str, act: Callable[[Tell], object]) -> None:
        """Raises InputError when it is under way already."""
        with self._lock:
            running = self._progress.get(name)
            if running is not None and running.state == "running":
                raise InputError("that is under way already: wait for it, or stop it")
            self._progress[name] = Progress()
            self._stopped.discard(name)
        threading.Thread(target=self._run, args=(name, act), name=name, daemon=True).start()

    def progress(self, name: str) -> Progress | None:
        """None for what was never begun here."""
        with self._lock:
            return self._progress.get(name)

    def stop(self, name: str) -> None:
        """At the next piece of work; what is done by then is kept."""
        with self._lock:
            self._stopped.add(name)

    def _run(self, name: str, act: Callable[[Tell], object]) -> None:
        try:
            act(lambda done, total: self._tell(name, done, total))
            self._end(name, "done")
        except Cancelled:
            self._end(name, "stopped")
        except StudioError as error:
            self._end(name, "failed", str(error))
        except Exception:
            log.exception("%s failed", name)
            self._end(name, "failed", "it failed unexpectedly: the log has the details")

    def _tell(self, name: str, done: int, total: int) -> None:
        with self._lock:
            if name in self._stopped:
                raise Cancelled(f"{name} was stopped")
            self._progress[name] = Progress(done, total)

    def _end(
        self, name: str, state: Literal["done", "failed", "stopped"], message: str = ""
    ) -> None:
        with self._lock:
            self._progress[name] = replace(self._progress[name], state=state, message=message)
