"""A worker of the fleet: `studio worker` on each machine that draws, one for each device."""

import logging
import multiprocessing
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from multiprocessing.synchronize import Event as Flag
from typing import NoReturn

from billiard.exceptions import SoftTimeLimitExceeded
from celery import Celery, Task
from celery.signals import worker_ready
from prometheus_client import start_http_server

from studio.app import AppContainer, create_app_container, load_model_catalog
from studio.errors import (
    DeviceLost,
    InvalidInputError,
    NotFoundError,
    StorageUnavailableError,
    StudioError,
    WorkerHungError,
)
from studio.logging_config import configure_logging
from studio.recipes.generation.events import ENDS, TERMINAL_EVENTS, Event
from studio.recipes.serving.request_status import EventMessage, to_event_message
from studio.recipes.themes.preset import SLOTS
from studio.services.rendering.render_queue import Priority
from studio.services.rendering.renderer import Renderer
from studio.services.rendering.run import Run
from studio.services.requests.celery_app import (
    MODEL_AFFINITY,
    TASK_NAME,
    create_celery_app,
    queue_name,
)
from studio.services.requests.event_log import RedisEventLog, broker_errors, connect_redis
from studio.services.requests.job_tracker import DatabaseJobTracker
from studio.services.store_retry import StoreRetry
from studio.settings import Settings

log = logging.getLogger(__name__)

HEARTBEAT_INTERVAL_SECONDS = 3.0
"""Seconds between signs of life of whoever draws."""
STALLED = 300.0
"""Seconds without progress after which a job gets no more signs of life, so that another takes it."""
LOOK = 1.0
"""Seconds between looks at whether this process can still draw, while nothing happens."""
RESCAN = 10.0
"""Seconds between looks for checkpoints that were added since the worker started."""


@contextmanager
def run_periodically(seconds: float, act: Callable[[], None]) -> Iterator[None]:
    """Does `act` again and again beside what is done meanwhile; one that fails is tried anew."""
    over = threading.Event()
    beside = threading.Thread(
        target=_run_until_stopped, args=(seconds, act, over), name="beat", daemon=True
    )
    beside.start()
    try:
        yield
    finally:
        over.set()
        beside.join()


def _run_until_stopped(seconds: float, act: Callable[[], None], over: threading.Event) -> None:
    while not over.wait(seconds):
        try:
            act()
        except StudioError as error:
            log.warning("%s failed and is tried again: %s", threading.current_thread().name, error)
        except Exception:
            log.exception("%s failed and is tried again", threading.current_thread().name)


class HeartbeatThread:
    """Signs of life of what is being drawn, from one thread for all jobs: to start one would cost each
    a millisecond."""

    def __init__(self, check: Callable[[], None]) -> None:
        """`check` raises a StudioError once the process can draw no more, which ends the signs."""
        self._rendering: DatabaseJobTracker | None = None
        self._check = check
        beat = (HEARTBEAT_INTERVAL_SECONDS, self._send_heartbeat, threading.Event())
        threading.Thread(target=_run_until_stopped, args=beat, name="beat", daemon=True).start()

    @contextmanager
    def tracking(self, ledger: DatabaseJobTracker) -> Iterator[None]:
        self._rendering = ledger
        try:
            yield
        finally:
            self._rendering = None

    def _send_heartbeat(self) -> None:
        if (drawn := self._rendering) is not None:
            self._check()
            drawn.heartbeat()


