"""A fleet of machines that pull from a queue: Celery on Redis, prefork, one job at a time each.

The broker only wakes workers: the job table says what is to be done, a list in Redis for each request
tells what happens. Settings are those that a trial of engines found to matter (see docs/decisions/0001).
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from urllib.parse import quote

from celery import Celery
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from studio.errors import StorageUnavailableError
from studio.recipes.generation.job import GenerationRequest, RenderJob
from studio.recipes.generation.planning import plan_jobs
from studio.recipes.serving.request_status import EventMessage
from studio.recipes.themes.preset import SLOTS, Slot
from studio.services.requests.runner import UNSENT, hard_timeout_seconds
from studio.store.job_types import UnclaimedJobs
from studio.store.jobs import JobStore

log = logging.getLogger(__name__)
TASK_NAME = "studio.draw"
EVENT_TTL_SECONDS = 3600
"""Seconds that a request's events can be followed after the last."""
PRIORITIES = (0, 3, 6, 9)
"""By turn: Redis takes the lowest number first."""
KOMBU_PRIORITY_SEPARATOR = "\x06\x16"
"""What kombu puts between a queue's name and a priority."""
HEARTBEAT_TIMEOUT = timedelta(seconds=12)
"""Without a sign of life for so long whoever draws a job is dead; machines' clocks must agree better."""
CONNECTING, ANSWERING = 2.0, 10.0
"""Seconds that Redis may take to be connected to, and to answer."""
MODEL_AFFINITY = "studio.services.requests.celery_runner:HotFirst"
"""The name of the class below, as kombu takes it; it knows `round_robin`, too."""
MAX_CONSECUTIVE_PER_MODEL = 8
"""Jobs of one model that a worker takes before it looks at the others."""


class ModelAffinityOrder:
    """The order in which a worker looks through its queues, one for each base model: that of the
    model it has just used first, so that models are changed seldom. What kombu asks of a
    `queue_order_strategy`."""

    def __init__(self, it: Iterable[str] | None = None) -> None:
        self.items = list(it or ())
        self._last, self._row = "", 0

    def update(self, it: Iterable[str]) -> None:
        wanted = list(it)
        known = [each for each in self.items if each in wanted]
        self.items = [*known, *(each for each in wanted if each not in known)]

    def consume(self, n: int) -> list[str]:
        return self.items[:n]

    def rotate(self, last_used: str) -> str:
        """After a job of that queue: it is hot, until it has had its turns."""
        self._row = self._row + 1 if last_used == self._last else 1
        self._last = last_used
        self.items.remove(last_used)
        self.items.insert(
            0 if self._row < MAX_CONSECUTIVE_PER_MODEL else len(self.items), last_used
        )
        return last_used


def create_celery_app(
    broker: str, job_seconds: float | None, order: str = MODEL_AFFINITY
) -> Celery:
    """The Celery application that both sides share; `order` is how a worker looks through its queues."""
    limit = hard_timeout_seconds(job_seconds)
    app = Celery("studio", broker=broker)
    app.conf.update(
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_ignore_result=True,
        task_serializer="json",
        accept_content=["json"],
        task_create_missing_queues=True,
        task_time_limit=limit,
        task_soft_time_limit=limit - 15,
        worker_pool="prefork",
        worker_concurrency=1,
        worker_prefetch_multiplier=1,
        worker_disable_prefetch=True,
        worker_hijack_root_logger=False,
        # The job table, not the broker, says whose attempt counts: what is being drawn is finished.
        worker_cancel_long_running_tasks_on_connection_loss=False,
        broker_connection_retry_on_startup=True,
        broker_transport_options={
            "visibility_timeout": 2 * limit + 60,
            "unacked_restore_interval": 5,
            "unacked_restore_throttle": 1,
            "priority_steps": list(PRIORITIES),
            "socket_keepalive": True,
            "health_check_interval": 10,
            "queue_order_strategy": order,
        },
    )
    return app


