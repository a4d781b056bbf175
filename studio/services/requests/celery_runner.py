"""A job runner that hands jobs to Celery workers on other machines.

The broker only delivers messages. The job table is the source of truth for the state of each job,
and a list in Redis for each request has its events.
"""

import logging
import time
from collections.abc import Callable, Sequence
from datetime import timedelta

from studio.errors import StorageUnavailableError
from studio.recipes.generation.job import GenerationRequest, RenderJob
from studio.recipes.generation.planning import plan_jobs
from studio.recipes.serving.request_status import EventMessage
from studio.recipes.themes.preset import Slot
from studio.services.requests.celery_app import (
    PRIORITIES,
    TASK_NAME,
    create_celery_app,
    queue_name,
)
from studio.services.requests.event_log import RedisEventLog, broker_errors, connect_redis
from studio.services.requests.queued_requests import QueuedRequest, load_queued
from studio.services.requests.runner import RESEND_AFTER
from studio.store.job_types import UnclaimedJobs
from studio.store.jobs import JobStore

log = logging.getLogger(__name__)
KOMBU_PRIORITY_SEPARATOR = "\x06\x16"
"""What kombu puts between a queue's name and a priority."""
HEARTBEAT_TIMEOUT = timedelta(seconds=12)
"""A worker whose last heartbeat is older is dead; the clocks of the machines must agree better."""


class CeleryRunner:
    """The `JobRunner` that sends each job to the Celery queue of its base model.

    While Redis is away, jobs stay in the job table and are sent when it is back.
    """

    def __init__(
        self,
        broker: str,
        job_timeout_seconds: float | None,
        jobs: JobStore,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`broker` is a Redis URL; `clock` gives monotonic seconds.

        Raises:
            StorageUnavailableError: when the broker does not answer.
        """
        self._app = create_celery_app(broker, job_timeout_seconds)
        self._redis = connect_redis(broker)
        self._events = RedisEventLog(self._redis)
        self._jobs, self._clock = jobs, clock
        self._heartbeats_trusted_from = 0.0
        self._unsent: dict[str, UnclaimedJobs] = {}

    def reserve(self, timeout_seconds: float) -> None:
        """Does nothing: any number of API processes may share the workers."""

    def resume_interrupted(self) -> int:
        """Does nothing: running jobs are with the workers, queued ones with the broker."""
        return 0

    def run_maintenance(self, is_clock_steady: bool = True) -> None:
        """Requeues the jobs of dead workers and resends those whose message Redis has lost.

        After a jump of the clock every worker has the time for one more heartbeat first.
        """
        if not is_clock_steady:
            self._heartbeats_trusted_from = self._clock() + HEARTBEAT_TIMEOUT.total_seconds()
        if self._clock() >= self._heartbeats_trusted_from:
            for stale in self._jobs.queue.requeue_stale(HEARTBEAT_TIMEOUT):
                self._enqueue_again(stale)
        self._send_unsent()
        self._resend_lost()

    def _enqueue_again(self, unclaimed: UnclaimedJobs) -> None:
        queued = self._load(unclaimed)
        if queued.request is not None:
            self.enqueue(queued.request, queued.slots, unclaimed.fair_share_tier)

    def _load(self, unclaimed: UnclaimedJobs) -> QueuedRequest:
        """The jobs that can be rendered; the end of the others is published."""
        queued = load_queued(self._jobs, unclaimed.request_id, unclaimed.slots)
        if queued.failed:
            self.publish_terminal(unclaimed.request_id, queued.failed)
        return queued

    def _send_unsent(self) -> None:
        """Sends the jobs that this process admitted while Redis was away."""
        unsent, self._unsent = self._unsent, {}
        for unclaimed in unsent.values():
            self._enqueue_again(unclaimed)

    def _resend_lost(self) -> None:
        """Resends jobs that are queued in the table while Redis has no message for their model.

        Each queue is looked at once, before anything is sent into it.
        """
        is_empty: dict[str, bool] = {}
        for unclaimed in self._jobs.queue.list_queued(RESEND_AFTER):
            jobs = self._load(unclaimed).jobs
            queues = {job.slot: queue_name(job.recipe.base_model.name) for job in jobs}
            with broker_errors():
                for queue in set(queues.values()) - set(is_empty):
                    is_empty[queue] = self._has_no_messages(queue)
                lost = [job for job in jobs if is_empty[queues[job.slot]]]
                self._send(unclaimed.request_id, lost, unclaimed.fair_share_tier)

    def check(self) -> None:
        """Does nothing: this process renders nothing, so nothing here can hang."""

    def check_ready(self) -> None:
        with broker_errors():
            self._redis.ping()

    def release_jobs(self) -> None:
        """Does nothing: at SIGTERM Celery lets a worker finish its job."""

    def enqueue(self, request: GenerationRequest, slots: Sequence[Slot], tier: int = 0) -> None:
        """Sends the jobs, which are in the job table already; while Redis is away,
        `run_maintenance` sends them later."""
        jobs = plan_jobs(request, slots)
        try:
            with broker_errors():
                self._events.append(
                    request.id, [EventMessage(slot=job.slot, type="queued") for job in jobs]
                )
                self._send(request.id, jobs, tier)
        except StorageUnavailableError as error:
            log.warning("request %s is sent later: %s", request.id, error)
            self._unsent[request.id] = UnclaimedJobs(request.id, tuple(slots), tier)

    def _send(self, request_id: str, jobs: Sequence[RenderJob], tier: int) -> None:
        with self._app.producer_or_acquire() as producer:
            for job in jobs:
                self._app.send_task(
                    TASK_NAME,
                    args=[request_id, job.slot],
                    producer=producer,
                    retry=False,
                    queue=queue_name(job.recipe.base_model.name),
                    priority=PRIORITIES[tier],
                )

    def _has_no_messages(self, queue: str) -> bool:
        """Whether no message for a model waits in Redis; kombu has one list for each priority."""
        lists = [
            queue,
            *(f"{queue}{KOMBU_PRIORITY_SEPARATOR}{priority}" for priority in PRIORITIES[1:]),
        ]
        return not self._redis.exists(*lists)

    def cancel(self, request_id: str, queued: Sequence[Slot]) -> None:
        """Publishes the end of the queued jobs, which no worker will publish. The worker of a
        running job sees the cancellation in the job table."""
        events = [EventMessage(slot=slot, type="cancelled", is_terminal=True) for slot in queued]
        self.publish_terminal(request_id, events)

    def drop(self, request_id: str, events: Sequence[EventMessage]) -> None:
        self.publish_terminal(request_id, events)

    def events_since(self, request_id: str, sequence: int) -> tuple[EventMessage, ...] | None:
        """While Redis is away there are no new events."""
        try:
            with broker_errors():
                return self._events.read_from(request_id, sequence)
        except StorageUnavailableError:
            return ()

    def publish_terminal(self, request_id: str, events: Sequence[EventMessage]) -> None:
        """While Redis is away nothing is published; `RequestEvents.is_finished` makes up for it
        when a client follows the request later."""
        try:
            with broker_errors():
                self._events.append(request_id, events)
        except StorageUnavailableError as error:
            log.warning("terminal events of %s are published later: %s", request_id, error)

    def is_finished(self, request_id: str) -> bool:
        try:
            with broker_errors():
                return self._events.is_finished(request_id)
        except StorageUnavailableError:
            return False
