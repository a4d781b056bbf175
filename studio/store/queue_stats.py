"""Statistics of the job queue for metrics, admission and the system page."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from sqlalchemy import func, select

from studio.recipes.serving.request_status import ACTIVE_STATES
from studio.store.database import Database, as_utc
from studio.store.job_types import QueueDepth
from studio.store.tables import JobRow, RequestRow


class QueueStats:
    """Counts over the job table. Nothing is changed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def count_queued(self) -> int:
        """The number of queued jobs."""
        with self._database.read_session() as session:
            return session.scalar(select(func.count()).where(JobRow.state == "queued")) or 0

    def count_running(self) -> int:
        """The number of jobs that are being rendered."""
        with self._database.read_session() as session:
            return session.scalar(select(func.count()).where(JobRow.state == "running")) or 0

    def queue_depths(self) -> Sequence[QueueDepth]:
        """The queued jobs by base model and fair-share tier."""
        query = (
            select(
                JobRow.model, JobRow.fair_share_tier, func.count(), func.min(JobRow.heartbeat_at)
            )
            .where(JobRow.state == "queued")
            .group_by(JobRow.model, JobRow.fair_share_tier)
        )
        now = datetime.now(UTC)
        with self._database.read_session() as session:
            return [
                QueueDepth(model, tier, count, (now - as_utc(oldest)).total_seconds())
                for model, tier, count, oldest in session.execute(query)
            ]

    def count_finished_since(self, since: datetime) -> Mapping[str, int]:
        """The finished jobs of requests that came in after `since`, counted by state."""
        query = (
            select(JobRow.state, func.count())
            .join(RequestRow, RequestRow.id == JobRow.request_id)
            .where(RequestRow.created_at >= since, JobRow.state.not_in(ACTIVE_STATES))
            .group_by(JobRow.state)
        )
        with self._database.read_session() as session:
            return dict(session.execute(query).tuples().all())
