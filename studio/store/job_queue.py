"""The job queue: a lease queue in the job table, whose states change by compare-and-set alone.

A worker claims a queued job and gets a lease. It renews the lease by heartbeats until it says how
the job ended. A job whose heartbeats stop is requeued, with a new attempt number that voids the
older lease.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from studio.messages import Message, message
from studio.recipes.serving.request_status import ACTIVE_STATES, MAX_ATTEMPTS, JobState
from studio.recipes.themes.preset import Slot
from studio.store.database import Database, as_utc
from studio.store.job_rows import find_job, slot_of
from studio.store.job_types import JobLease, UnclaimedJobs
from studio.store.tables import JobRow

EXPIRED_MESSAGE = message("request.expired")
MAX_ATTEMPTS_MESSAGE = message("request.unfinished")


class JobQueue:
    """Claims, heartbeats and ends of jobs. `store.requests.RequestStore` adds the jobs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, request_id: str, slot: Slot) -> JobLease | None:
        """Sets a queued job to running and leases it to the caller.

        Returns None when the job is not queued any more: claimed by another worker, or ended. The
        expiry time is not looked at here: only `expire_overdue` does, since after a jump of the
        clock the service extends it first.
        """
        with self._database.write_session() as session:
            row = find_job(session, request_id, slot)
            if row is None or row.state != "queued":
                return None
            row.state, row.attempts = "running", row.attempts + 1
            queued_at, row.heartbeat_at = as_utc(row.heartbeat_at), datetime.now(UTC)
            queued_seconds = (row.heartbeat_at - queued_at).total_seconds()
            return JobLease(
                request_id, slot, row.attempts, row.model, queued_seconds, row.moderation_override
            )

    def complete(self, lease: JobLease, state: JobState, error: str = "") -> bool:
        """Sets the final state of a job.

        Args:
            lease: what `claim` returned.
            state: how the job ended.
            error: JSON of a message (`Message.to_json`), empty when it is done.

        Returns:
            False, with nothing changed, when the lease is void: a newer attempt exists or the job
            has ended.
        """
        with self._database.write_session() as session:
            row = _leased_job(session, lease)
            if row is None:
                return False
            row.state, row.error = state, error
            return True

    def release_for_retry(self, lease: JobLease, error: str) -> bool:
        """Requeues a job after an attempt that failed for a reason outside of it.

        After `MAX_ATTEMPTS` the job fails with `error` instead. Returns True when it is queued.
        """
        is_retried = lease.attempt < MAX_ATTEMPTS
        state: JobState = "queued" if is_retried else "failed"
        return self.complete(lease, state, "" if is_retried else error) and is_retried

    def requeue(self, lease: JobLease) -> None:
        """Requeues a job whose worker shuts down in the middle of it; the attempt is not counted.

        Nothing changes when the lease is void.
        """
        with self._database.write_session() as session:
            row = _leased_job(session, lease)
            if row is None:
                return
            row.state, row.attempts = "queued", row.attempts - 1
            row.heartbeat_at = datetime.now(UTC)

    def cancel(self, request_id: str) -> tuple[Slot, ...]:
        """Cancels every active job of a request.

        Returns the slots that were still queued. A worker that renders another one notices by
        `is_lease_valid`.
        """
        active = (JobRow.request_id == request_id, JobRow.state.in_(ACTIVE_STATES))
        with self._database.write_session() as session:
            rows = session.scalars(select(JobRow).where(*active).order_by(JobRow.slot)).all()
            queued = tuple(slot_of(row) for row in rows if row.state == "queued")
            for row in rows:
                row.state = "cancelled"
        return queued

    def heartbeat(self, lease: JobLease) -> None:
        """Renews a lease. Without heartbeats `requeue_stale` takes the worker for dead."""
        with self._database.write_session() as session:
            session.execute(
                update(JobRow)
                .where(
                    JobRow.request_id == lease.request_id,
                    JobRow.slot == lease.slot,
                    JobRow.attempts == lease.attempt,
                    JobRow.state == "running",
                )
                .values(heartbeat_at=datetime.now(UTC))
            )

    def is_lease_valid(self, lease: JobLease) -> bool:
        """False once the job was cancelled, ended or claimed again."""
        with self._database.read_session() as session:
            return _leased_job(session, lease) is not None

    def expire_overdue(self) -> Mapping[str, tuple[Slot, ...]]:
        """Ends the queued jobs past their expiry time; returns their slots by request id."""
        overdue = (JobRow.state == "queued", JobRow.expires_at <= datetime.now(UTC))
        expired: dict[str, tuple[Slot, ...]] = {}
        with self._database.write_session() as session:
            for row in session.scalars(select(JobRow).where(*overdue).order_by(JobRow.id)):
                row.state, row.error = "expired", EXPIRED_MESSAGE.to_json()
                expired[row.request_id] = (*expired.get(row.request_id, ()), slot_of(row))
        return expired

    def fail_queued(self, request_id: str, errors: Mapping[Slot, Message]) -> tuple[Slot, ...]:
        """Ends those queued jobs of a request that cannot be rendered, each with its error.

        Returns their slots; a job that was claimed or has ended stays as it is.
        """
        failed = []
        with self._database.write_session() as session:
            for slot, error in errors.items():
                row = find_job(session, request_id, slot)
                if row is not None and row.state == "queued":
                    row.state, row.error = "failed", error.to_json()
                    failed.append(slot)
        return tuple(failed)

    def extend(self, expires_at: datetime) -> None:
        """Sets the expiry time of every queued job."""
        with self._database.write_session() as session:
            session.execute(
                update(JobRow).where(JobRow.state == "queued").values(expires_at=expires_at)
            )

    def requeue_stale(
        self,
        heartbeat_timeout: timedelta = timedelta(),
        excluded: Collection[tuple[str, Slot]] = (),
    ) -> Sequence[UnclaimedJobs]:
        """Requeues the running jobs whose last heartbeat is older than `heartbeat_timeout`.

        After `MAX_ATTEMPTS` a job fails instead: one that kills its worker would come back for
        ever.

        Args:
            heartbeat_timeout: the default requeues all that is running.
            excluded: jobs, as (request id, slot), that stay as they are.

        Returns:
            What was queued, by request.
        """
        last_heartbeat = datetime.now(UTC) - heartbeat_timeout
        stale = (JobRow.state == "running", JobRow.heartbeat_at <= last_heartbeat)
        requeued = []
        with self._database.write_session() as session:
            for row in session.scalars(select(JobRow).where(*stale).order_by(JobRow.id)):
                if (row.request_id, row.slot) in excluded:
                    continue
                if row.attempts >= MAX_ATTEMPTS:
                    row.state, row.error = "failed", MAX_ATTEMPTS_MESSAGE.to_json()
                else:
                    row.state, row.heartbeat_at = "queued", datetime.now(UTC)
                    requeued.append(row)
            return _group_by_request(requeued)

    def list_queued(self, queued_for: timedelta = timedelta()) -> Sequence[UnclaimedJobs]:
        """The jobs that have been queued for at least `queued_for`, oldest first, by request."""
        waiting = (JobRow.state == "queued", JobRow.heartbeat_at <= datetime.now(UTC) - queued_for)
        with self._database.read_session() as session:
            return _group_by_request(
                session.scalars(select(JobRow).where(*waiting).order_by(JobRow.id))
            )

    def list_queued_for(self, model: str, limit: int) -> Sequence[UnclaimedJobs]:
        """The first `limit` queued jobs of a base model, those that go first first, by request."""
        waiting = (JobRow.state == "queued", JobRow.model == model)
        order = (JobRow.fair_share_tier, JobRow.id)
        with self._database.read_session() as session:
            rows = session.scalars(select(JobRow).where(*waiting).order_by(*order).limit(limit))
            return _group_by_request(rows)


def _leased_job(session: Session, lease: JobLease) -> JobRow | None:
    """The running job of a lease, None when the lease is void."""
    row = find_job(session, lease.request_id, lease.slot)
    if row is None or row.state != "running" or row.attempts != lease.attempt:
        return None
    return row


def _group_by_request(rows: Iterable[JobRow]) -> Sequence[UnclaimedJobs]:
    groups: dict[str, UnclaimedJobs] = {}
    for row in rows:
        group = groups.get(row.request_id, UnclaimedJobs(row.request_id, (), row.fair_share_tier))
        groups[row.request_id] = replace(group, slots=(*group.slots, slot_of(row)))
    return tuple(groups.values())
