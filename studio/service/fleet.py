"""A fleet of machines that pull from a queue: Celery on Redis, prefork, one job at a time each.

The broker only wakes workers: the job table says what is to be done, a list in Redis for each request
tells what happens. Settings are those that a trial of engines found to matter (see CONTRIBUTING).
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from urllib.parse import quote

from celery import Celery
from redis import Redis

from studio.errors import StoreUnavailable
from studio.recipes.planning import plan
from studio.recipes.preset import LETTERS, Letter
from studio.recipes.request import Job, Request
from studio.recipes.serving import Told
from studio.service.runner import hard_limit
from studio.store.jobs import JobStore

TASK = "studio.draw"
KEPT = 3600
"""Seconds that a request's events can be followed after the last."""
PRIORITIES = (0, 3, 6, 9)
"""By turn: Redis takes the lowest number first."""
BEFORE_PRIORITY = "\x06\x16"
"""What kombu puts between a queue's name and a priority."""
SILENT = timedelta(seconds=12)
"""Without a sign of life for so long whoever draws a job is dead; machines' clocks must agree better."""
UNSENT = timedelta(seconds=30)
"""Queued for so long, with nothing in Redis for its model, a job's message is lost."""
HOT_FIRST = "studio.service.fleet:HotFirst"
"""The name of the class below, as kombu takes it; it knows `round_robin`, too."""
IN_A_ROW = 8
"""Jobs of one model that a worker takes before it looks at the others."""


class HotFirst:
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
        self.items.insert(0 if self._row < IN_A_ROW else len(self.items), last_used)
        return last_used


def fleet_app(broker: str, job_seconds: float | None, order: str = HOT_FIRST) -> Celery:
    """The Celery application that both sides share; `order` is how a worker looks through its queues."""
    limit = hard_limit(job_seconds)
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
        worker_cancel_long_running_tasks_on_connection_loss=True,
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


def queue_of(model: str) -> str:
    """The queue for jobs of one base model. Celery reads lists of queues with commas between them, and
    brokers know ASCII: all other characters are written as in addresses."""
    return f"studio.{quote(model, safe=' ')}"


TELL = """
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


class Stream:
    """What happens to requests, as numbered lists in Redis: any process may tell, any may follow."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._tell = redis.register_script(TELL)

    def tell(self, request_id: str, news: Sequence[Told]) -> None:
        """Adds events; of the end of a job only the first counts, whoever tells it."""
        said: list[str | int] = [KEPT]
        for each in news:
            said += [each.letter if each.final else "", each.model_dump_json(exclude_defaults=True)]
        self._tell(keys=[self._key(request_id), self._over(request_id)], args=said)

    def since(self, request_id: str, number: int) -> tuple[Told, ...] | None:
        """The events of this number and after; None where none are known."""
        lines = self._redis.lrange(self._key(request_id), number, -1)
        if not lines and not self._redis.exists(self._key(request_id)):
            return None
        return tuple(Told.model_validate_json(line) for line in lines)

    def is_over(self, request_id: str) -> bool:
        ended = int(self._redis.scard(self._over(request_id)))
        return ended == len(LETTERS) or not self._redis.exists(self._key(request_id))

    def _key(self, request_id: str) -> str:
        return f"studio:events:{request_id}"

    def _over(self, request_id: str) -> str:
        return f"studio:over:{request_id}"


class Fleet:
    """The Runner that puts jobs into the queue, each under its base model."""

    def __init__(self, broker: str, job_seconds: float | None, jobs: JobStore) -> None:
        """Raises StoreUnavailable when the broker does not answer."""
        self._app = fleet_app(broker, job_seconds)
        self._redis = open_redis(broker)
        self._stream = Stream(self._redis)
        self._jobs = jobs

    def recover(self) -> int:
        """Nothing to do: the workers have what was begun, and the queue what was not."""
        return 0

    def tend(self) -> None:
        """Begins anew what dead workers had; sends once more what the queue has lost."""
        for left in self._jobs.take_back(SILENT):
            self.start(self._jobs.request(left.request_id), left.letters, left.turn)
        for left in self._jobs.queued(UNSENT):
            jobs = plan(self._jobs.request(left.request_id))
            lost = [job for job in jobs if job.letter in left.letters and self._is_empty(job)]
            self._send(left.request_id, lost, left.turn)

    def start(self, request: Request, letters: Sequence[Letter], turn: int = 0) -> None:
        jobs = [job for job in plan(request) if job.letter in letters]
        self._stream.tell(request.id, [Told(letter=job.letter, kind="queued") for job in jobs])
        self._send(request.id, jobs, turn)

    def _send(self, request_id: str, jobs: Sequence[Job], turn: int) -> None:
        with self._app.producer_or_acquire() as producer:
            for job in jobs:
                self._app.send_task(
                    TASK, args=[request_id, job.letter], producer=producer,
                    queue=queue_of(job.recipe.base_model.name), priority=PRIORITIES[turn],
                )  # fmt: skip

    def _is_empty(self, job: Job) -> bool:
        """Whether nothing waits in Redis for the job's model; kombu has a list for each priority."""
        queue = queue_of(job.recipe.base_model.name)
        lists = [queue, *(f"{queue}{BEFORE_PRIORITY}{priority}" for priority in PRIORITIES[1:])]
        return not self._redis.exists(*lists)

    def cancel(self, request_id: str, queued: Sequence[Letter]) -> None:
        """Whoever draws finds out from the job table; of the others nobody else would tell."""
        ends = [Told(letter=letter, kind="cancelled", final=True) for letter in queued]
        self._stream.tell(request_id, ends)

    def news(self, request_id: str, number: int) -> tuple[Told, ...] | None:
        return self._stream.since(request_id, number)

    def settle(self, request_id: str, ends: Sequence[Told]) -> None:
        self._stream.tell(request_id, ends)

    def is_over(self, request_id: str) -> bool:
        return self._stream.is_over(request_id)


def open_redis(broker: str) -> Redis:
    """Raises StoreUnavailable when the broker does not answer."""
    from redis.exceptions import RedisError

    redis = Redis.from_url(broker, decode_responses=True, health_check_interval=10)
    try:
        redis.ping()
    except RedisError as error:
        raise StoreUnavailable(
            f"the broker does not answer ({error}): start Redis, or mend STUDIO_BROKER"
        ) from None
    return redis
