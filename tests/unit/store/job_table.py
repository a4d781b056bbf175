"""Requests and jobs for the tests of the job table."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import update

from studio.store.job_types import JobLease, UnclaimedJobs
from studio.store.jobs import JobStore
from studio.store.tables import JobRow
from tests import examples

FIVE_MINUTES = timedelta(minutes=5)


def in_five_minutes() -> datetime:
    return datetime.now(UTC) + FIVE_MINUTES


def add_request(
    store: JobStore,
    number: int = 1,
    expires_in: timedelta = FIVE_MINUTES,
    idempotency_key: str | None = None,
) -> str:
    """The id of a request of the client "app"; `number` tells requests apart."""
    request = examples.request(id=f"{number:032x}", theme_version=1)
    expires_at = datetime.now(UTC) + expires_in
    return store.requests.create(request, "app", "live", expires_at, idempotency_key)[0].id


def job_states(store: JobStore, request_id: str) -> str:
    """The states of the four jobs in the order of their slots: "done queued queued queued"."""
    return " ".join(job.state for job in store.requests.get_status(request_id).jobs)


def claim_a(store: JobStore, request_id: str) -> JobLease:
    """A lease on the job of slot A, which must be queued."""
    lease = store.queue.claim(request_id, "A")
    assert lease is not None
    return lease


def slots_by_request(groups: Sequence[UnclaimedJobs]) -> dict[str, tuple[str, ...]]:
    return {group.request_id: group.slots for group in groups}


def stop_heartbeats(store: JobStore, request_id: str) -> None:
    """Dates the last heartbeat of every job of a request back by years."""
    with store.queue._database.write_session() as session:
        jobs = update(JobRow).where(JobRow.request_id == request_id)
        session.execute(jobs.values(heartbeat_at=examples.LONG_AGO))
