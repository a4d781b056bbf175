"""The Celery task that renders one job, or a batch, and publishes its events."""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from multiprocessing.synchronize import Event as ProcessEvent
from typing import NoReturn

from billiard.exceptions import SoftTimeLimitExceeded
from celery import Task
from prometheus_client import start_http_server

from studio.app import AppContainer, create_app_container
from studio.errors import (
    DeviceLostError,
    StorageUnavailableError,
    StudioError,
    WorkerHungError,
)
from studio.recipes.generation.events import JOB_END_EVENTS, TERMINAL_EVENTS, Event
from studio.recipes.generation.job import GenerationRequest
from studio.recipes.serving.request_status import EventMessage, to_event_message
from studio.recipes.themes.preset import SLOTS, Slot
from studio.services.rendering.render_queue import Priority
from studio.services.rendering.render_service import RenderService
from studio.services.rendering.render_worker import BATCH_WINDOW_SECONDS
from studio.services.rendering.renderer import Renderer
from studio.services.rendering.run import Run
from studio.services.requests.celery_app import TASK_NAME
from studio.services.requests.event_log import RedisEventLog, broker_errors, connect_redis
from studio.services.requests.job_tracker import DatabaseJobTracker
from studio.services.requests.queued_requests import load_queued
from studio.services.requests.runner import hard_timeout_seconds
from studio.services.store_retry import StoreRetry
from studio.settings import Settings
from studio.store.jobs import JobStore
from studio.store.variants import VariantStore
from studio.worker.batch_selection import JobsByRequest, request_finder, select_batch
from studio.worker.heartbeat import HeartbeatThread

log = logging.getLogger(__name__)

MAX_STALL_SECONDS = 300.0
"""Seconds without progress after which a job gets no more heartbeats and is requeued, at most."""
POLL_INTERVAL_SECONDS = 1.0
"""Seconds between checks of whether this process can still render, while no event comes."""
EXIT_GRACE_SECONDS = 5.0
"""Seconds that images get to be finished before a process that cannot render any more ends."""
MAX_FOLLOWERS = 64
"""Runs whose events can be published at the same time: those in the finisher, and a batch."""


