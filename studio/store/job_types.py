"""Values of the job table: the load on the queue, claims on jobs, what waits and what nobody renders."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from studio.recipes.themes.preset import Slot


@dataclass(frozen=True)
class Crowd:
    """What is under way as a client's request comes in."""

    client_active_requests: int
    """Requests of the client that have not ended."""
    queued_jobs: int
    """Jobs of all clients that are queued."""
    count_requests_since: Callable[[datetime], int]
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
    slot: Slot
    attempt: int
    model: str = ""
    queued_seconds: float = 0.0
    """Seconds in the queue."""
    moderation_override: bool = False
    """Whether a reviewer lets the picture pass."""


@dataclass(frozen=True)
class Waiting:
    """Jobs that wait for one model in one turn, and for how many seconds the first has."""

    model: str
    fair_share_tier: int
    count: int
    oldest_wait_seconds: float


@dataclass(frozen=True)
class Left:
    """Jobs of one request that are queued and that nobody may know of."""

    request_id: str
    slots: tuple[Slot, ...]
    fair_share_tier: int
