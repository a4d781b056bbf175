"""Events of requests in Redis, for API processes and workers, and the connection to Redis."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from studio.errors import StorageUnavailableError
from studio.recipes.serving.request_status import EventMessage
from studio.recipes.themes.preset import SLOTS
from studio.services.rendering.run import LISTENER_SECONDS

EVENT_TTL_SECONDS = 3600
"""Time to live of a request's events after the last one, in seconds."""
CONNECT_TIMEOUT_SECONDS, ANSWER_TIMEOUT_SECONDS = 2.0, 10.0
"""Socket timeouts of the Redis client."""

APPEND_EVENTS_LUA = """
for position = 2, #ARGV, 2 do
  local terminal_slot, event = ARGV[position], ARGV[position + 1]
  if terminal_slot == '' or redis.call('SADD', KEYS[2], terminal_slot) == 1 then
    redis.call('RPUSH', KEYS[1], event)
  end
end
redis.call('EXPIRE', KEYS[1], ARGV[1])
redis.call('EXPIRE', KEYS[2], ARGV[1])
return redis.call('EXISTS', KEYS[3])
"""
"""One script, because it must be atomic: if a process died between SADD and RPUSH, the slot would
be marked as finished and its terminal event would never be published."""


class RedisEventLog:
    """The events of each request as a numbered list in Redis, which any process may append to or
    read.

    A set beside the list has the slots whose terminal event is published, and a key that expires
    says that somebody listens.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._append = redis.register_script(APPEND_EVENTS_LUA)

    def append(self, request_id: str, events: Sequence[EventMessage]) -> bool:
        """Appends events atomically. Of a job's terminal events only the first is stored, whichever
        process sends it. Returns whether somebody listens."""
        arguments: list[str | int] = [EVENT_TTL_SECONDS]
        for event in events:
            arguments += [
                event.slot if event.is_terminal else "",
                event.model_dump_json(exclude_defaults=True),
            ]
        keys = [
            self._key(request_id),
            self._finished_key(request_id),
            self._listeners_key(request_id),
        ]
        return bool(self._append(keys=keys, args=arguments))

    def has_listeners(self, request_id: str) -> bool:
        """Whether somebody has read the request's events lately."""
        return bool(self._redis.exists(self._listeners_key(request_id)))

    def read_from(self, request_id: str, sequence: int) -> tuple[EventMessage, ...] | None:
        """The events from this sequence number on (the first is 0); None for an unknown request.

        Who reads counts as a listener for a while.
        """
        with self._redis.pipeline(transaction=False) as pipeline:
            pipeline.set(self._listeners_key(request_id), 1, ex=round(LISTENER_SECONDS))
            pipeline.lrange(self._key(request_id), sequence, -1)
            _, documents = pipeline.execute()
        if not documents and not self._redis.exists(self._key(request_id)):
            return None
        return tuple(EventMessage.model_validate_json(document) for document in documents)

    def is_finished(self, request_id: str) -> bool:
        """Whether every slot has its terminal event, or the events have expired."""
        finished = int(self._redis.scard(self._finished_key(request_id)))
        return finished == len(SLOTS) or not self._redis.exists(self._key(request_id))

    def _key(self, request_id: str) -> str:
        return f"studio:events:{request_id}"

    def _listeners_key(self, request_id: str) -> str:
        return f"studio:listeners:{request_id}"

    def _finished_key(self, request_id: str) -> str:
        return f"studio:over:{request_id}"


@contextmanager
def broker_errors() -> Iterator[None]:
    """Translates the errors that redis-py and kombu raise while Redis is away.

    Raises:
        StorageUnavailableError: in place of each of them.
    """
    from kombu.exceptions import OperationalError
    from redis.exceptions import RedisError

    try:
        yield
    except (RedisError, OperationalError, OSError) as error:
        raise StorageUnavailableError("storage.queue_unavailable", reason=str(error)) from error


def connect_redis(broker: str) -> Redis:
    """A Redis client with short timeouts and one retry, so that an outage is noticed soon.

    Raises:
        StorageUnavailableError: when Redis does not answer a ping.
    """
    redis = Redis.from_url(
        broker,
        decode_responses=True,
        health_check_interval=10,
        socket_connect_timeout=CONNECT_TIMEOUT_SECONDS,
        socket_timeout=ANSWER_TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 1),
    )
    with broker_errors():
        redis.ping()
    return redis