class RenderTask(Task):  # type: ignore[misc]
    """The Celery task: renders one job and publishes its events.

    It returns when the device is done with the job, so that the worker takes the next one while
    this one is finished. Its message is acknowledged by then: the job's lease in the job table,
    which heartbeats renew until the job has ended, makes up for a process that dies meanwhile.

    A process of the pool opens its studio when it renders for the first time.
    """

    name = TASK_NAME
    abstract = True
    settings: Settings
    renderer: Callable[[], Renderer] | None = None
    sleep: Callable[[float], object] = staticmethod(time.sleep)
    device_lost: ProcessEvent
    """Set when the device fails every job; the parent then ends the worker."""

    @cached_property
    def studio(self) -> AppContainer:
        """The studio of this process. Without a broker URL: it renders by itself."""
        local = self.settings.model_copy(update={"broker_url": type(self.settings.broker_url)("")})
        studio = create_app_container(local, self.renderer)
        if local.metrics_port:
            registry = studio.rendering.renders.metrics.registry
            start_http_server(local.metrics_port, addr=local.host, registry=registry)
        return studio

    @property
    def renders(self) -> RenderService:
        return self.studio.rendering.renders

    @property
    def jobs(self) -> JobStore:
        return self.studio.stores.jobs

    @property
    def variants(self) -> VariantStore:
        return self.studio.stores.variants

    @cached_property
    def event_log(self) -> RedisEventLog:
        return RedisEventLog(connect_redis(self.settings.broker_url.get_secret_value()))

    @cached_property
    def heartbeat(self) -> HeartbeatThread:
        return HeartbeatThread(lambda: self.renders.check(self.stall_timeout_seconds))

    @property
    def stall_timeout_seconds(self) -> float:
        """A job that is not done in its own time does not progress either. The task's limit, which
        is that of a batch, may be much later."""
        return min(MAX_STALL_SECONDS, hard_timeout_seconds(self.settings.job_timeout_seconds))

    @cached_property
    def retry(self) -> StoreRetry:
        return StoreRetry()

    @cached_property
    def followers(self) -> ThreadPoolExecutor:
        """The threads that publish the events of runs, one for each run."""
        return ThreadPoolExecutor(MAX_FOLLOWERS, "follower")

    @cached_property
    def exiting(self) -> threading.Lock:
        """Held by the thread that ends this process."""
        return threading.Lock()

    @cached_property
    def closing(self) -> threading.Event:
        """Set in an orderly shutdown, when nothing more will happen to any run."""
        return threading.Event()

    def run(self, request_id: str, slot: str) -> None:
        """Celery calls this for each message of the queue."""
        try:
            renders = self.retry("open", lambda: self.renders)
            known_slot = SLOTS[SLOTS.index(slot)]
            queued = self.retry("read", lambda: load_queued(self.jobs, request_id, (known_slot,)))
            self._append_events(request_id, queued.failed)
            if (request := queued.request) is None:
                return
            _ = self.heartbeat, self.followers, self.exiting, self.closing  # Before any thread.
            batch: JobsByRequest = ((request, (known_slot,)),)
            if (limit := renders.max_batch_size) > 1:
                batch = self._gather_batch(request, known_slot, limit)
            size = sum(len(slots) for _, slots in batch)
            for run in [self._start(*jobs, size) for jobs in batch]:
                while not run.wait_until_rendered(POLL_INTERVAL_SECONDS):
                    renders.check(self.stall_timeout_seconds)
        except SoftTimeLimitExceeded:
            self._exit_process(WorkerHungError("engine.job_hangs"))
        except (WorkerHungError, DeviceLostError) as error:
            self._exit_process(error)

    def _gather_batch(self, request: GenerationRequest, slot: Slot, limit: int) -> JobsByRequest:
        """The jobs that are rendered with the one in `slot`, `limit` at most; while there are fewer,
        also those that are queued within `BATCH_WINDOW_SECONDS`."""
        find = request_finder(self.jobs)

        def select() -> JobsByRequest:
            return self.retry("read", lambda: select_batch(self.jobs, request, slot, limit, find))

        batch = select()
        if sum(len(slots) for _, slots in batch) < limit:
            self.sleep(BATCH_WINDOW_SECONDS)
            batch = select()
        return batch

    def _start(self, request: GenerationRequest, slots: Sequence[Slot], batch_size: int) -> Run:
        """Queues jobs of a request in this process; a thread of its own publishes their events."""
        tracker = DatabaseJobTracker(self.jobs, self.variants, request, self.renders.metrics)
        run = self.renders.start(request, Priority.API, tracker, slots, batch_size=batch_size)
        self.followers.submit(self._follow, run, tracker)
        return run

    def finish(self) -> None:
        """In an orderly shutdown: finishes the images and publishes how their jobs ended."""
        if "followers" not in self.__dict__:
            return  # This process has rendered nothing.
        self.renders.close()
        self.closing.set()
        self.retry.close()
        self.followers.shutdown()

    def _follow(self, run: Run, tracker: DatabaseJobTracker) -> None:
        """Publishes a run's events and renews its leases until its jobs have ended here."""
        try:
            with self.heartbeat.tracking(tracker):
                for event in self._events(run):
                    self._publish(run, event, tracker)
        except (WorkerHungError, DeviceLostError) as error:
            self._exit_process(error)
        except StudioError as error:
            log.warning("events of request %s are not published: %s", run.request.id, error)
        except Exception:
            log.exception("events of request %s are not published", run.request.id)

    def _events(self, run: Run) -> Iterator[Event]:
        """The events of a run but for the first of each job, which was published by whoever queued
        it.

        Raises WorkerHungError and DeviceLostError.
        """
        sequence = len(run.jobs)
        while not run.is_finished or run.events_from(sequence):
            if run.wait(sequence, POLL_INTERVAL_SECONDS):
                yield run.wait_for(sequence)
                sequence += 1
            elif self.closing.is_set():
                return
            else:
                self.renders.check(self.stall_timeout_seconds)
                self._look_for_listeners(run)

    def _publish(self, run: Run, event: Event, tracker: DatabaseJobTracker) -> None:
        """Appends an event to the request's log in Redis.

        An event that Redis does not take is lost. The end of a job is not: the API reads it from
        the job table.
        """
        if isinstance(event, JOB_END_EVENTS) and not self.retry(
            "read", lambda: tracker.is_terminal(event.slot)
        ):
            return  # A newer attempt has the lease, and will publish its end.
        if isinstance(event, TERMINAL_EVENTS) and not isinstance(event, JOB_END_EVENTS):
            return
        if self._append_events(run.request.id, [to_event_message(event)]):
            run.listen()

    def _append_events(self, request_id: str, events: Sequence[EventMessage]) -> bool:
        """Returns whether somebody reads the request's events."""
        if not events:
            return False
        try:
            with broker_errors():
                return self.event_log.append(request_id, events)
        except StorageUnavailableError as error:
            log.warning("events of request %s not published: %s", request_id, error)
            return False

    def _look_for_listeners(self, run: Run) -> None:
        """Lets previews be made while somebody reads the request's events."""
        try:
            with broker_errors():
                if self.event_log.has_listeners(run.request.id):
                    run.listen()
        except StorageUnavailableError:
            pass  # Nobody reads events while Redis is away.

    def _exit_process(self, error: StudioError) -> NoReturn:
        """Releases the jobs for a retry and ends this process; the pool starts a new one.

        Images that only wait for their finish get a few seconds for it. After a lost device the
        whole worker ends, for its service manager to restart it.
        """
        self.exiting.acquire()
        log.critical("%s", error)
        self.renders.finish_images(EXIT_GRACE_SECONDS)
        try:
            for tracker in self.heartbeat.tracked:
                tracker.give_back(error.message)
        except StudioError as store_error:
            log.warning("jobs not released, their leases will time out: %s", store_error)
        if isinstance(error, DeviceLostError):
            self.device_lost.set()
        logging.shutdown()
        os._exit(error.exit_code)
