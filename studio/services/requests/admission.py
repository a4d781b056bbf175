"""Admission control: how many requests a client may have, how full the queue may be, whose turn is
next."""

from datetime import UTC, datetime, timedelta

from studio.errors import CapacityError, StudioError
from studio.recipes.serving.request_status import ApiClient
from studio.store.job_types import QueueLoad

QUEUE_TIMEOUT = timedelta(minutes=5)
"""How long a job may be queued before it expires."""
MAX_QUEUED_JOBS = 400
"""Jobs that may be queued; beyond, clients get 503 and a time to wait."""
TIER_THRESHOLDS = (1, 3, 8)
"""Active requests of a client from which its next request goes one fair-share tier down."""


class QueueFullError(StudioError):
    """There is no capacity for a request. `RequestService.submit` knows how long that will last and
    raises CapacityError in its place."""


def admit(client: ApiClient, load: QueueLoad) -> int:
    """The fair-share tier (0 to 3) of a client's next request.

    Raises:
        QueueFullError: the client has too many active requests, or the queue is full.
        CapacityError: the client's daily quota is used up; it says how long until midnight UTC.
    """
    if load.client_active_requests >= client.max_concurrent_requests:
        raise QueueFullError("request.too_many_in_flight", count=client.max_concurrent_requests)
    _check_daily_quota(client, load)
    if load.queued_jobs >= MAX_QUEUED_JOBS:
        raise QueueFullError("request.queue_full")
    return fair_share_tier(load.client_active_requests)


def fair_share_tier(active_requests: int) -> int:
    """The tier for a client with so many active requests: a client that asks for little overtakes
    one that floods the queue."""
    return sum(active_requests >= threshold for threshold in TIER_THRESHOLDS)


def _check_daily_quota(client: ApiClient, load: QueueLoad) -> None:
    if client.requests_per_day is None:
        return
    now = datetime.now(UTC)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if load.count_requests_since(midnight) >= client.requests_per_day:
        until_midnight = midnight + timedelta(days=1) - now
        seconds = 1 + int(until_midnight.total_seconds())
        raise CapacityError("request.too_many_a_day", seconds, count=client.requests_per_day)