def queue_name(model: str) -> str:
    """The queue for jobs of one base model. Celery reads lists of queues with commas between them, and
    brokers know ASCII: all other characters are written as in addresses."""
    return f"studio.{quote(model, safe=' ')}"


APPEND_EVENTS_LUA = """
for at = 2, #ARGV, 2 do
  local ended, event = ARGV[at], ARGV[at + 1]
  if ended == '' or redis.call('SADD', KEYS[2], ended) == 1 then
    redis.call('RPUSH', KEYS[1], event)
  end
end
redis.call('EXPIRE', KEYS[1], ARGV[1])
redis.call('EXPIRE', KEYS[2], ARGV[1])
"""
"""Whole or not at all: an end that is marked as told and was not, since its teller died in between, would
never be."""


class RedisEventLog:
    """What happens to requests, as numbered lists in Redis: any process may tell, any may follow."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._append = redis.register_script(APPEND_EVENTS_LUA)

    def append(self, request_id: str, news: Sequence[EventMessage]) -> None:
        """Adds events; of the end of a job only the first counts, whoever tells it."""
        said: list[str | int] = [EVENT_TTL_SECONDS]
        for each in news:
            said += [
                each.slot if each.is_terminal else "",
                each.model_dump_json(exclude_defaults=True),
            ]
        self._append(keys=[self._key(request_id), self._finished_key(request_id)], args=said)

    def read_from(self, request_id: str, number: int) -> tuple[EventMessage, ...] | None:
        """The events of this number and after; None where none are known."""
        lines = self._redis.lrange(self._key(request_id), number, -1)
        if not lines and not self._redis.exists(self._key(request_id)):
            return None
        return tuple(EventMessage.model_validate_json(line) for line in lines)

    def is_finished(self, request_id: str) -> bool:
        ended = int(self._redis.scard(self._finished_key(request_id)))
        return ended == len(SLOTS) or not self._redis.exists(self._key(request_id))

    def _key(self, request_id: str) -> str:
        return f"studio:events:{request_id}"

    def _finished_key(self, request_id: str) -> str:
        return f"studio:over:{request_id}"


class CeleryRunner:
    """The Runner that puts jobs into the queue, each under its base model. While Redis is away jobs stay
    in the job table, and are sent when it is back."""

    def __init__(
        self,
        broker: str,
        job_seconds: float | None,
        jobs: JobStore,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Raises StoreUnavailable when the broker does not answer."""
        self._app = create_celery_app(broker, job_seconds)
        self._redis = connect_redis(broker)
        self._stream = RedisEventLog(self._redis)
        self._jobs, self._clock = jobs, clock
        self._trusted_from = 0.0
        self._unsent: dict[str, UnclaimedJobs] = {}

    def reserve(self, seconds: float) -> None:
        """Any number of processes may serve a fleet."""

    def recover(self) -> int:
        """Nothing to do: the workers have what was begun, and the queue what was not."""
        return 0

    def run_maintenance(self, is_even: bool = True) -> None:
        """Begins anew what dead workers had; sends once more what the queue has lost. After a gap every
        worker has the time to give its next sign of life first."""
        if not is_even:
            self._trusted_from = self._clock() + HEARTBEAT_TIMEOUT.total_seconds()
        if self._clock() >= self._trusted_from:
            for left in self._jobs.queue.requeue_stale(HEARTBEAT_TIMEOUT):
                self.enqueue(
                    self._jobs.requests.get(left.request_id), left.slots, left.fair_share_tier
                )
        self._send_unsent()
        self._send_lost()

    def _send_unsent(self) -> None:
        """What was admitted here while Redis was away."""
        unsent, self._unsent = self._unsent, {}
        for left in unsent.values():
            self.enqueue(self._jobs.requests.get(left.request_id), left.slots, left.fair_share_tier)

    def _send_lost(self) -> None:
        """What the table has as queued, and Redis has nothing of: whether a model's queue is empty is
        asked once, before anything is sent."""
        empty: dict[str, bool] = {}
        for left in self._jobs.queue.list_queued(UNSENT):
            jobs = plan_jobs(self._jobs.requests.get(left.request_id))
            queues = {job.slot: queue_name(job.recipe.base_model.name) for job in jobs}
            with broker_errors():
                for queue in set(queues.values()) - set(empty):
                    empty[queue] = self._has_no_messages(queue)
                lost = [job for job in jobs if job.slot in left.slots and empty[queues[job.slot]]]
                self._send(left.request_id, lost, left.fair_share_tier)

    def check(self) -> None:
        """Nothing is drawn here."""

    def check_ready(self) -> None:
        with broker_errors():
            self._redis.ping()

    def let_go(self) -> None:
        """Nothing is drawn here: Celery lets a worker that is told to end finish its job."""

    def enqueue(self, request: GenerationRequest, slots: Sequence[Slot], turn: int = 0) -> None:
        """The jobs are in the table: where they cannot be sent now, `tend` does it later."""
        jobs = [job for job in plan_jobs(request) if job.slot in slots]
        try:
            with broker_errors():
                self._stream.append(
                    request.id, [EventMessage(slot=job.slot, type="queued") for job in jobs]
                )
                self._send(request.id, jobs, turn)
        except StorageUnavailableError as error:
            log.warning("request %s is sent later: %s", request.id, error)
            self._unsent[request.id] = UnclaimedJobs(request.id, tuple(slots), turn)

    def _send(self, request_id: str, jobs: Sequence[RenderJob], turn: int) -> None:
        with self._app.producer_or_acquire() as producer:
            for job in jobs:
                self._app.send_task(
                    TASK_NAME, args=[request_id, job.slot], producer=producer, retry=False,
                    queue=queue_name(job.recipe.base_model.name), priority=PRIORITIES[turn],
                )  # fmt: skip

    def _has_no_messages(self, queue: str) -> bool:
        """Whether nothing waits in Redis for a model; kombu has a list for each priority."""
        lists = [
            queue,
            *(f"{queue}{KOMBU_PRIORITY_SEPARATOR}{priority}" for priority in PRIORITIES[1:]),
        ]
        return not self._redis.exists(*lists)

    def cancel(self, request_id: str, queued: Sequence[Slot]) -> None:
        """Whoever draws finds out from the job table; of the others nobody else would tell."""
        ends = [EventMessage(slot=slot, type="cancelled", is_terminal=True) for slot in queued]
        self.publish_terminal(request_id, ends)

    def drop(self, request_id: str, ends: Sequence[EventMessage]) -> None:
        self.publish_terminal(request_id, ends)

    def events_since(self, request_id: str, number: int) -> tuple[EventMessage, ...] | None:
        """While Redis is away there is no news."""
        try:
            with broker_errors():
                return self._stream.read_from(request_id, number)
        except StorageUnavailableError:
            return ()

    def publish_terminal(self, request_id: str, ends: Sequence[EventMessage]) -> None:
        """What cannot be told now is told to whoever follows the request later (`Serving.is_over`)."""
        try:
            with broker_errors():
                self._stream.append(request_id, ends)
        except StorageUnavailableError as error:
            log.warning("the ends of %s are told later: %s", request_id, error)

    def is_finished(self, request_id: str) -> bool:
        try:
            with broker_errors():
                return self._stream.is_finished(request_id)
        except StorageUnavailableError:
            return False


@contextmanager
def broker_errors() -> Iterator[None]:
    """Raises StoreUnavailable in place of what redis-py and kombu raise while Redis is away."""
    from kombu.exceptions import OperationalError
    from redis.exceptions import RedisError

    try:
        yield
    except (RedisError, OperationalError, OSError) as error:
        raise StorageUnavailableError("storage.queue_away", reason=str(error)) from error


def connect_redis(broker: str) -> Redis:
    """A client that says soon when Redis is away. Raises StoreUnavailable when it does not answer."""
    redis = Redis.from_url(
        broker, decode_responses=True, health_check_interval=10,
        socket_connect_timeout=CONNECTING, socket_timeout=ANSWERING, retry=Retry(NoBackoff(), 1),
    )  # fmt: skip
    with broker_errors():
        redis.ping()
    return redis
