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

from studio.bootstrap import Studio, open_catalogue, open_studio
from studio.errors import DeviceLost, InputError, LaneHung, NotFound, StoreUnavailable, StudioError
from studio.logs import set_up_logs
from studio.recipes.events import ENDS, FINAL, Event
from studio.recipes.preset import LETTERS
from studio.recipes.serving import Told, told
from studio.service.fleet import (
    HOT_FIRST,
    TASK,
    Stream,
    broker_errors,
    fleet_app,
    open_redis,
    queue_of,
)
from studio.service.lane import Priority
from studio.service.ledger import SqlLedger
from studio.service.rendering import Renderer
from studio.service.retrying import StoreRetry
from studio.service.runs import Run
from studio.settings import Settings

log = logging.getLogger(__name__)

BEAT = 3.0
"""Seconds between signs of life of whoever draws."""
STALLED = 300.0
"""Seconds without progress after which a job gets no more signs of life, so that another takes it."""
LOOK = 1.0
"""Seconds between looks at whether this process can still draw, while nothing happens."""
RESCAN = 10.0
"""Seconds between looks for checkpoints that were added since the worker started."""


@contextmanager
def every(seconds: float, act: Callable[[], None]) -> Iterator[None]:
    """Does `act` again and again beside what is done meanwhile; one that fails is tried anew."""
    over = threading.Event()
    beside = threading.Thread(target=_repeat, args=(seconds, act, over), name="beat", daemon=True)
    beside.start()
    try:
        yield
    finally:
        over.set()
        beside.join()


def _repeat(seconds: float, act: Callable[[], None], over: threading.Event) -> None:
    while not over.wait(seconds):
        try:
            act()
        except StudioError as error:
            log.warning("%s failed and is tried again: %s", threading.current_thread().name, error)
        except Exception:
            log.exception("%s failed and is tried again", threading.current_thread().name)


class Pulse:
    """Signs of life of what is being drawn, from one thread for all jobs: to start one would cost each
    a millisecond."""

    def __init__(self, check: Callable[[], None]) -> None:
        """`check` raises a StudioError once the process can draw no more, which ends the signs."""
        self._drawn: SqlLedger | None = None
        self._check = check
        beat = (BEAT, self._beat, threading.Event())
        threading.Thread(target=_repeat, args=beat, name="beat", daemon=True).start()

    @contextmanager
    def of(self, ledger: SqlLedger) -> Iterator[None]:
        self._drawn = ledger
        try:
            yield
        finally:
            self._drawn = None

    def _beat(self) -> None:
        if (drawn := self._drawn) is not None:
            self._check()
            drawn.live()


