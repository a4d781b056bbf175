"""The Celery worker (`studio worker`): renders the jobs that API processes have queued.

Run one for each device. Its pool is one prefork process: nothing of a device is touched in the
parent, and a process that hangs can be replaced.
"""

import logging
import multiprocessing
import os
import signal
import socket
import threading
import uuid
from collections.abc import Callable
from multiprocessing.synchronize import Event as ProcessEvent

from celery import Celery
from celery.signals import worker_process_init, worker_process_shutdown, worker_ready

from studio.composition.models import load_model_catalog
from studio.errors import DeviceLostError, InvalidInputError
from studio.logging_config import configure_logging
from studio.services.device_probe import DeviceProbe
from studio.services.rendering.renderer import Renderer
from studio.services.requests.celery_app import (
    MODEL_AFFINITY,
    TASK_NAME,
    create_celery_app,
    queue_name,
)
from studio.services.requests.event_log import connect_redis
from studio.settings import Settings
from studio.worker.heartbeat import start_periodic_thread
from studio.worker.render_task import RenderTask

log = logging.getLogger(__name__)

RESCAN_INTERVAL_SECONDS = 10.0
"""Seconds between scans for checkpoints that were added since the worker started."""


def create_worker_app(
    settings: Settings,
    renderer: Callable[[], Renderer] | None = None,
    queue_order_strategy: str = MODEL_AFFINITY,
) -> Celery:
    """The Celery application of a worker, with its task registered.

    Args:
        settings: must have a broker URL.
        renderer: makes the renderer that replaces the engine, for tests and benchmarks.
        queue_order_strategy: in which order the queues of the models are read; see
            `create_celery_app`.
    """
    app = create_celery_app(
        settings.broker_url.get_secret_value(),
        settings.job_timeout_seconds,
        queue_order_strategy,
        # Whether `auto` means batches only the device can tell.
        has_batches=settings.batch_variants != "off" and not settings.disable_approximations,
    )
    attributes = {
        "settings": settings,
        "renderer": staticmethod(renderer) if renderer else None,
        "device_lost": multiprocessing.Event(),
        "abstract": False,
    }
    task: RenderTask = app.register_task(type("ConfiguredRenderTask", (RenderTask,), attributes)())
    worker_process_shutdown.connect(lambda **_: task.finish(), weak=False)
    return app


def run_worker(
    settings: Settings,
    renderer: Callable[[], Renderer] | None = None,
    queue_order_strategy: str = MODEL_AFFINITY,
) -> None:
    """Runs a worker until it is told to stop; on SIGTERM it finishes the running job first.

    Args: as those of `create_worker_app`.

    Raises:
        InvalidInputError: there is no broker URL.
        StorageUnavailableError: the broker does not answer.
        DeviceLostError: the device fails every job.
    """
    if not settings.broker_url.get_secret_value():
        raise InvalidInputError("cli.worker_without_queue")
    connect_redis(settings.broker_url.get_secret_value())
    os.umask(0o077)
    configure_logging(settings.log_json)
    app = create_worker_app(settings, renderer, queue_order_strategy)
    device_lost: ProcessEvent = app.tasks[TASK_NAME].device_lost
    # Workers on one host, one for each device, need different names; in containers that share the
    # host's network they may have the same process id.
    name = f"studio-{uuid.uuid4().hex[:12]}@{socket.gethostname()}"
    queues = _queue_names(settings)
    _watch_for_new_checkpoints(app, settings, name, queues)
    _stop_on_device_loss(device_lost)
    if renderer is None:
        _look_at_device(settings)
    try:
        app.worker_main(
            [
                *("worker", "--pool=prefork", "--concurrency=1", "--loglevel=WARNING"),
                *("-Q", ",".join(sorted(queues)), "-n", name),
            ]
        )
    finally:
        if device_lost.is_set():
            raise DeviceLostError("engine.device_lost")


def _queue_names(settings: Settings) -> set[str]:
    """One queue for each checkpoint that is installed here."""
    return {queue_name(name) for name in load_model_catalog(settings).list_names("checkpoint")}


def _watch_for_new_checkpoints(
    app: Celery, settings: Settings, name: str, queues: set[str]
) -> None:
    """Consumes also from queues of checkpoints that are added while the worker runs."""

    def rescan() -> None:
        for queue in sorted(_queue_names(settings) - queues):
            app.control.add_consumer(queue, destination=[name])
            queues.add(queue)
            log.warning("new checkpoint found: consuming from queue %s", queue)

    def on_ready(**_: object) -> None:
        start_periodic_thread("rescan", RESCAN_INTERVAL_SECONDS, rescan)

    worker_ready.connect(on_ready, weak=False)


def _look_at_device(settings: Settings) -> None:
    """Logs the device as soon as the rendering process has started; the parent never touches it."""

    def on_process_init(**_: object) -> None:
        DeviceProbe(settings).start()

    worker_process_init.connect(on_process_init, weak=False)


def _stop_on_device_loss(device_lost: ProcessEvent) -> None:
    """Sends this process SIGTERM once the device is lost."""

    def watch() -> None:
        device_lost.wait()
        os.kill(os.getpid(), signal.SIGTERM)

    def on_ready(**_: object) -> None:
        threading.Thread(target=watch, name="device", daemon=True).start()

    worker_ready.connect(on_ready, weak=False)
