"""A worker of the fleet: `studio worker` on each machine that draws, one for each device."""

import logging
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property

from celery import Celery, Task
from prometheus_client import start_http_server

from studio.bootstrap import Studio, open_catalogue, open_studio
from studio.errors import InputError, StudioError
from studio.logs import set_up_logs
from studio.recipes.events import FINAL
from studio.recipes.preset import LETTERS
from studio.recipes.serving import told
from studio.service.fleet import HOT_FIRST, TASK, Stream, fleet_app, open_redis, queue_of
from studio.service.lane import Priority
from studio.service.ledger import SqlLedger
from studio.service.rendering import Renderer
from studio.settings import Settings

log = logging.getLogger(__name__)


BEAT = 3.0
"""Seconds between signs of life of whoever draws."""


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
            log.warning("no sign of life could be given: %s", error)


class Pulse:
    """Signs of life of what is being drawn, from one thread for all jobs: to start one would cost each
    a millisecond."""

    def __init__(self) -> None:
        self._drawn: SqlLedger | None = None
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
            drawn.live()


class Draw(Task):  # type: ignore[misc]
    """Draws one job and tells what happens. A process of the pool opens its studio when it draws for
    the first time: nothing of a device is touched in the parent."""

    name = TASK
    abstract = True
    settings: Settings
    renderer: Callable[[], Renderer] | None = None

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
        return Pulse()

    def run(self, request_id: str, letter: str) -> None:
        jobs, variants = self.studio.serving.jobs, self.studio.variants
        wanted = tuple(each for each in LETTERS if each == letter)
        request = jobs.request(request_id)
        ledger = SqlLedger(jobs, variants, request, self.studio.rendering.metrics)
        run = self.studio.rendering.start(request, Priority.LIVE, ledger, wanted)
        with self.pulse.of(ledger):
            for number, event in enumerate(run.events()):
                if isinstance(event, FINAL) and not ledger.settled(event.letter):
                    return  # Another attempt has it, and will tell.
                if number:  # That it was queued was told when it was.
                    self.stream.tell(request_id, [told(event)])


def worker_app(
    settings: Settings, renderer: Callable[[], Renderer] | None = None, order: str = HOT_FIRST
) -> Celery:
    """The application of a worker. `renderer` stands in for the engine."""
    app = fleet_app(settings.broker.get_secret_value(), settings.job_seconds, order)
    task = type("DrawHere", (Draw,), {"settings": settings, "renderer": staticmethod(renderer) if renderer else None, "abstract": False})  # fmt: skip
    app.register_task(task())
    return app


def work(
    settings: Settings, renderer: Callable[[], Renderer] | None = None, order: str = HOT_FIRST
) -> None:
    """Draws until it is told to stop; SIGTERM lets the job under way finish. `order` is that of
    `fleet_app`.

    Raises InputError without a broker, StoreUnavailable when it does not answer.
    """
    if not settings.broker.get_secret_value():
        raise InputError(
            "a worker needs a queue to pull from: set STUDIO_BROKER, such as redis://host:6379/0"
        )
    open_redis(settings.broker.get_secret_value())
    os.umask(0o077)
    set_up_logs(settings.log_json)
    queues = [queue_of(name) for name in open_catalogue(settings).names("checkpoint")]
    name = f"studio-{settings.device}@{socket.gethostname()}"
    worker_app(settings, renderer, order).worker_main(
        ["worker", "--pool=prefork", "--concurrency=1", "--loglevel=WARNING", "-Q", ",".join(queues), "-n", name]
    )  # fmt: skip