class Draw(Task):  # type: ignore[misc]
    """Draws one job and tells what happens. A process of the pool opens its studio when it draws for
    the first time: nothing of a device is touched in the parent."""

    name = TASK
    abstract = True
    settings: Settings
    renderer: Callable[[], Renderer] | None = None
    device_lost: Flag

    @cached_property
    def studio(self) -> Studio:
        alone = self.settings.model_copy(update={"broker": type(self.settings.broker)("")})
        studio = open_studio(alone, self.renderer)
        if alone.metrics_port:
            registry = studio.rendering.metrics.registry
            start_http_server(alone.metrics_port, addr=alone.host, registry=registry)
        return studio

    @cached_property
    def stream(self) -> Stream:
        return Stream(open_redis(self.settings.broker.get_secret_value()))

    @cached_property
    def pulse(self) -> Pulse:
        return Pulse(lambda: self.studio.rendering.check(STALLED))

    @cached_property
    def retry(self) -> StoreRetry:
        return StoreRetry()

    def run(self, request_id: str, letter: str) -> None:
        ledger: SqlLedger | None = None
        try:
            studio = self.retry("open", lambda: self.studio)
            jobs = studio.serving.jobs
            request = self.retry("read", lambda: jobs.request(request_id))
            ledger = SqlLedger(jobs, studio.variants, request, studio.rendering.metrics)
            wanted = tuple(each for each in LETTERS if each == letter)
            run = studio.rendering.start(request, Priority.LIVE, ledger, wanted)
            with self.pulse.of(ledger):
                self._follow(run, ledger)
        except NotFound as error:
            log.warning("a job is not drawn: %s", error)  # Its request was deleted meanwhile.
        except SoftTimeLimitExceeded:
            self._leave(ledger, LaneHung("engine.job_hangs"))
        except (LaneHung, DeviceLost) as error:
            self._leave(ledger, error)

    def _follow(self, run: Run, ledger: SqlLedger) -> None:
        """Tells what happens until the job has ended here. Raises LaneHung and DeviceLost."""
        number = 0
        while True:
            if not run.wait(number, LOOK):
                self.studio.rendering.check(STALLED)
                continue
            event = run.event(number)
            if number:  # That it was queued was told when it was.
                self._tell(run.request.id, event, ledger)
            if isinstance(event, FINAL):
                return
            number += 1

    def _tell(self, request_id: str, event: Event, ledger: SqlLedger) -> None:
        """What Redis does not take now is lost, but for ends: those the API tells by the job table."""
        if isinstance(event, ENDS) and not self.retry("read", lambda: ledger.settled(event.letter)):
            return  # Another attempt has it, and will tell.
        if isinstance(event, FINAL) and not isinstance(event, ENDS):
            return
        try:
            self._send(request_id, told(event))
        except StoreUnavailable as error:
            log.warning("an event of %s is not told: %s", request_id, error)

    def _send(self, request_id: str, event: Told) -> None:
        with broker_errors():
            self.stream.tell(request_id, [event])

    def _leave(self, ledger: SqlLedger | None, error: StudioError) -> NoReturn:
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


def worker_app(
    settings: Settings, renderer: Callable[[], Renderer] | None = None, order: str = HOT_FIRST
) -> Celery:
    """The application of a worker. `renderer` stands in for the engine."""
    app = fleet_app(settings.broker.get_secret_value(), settings.job_seconds, order)
    own = {
        "settings": settings,
        "renderer": staticmethod(renderer) if renderer else None,
        "device_lost": multiprocessing.Event(),
        "abstract": False,
    }
    app.register_task(type("DrawHere", (Draw,), own)())
    return app


def work(
    settings: Settings, renderer: Callable[[], Renderer] | None = None, order: str = HOT_FIRST
) -> None:
    """Draws until it is told to stop; SIGTERM lets the job under way finish. `order` is that of
    `fleet_app`.

    Raises InputError without a broker, StoreUnavailable when it does not answer, DeviceLost when the
    device fails every job.
    """
    if not settings.broker.get_secret_value():
        raise InputError("cli.worker_without_queue")
    open_redis(settings.broker.get_secret_value())
    os.umask(0o077)
    set_up_logs(settings.log_json)
    app = worker_app(settings, renderer, order)
    lost: Flag = app.tasks[TASK].device_lost
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
    return {queue_of(name) for name in open_catalogue(settings).names("checkpoint")}


def _add_queues_as_they_come(app: Celery, settings: Settings, name: str, known: set[str]) -> None:
    """Listens for jobs of checkpoints that are added while the worker runs, too."""

    def look() -> None:
        for queue in sorted(_queues(settings) - known):
            app.control.add_consumer(queue, destination=[name])
            known.add(queue)
            log.warning("a new checkpoint: listening to %s", queue)

    def begin(**_: object) -> None:
        own = (RESCAN, look, threading.Event())
        threading.Thread(target=_repeat, args=own, name="rescan", daemon=True).start()

    worker_ready.connect(begin, weak=False)


def _stop_once(lost: Flag) -> None:
    """Ends the worker, as by SIGTERM, when its device is lost."""

    def watch() -> None:
        lost.wait()
        os.kill(os.getpid(), signal.SIGTERM)

    def begin(**_: object) -> None:
        threading.Thread(target=watch, name="device", daemon=True).start()

    worker_ready.connect(begin, weak=False)
