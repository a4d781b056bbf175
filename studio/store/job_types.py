"""Values of the job table: the load on the queue, claims on jobs, what waits and what nobody renders."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from studio.recipes.preset import Letter


@dataclass(frozen=True)
class Crowd:
    """What is under way as a client's request comes in."""

    own: int
    """Requests of the client that have not ended."""
    waiting: int
    """Jobs of all clients that are queued."""
    asked_since: Callable[[datetime], int]
    """Requests that the client has sent since then."""


Admit = Callable[[Crowd], int]
"""Gives the turn that a request may have in such a crowd, or raises."""


def at_once(_: Crowd) -> int:
    """Lets everything in, first come first served."""
    return 0


@dataclass(frozen=True)
class Ticket:
    """A claim on a job: whoever holds the newest attempt may say how it ended."""

    request_id: str
    letter: Letter
    attempt: int
    model: str = ""
    waited: float = 0.0
    """Seconds in the queue."""
    cleared: bool = False
    """Whether a reviewer lets the picture pass."""


@dataclass(frozen=True)
class Waiting:
    """Jobs that wait for one model in one turn, and for how many seconds the first has."""

    model: str
    turn: int
    count: int
    oldest: float


@dataclass(frozen=True)
class Left:
    """Jobs of one request that are queued and that nobody may know of."""

    request_id: str
    letters: tuple[Letter, ...]
    turn: int
