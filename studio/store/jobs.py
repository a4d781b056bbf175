"""The stores of requests and their jobs, as one value for the services that need all of them."""

from dataclasses import dataclass

from studio.store.database import Database
from studio.store.job_queue import JobQueue
from studio.store.queue_stats import QueueStats
from studio.store.requests import RequestStore


@dataclass(frozen=True)
class JobStore:
    """Requests, the job queue and its statistics in one database."""

    requests: RequestStore
    queue: JobQueue
    stats: QueueStats

    @classmethod
    def open(cls, database: Database) -> "JobStore":
        """All three over `database`."""
        return cls(RequestStore(database), JobQueue(database), QueueStats(database))
