"""The Celery application that API processes and workers share, and the names of its queues.

The broker is Redis; a worker is a prefork pool of one process that handles one message at a time.
The settings are those that a trial of queue engines found to matter (docs/decisions/0001).
"""

from collections.abc import Iterable
from urllib.parse import quote

from celery import Celery

from studio.recipes.generation.planning import MAX_BATCH_SIZE
from studio.services.requests.runner import hard_timeout_seconds

TASK_NAME = "studio.render_job"
PRIORITIES = (0, 3, 6, 9)
"""Celery's priority for each fair-share tier; with Redis the lowest number is delivered first."""
MODEL_AFFINITY = "studio.services.requests.celery_app:ModelAffinityOrder"
"""kombu's `queue_order_strategy`: the class below by name. kombu also knows `round_robin`."""
MAX_CONSECUTIVE_PER_MODEL = 8
"""Jobs of one base model that a worker takes in a row before it looks at other queues first."""


class ModelAffinityOrder:
    """A kombu queue order strategy (see `kombu.utils.scheduling`) with affinity to the loaded
    model.

    There is one queue for each base model. A worker looks first into the queue of the model that
    it has just used, so that models are seldom switched. After `MAX_CONSECUTIVE_PER_MODEL` jobs
    that queue goes to the end, so that no other queue starves.
    """

    def __init__(self, it: Iterable[str] | None = None) -> None:
        self.items = list(it or ())
        self._last_queue, self._consecutive = "", 0

    def update(self, it: Iterable[str]) -> None:
        """Replaces the queues; those that stay keep their order, new ones join at the end."""
        queues = list(it)
        current = [queue for queue in self.items if queue in queues]
        self.items = [*current, *(queue for queue in queues if queue not in current)]

    def consume(self, n: int) -> list[str]:
        """The first `n` queues to look into."""
        return self.items[:n]

    def rotate(self, last_used: str) -> str:
        """Moves the queue that has just delivered a job to the front, or to the end after its
        turn."""
        self._consecutive = self._consecutive + 1 if last_used == self._last_queue else 1
        self._last_queue = last_used
        self.items.remove(last_used)
        to_front = self._consecutive < MAX_CONSECUTIVE_PER_MODEL
        self.items.insert(0 if to_front else len(self.items), last_used)
        return last_used


def create_celery_app(
    broker: str,
    job_timeout_seconds: float | None,
    queue_order_strategy: str = MODEL_AFFINITY,
    has_batches: bool = False,
) -> Celery:
    """The Celery application for the broker at this URL.

    Messages are acknowledged late and rejected when the worker process is lost, so that a job
    whose worker dies is delivered again. `job_timeout_seconds` is the engine's own limit; Celery's
    hard limit lies above it (`hard_timeout_seconds`) and the soft limit 15 s below that.

    Where a worker `has_batches`, a message covers a batch, and after it has failed each of its jobs:
    the limits are those of twice `MAX_BATCH_SIZE` jobs. Only workers need to know that.
    """
    renders = 2 * MAX_BATCH_SIZE if has_batches else 1
    hard_limit = hard_timeout_seconds(job_timeout_seconds, renders)
    app = Celery("studio", broker=broker)
    app.conf.update(
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_ignore_result=True,
        task_serializer="json",
        accept_content=["json"],
        task_create_missing_queues=True,
        task_time_limit=hard_limit,
        task_soft_time_limit=hard_limit - 15,
        worker_pool="prefork",
        worker_concurrency=1,
        worker_prefetch_multiplier=1,
        worker_disable_prefetch=True,
        worker_hijack_root_logger=False,
        # The job table, not the broker, decides which attempt counts: a running job is finished.
        worker_cancel_long_running_tasks_on_connection_loss=False,
        broker_connection_retry_on_startup=True,
        broker_transport_options={
            "visibility_timeout": 2 * hard_limit + 60,
            "unacked_restore_interval": 5,
            "unacked_restore_throttle": 1,
            "priority_steps": list(PRIORITIES),
            "socket_keepalive": True,
            "health_check_interval": 10,
            "queue_order_strategy": queue_order_strategy,
        },
    )
    return app


def queue_name(model: str) -> str:
    """The queue for jobs of one base model.

    Celery separates the names of queues by commas and brokers expect ASCII, so all other
    characters are percent-encoded.
    """
    return f"studio.{quote(model, safe=' ')}"
