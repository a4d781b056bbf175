"""Values of the job table: queue load for admission, leases on jobs, depths of the queue."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from studio.recipes.themes.preset import Slot


@dataclass(frozen=True)
class QueueLoad:
    """What is in progress at the moment a client's request comes in.

    Input of an admission policy.
    """

    client_active_requests: int
    """Requests of the client with a job that is queued or running."""
    queued_jobs: int
    """Queued jobs of all clients."""
    count_requests_since: Callable[[datetime], int]
    """Counts the requests that the client has sent since a time; for quotas."""


AdmissionPolicy = Callable[[QueueLoad], int]
"""Returns the fair-share tier (0 is first) of a request under this load, or raises to refuse it."""


def admit_always(_: QueueLoad) -> int:
    """The policy without limits: first in, first out."""
    return 0


@dataclass(frozen=True)
class JobLease:
    """A claim on a job. Only the lease with the newest attempt may say how the job ended."""

    request_id: str
    slot: Slot
    attempt: int
    """Counts from 1."""
    model: str = ""
    """Name of the base model."""
    queued_seconds: float = 0.0
    """Time the job has spent in the queue."""
    moderation_override: bool = False
    """True when a reviewer released the image: it is not moderated again."""


@dataclass(frozen=True)
class QueueDepth:
    """The queued jobs of one base model in one fair-share tier."""

    model: str
    fair_share_tier: int
    count: int
    oldest_wait_seconds: float


@dataclass(frozen=True)
class UnclaimedJobs:
    """Jobs of one request that are queued in the table and must be handed to a worker (again)."""

    request_id: str
    slots: tuple[Slot, ...]
    fair_share_tier: int