class RenderTask(Task):  # type: ignore[misc]
    """Draws one job and tells what happens. A process of the pool opens its studio when it draws for
    the first time: nothing of a device is touched in the parent."""

    name = TASK_NAME
    abstract = True
    settings: Settings
    renderer: Callable[[], Renderer] | None = None
    device_lost: Flag

    @cached_property
    def studio(self) -> AppContainer:
        alone = self.settings.model_copy(update={"broker_url": type(self.settings.broker_url)("")})
        studio = create_app_container(alone, self.renderer)
        if alone.metrics_port:
            registry = studio.renders.metrics.registry
            start_http_server(alone.metrics_port, addr=alone.host, registry=registry)
        return studio

    @cached_property
    def event_log(self) -> RedisEventLog:
        return RedisEventLog(connect_redis(self.settings.broker_url.get_secret_value()))

    @cached_property
    def heartbeat(self) -> HeartbeatThread:
        return HeartbeatThread(lambda: self.studio.renders.check(STALLED))

    @cached_property
    def retry(self) -> StoreRetry:
        return StoreRetry()

    def run(self, request_id: str, slot: str) -> None:
        ledger: DatabaseJobTracker | None = None
        try:
            studio = self.retry("open", lambda: self.studio)
            jobs = studio.requests.jobs
            request = self.retry("read", lambda: jobs.get(request_id))
            ledger = DatabaseJobTracker(jobs, studio.variants, request, studio.renders.metrics)
            wanted = tuple(each for each in SLOTS if each == slot)
            run = studio.renders.start(request, Priority.API, ledger, wanted)
            with self.heartbeat.tracking(ledger):
                self._follow(run, ledger)
        except NotFoundError as error:
            log.warning("a job is not drawn: %s", error)  # Its request was deleted meanwhile.
        except SoftTimeLimitExceeded:
            self._leave(ledger, WorkerHungError("engine.job_hangs"))
        except (WorkerHungError, DeviceLost) as error:
            self._leave(ledger, error)

    def _follow(self, run: Run, ledger: DatabaseJobTracker) -> None:
        """Tells what happens until the job has ended here. Raises LaneHung and DeviceLost."""
        number = 0
        while True:
            if not run.wait(number, LOOK):
                self.studio.renders.check(STALLED)
                continue
            event = run.wait_for(number)
            if number:  # That it was queued was told when it was.
                self._append_events(run.request.id, event, ledger)
            if isinstance(event, TERMINAL_EVENTS):
                return
            number += 1

    def _append_events(self, request_id: str, event: Event, ledger: DatabaseJobTracker) -> None:
        """What Redis does not take now is lost, but for ends: those the API tells by the job table."""
        if isinstance(event, ENDS) and not self.retry(
            "read", lambda: ledger.is_terminal(event.slot)
        ):
            return  # Another attempt has it, and will tell.
        if isinstance(event, TERMINAL_EVENTS) and not isinstance(event, ENDS):
            return
        try:
            self._send(request_id, to_event_message(event))
        except StorageUnavailableError as error:
            log.warning("an event of %s is not told: %s", request_id, error)

    def _send(self, request_id: str, event: EventMessage) -> None:
        with broker_errors():
            self.event_log.append(request_id, [event])

    def _leave(self, ledger: DatabaseJobTracker | None, error: StudioError) -> NoReturn:
        """Gives the job back, and ends this process: the pool starts a fresh one, and after a lost
        device the whole worker ends, for its service manager to start again."""
        log.critical("%s", error)
        try:
            if ledger is not None:
                ledger.give_back(error.message)
        except StudioError as away:
            log.warning("a job is given back by its silence: %s", away)
        if isinstance(error, DeviceLost):
            self.device_lost.set()
        logging.shutdown()
        os._exit(error.exit_code)


def create_worker_app(
    settings: Settings, renderer: Callable[[], Renderer] | None = None, order: str = MODEL_AFFINITY
) -> Celery:
    """The application of a worker. `renderer` stands in for the engine."""
    app = create_celery_app(
        settings.broker_url.get_secret_value(), settings.job_timeout_seconds, order
    )
    own = {
        "settings": settings,
        "renderer": staticmethod(renderer) if renderer else None,
        "device_lost": multiprocessing.Event(),
        "abstract": False,
    }
    app.register_task(type("DrawHere", (RenderTask,), own)())
    return app


def run_worker(
    settings: Settings, renderer: Callable[[], Renderer] | None = None, order: str = MODEL_AFFINITY
) -> None:
    """Draws until it is told to stop; SIGTERM lets the job under way finish. `order` is that of
    `fleet_app`.

    Raises InputError without a broker, StoreUnavailable when it does not answer, DeviceLost when the
    device fails every job.
    """
    if not settings.broker_url.get_secret_value():
        raise InvalidInputError("cli.worker_without_queue")
    connect_redis(settings.broker_url.get_secret_value())
    os.umask(0o077)
    configure_logging(settings.log_json)
    app = create_worker_app(settings, renderer, order)
    lost: Flag = app.tasks[TASK_NAME].device_lost
    # Two on one host, one for each card, need names of their own.
    name = f"studio-{os.getpid()}@{socket.gethostname()}"
    queues = _queues(settings)
    _add_queues_as_they_come(app, settings, name, queues)
    _stop_once(lost)
    try:
        app.worker_main(
            [
                *("worker", "--pool=prefork", "--concurrency=1", "--loglevel=WARNING"),
                *("-Q", ",".join(sorted(queues)), "-n", name),
            ]
        )
    finally:
        if lost.is_set():
            raise DeviceLost("engine.device_lost")


def _queues(settings: Settings) -> set[str]:
    return {queue_name(name) for name in load_model_catalog(settings).list_names("checkpoint")}


def _add_queues_as_they_come(app: Celery, settings: Settings, name: str, known: set[str]) -> None:
    """Listens for jobs of checkpoints that are added while the worker runs, too."""

    def look() -> None:
        for queue in sorted(_queues(settings) - known):
            app.control.add_consumer(queue, destination=[name])
            known.add(queue)
            log.warning("a new checkpoint: listening to %s", queue)

    def begin(**_: object) -> None:
        own = (RESCAN, look, threading.Event())
        threading.Thread(target=_run_until_stopped, args=own, name="rescan", daemon=True).start()

    worker_ready.connect(begin, weak=False)


def _stop_once(lost: Flag) -> None:
    """Ends the worker, as by SIGTERM, when its device is lost."""

    def watch() -> None:
        lost.wait()
        os.kill(os.getpid(), signal.SIGTERM)

    def begin(**_: object) -> None:
        threading.Thread(target=watch, name="device", daemon=True).start()

    worker_ready.connect(begin, weak=False)
