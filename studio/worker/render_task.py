"""The Celery task that renders one job and publishes its events."""

import logging
import os
from collections.abc import Callable
from functools import cached_property
from multiprocessing.synchronize import Event as ProcessEvent
from typing import NoReturn

from billiard.exceptions import SoftTimeLimitExceeded
from celery import Task
from prometheus_client import start_http_server

from studio.app import AppContainer, create_app_container
from studio.errors import (
    DeviceLostError,
    NotFoundError,
    StorageUnavailableError,
    StudioError,
    WorkerHungError,
)
from studio.recipes.generation.events import JOB_END_EVENTS, TERMINAL_EVENTS, Event
from studio.recipes.serving.request_status import EventMessage, to_event_message
from studio.recipes.themes.preset import SLOTS
from studio.services.rendering.render_queue import Priority
from studio.services.rendering.renderer import Renderer
from studio.services.rendering.run import Run
from studio.services.requests.celery_app import TASK_NAME
from studio.services.requests.event_log import RedisEventLog, broker_errors, connect_redis
from studio.services.requests.job_tracker import DatabaseJobTracker
from studio.services.store_retry import StoreRetry
from studio.settings import Settings
from studio.worker.heartbeat import HeartbeatThread

log = logging.getLogger(__name__)

STALL_TIMEOUT_SECONDS = 300.0
"""Seconds without progress after which a job gets no more heartbeats and is requeued."""
POLL_INTERVAL_SECONDS = 1.0
"""Seconds between checks of whether this process can still render, while no event comes."""


class RenderTask(Task):  # type: ignore[misc]
    """The Celery task: renders one job and publishes its events.

    A process of the pool opens its studio when it renders for the first time.
    """

    name = TASK_NAME
    abstract = True
    settings: Settings
    renderer: Callable[[], Renderer] | None = None
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

    @cached_property
    def event_log(self) -> RedisEventLog:
        return RedisEventLog(connect_redis(self.settings.broker_url.get_secret_value()))

    @cached_property
    def heartbeat(self) -> HeartbeatThread:
        return HeartbeatThread(lambda: self.studio.rendering.renders.check(STALL_TIMEOUT_SECONDS))

    @cached_property
    def retry(self) -> StoreRetry:
        return StoreRetry()

    def run(self, request_id: str, slot: str) -> None:
        """Celery calls this for each message of the queue."""
        tracker: DatabaseJobTracker | None = None
        try:
            studio = self.retry("open", lambda: self.studio)
            jobs = studio.stores.jobs
            request = self.retry("read", lambda: jobs.requests.get(request_id))
            tracker = DatabaseJobTracker(
                jobs, studio.stores.variants, request, studio.rendering.renders.metrics
            )
            slots = tuple(known for known in SLOTS if known == slot)
            run = studio.rendering.renders.start(request, Priority.API, tracker, slots)
            with self.heartbeat.tracking(tracker):
                self._publish_events(run, tracker)
        except NotFoundError as error:
            log.warning("job skipped: %s", error)  # Its request was deleted in the meantime.
        except SoftTimeLimitExceeded:
            self._exit_process(tracker, WorkerHungError("engine.job_hangs"))
        except (WorkerHungError, DeviceLostError) as error:
            self._exit_process(tracker, error)

    def _publish_events(self, run: Run, tracker: DatabaseJobTracker) -> None:
        """Publishes the events of a run until its job has ended here.

        Raises WorkerHungError and DeviceLostError.
        """
        sequence = 0
        while True:
            if not run.wait(sequence, POLL_INTERVAL_SECONDS):
                self.studio.rendering.renders.check(STALL_TIMEOUT_SECONDS)
                continue
            event = run.wait_for(sequence)
            if sequence:  # The first event, "queued", was published by whoever queued the job.
                self._publish(run.request.id, event, tracker)
            if isinstance(event, TERMINAL_EVENTS):
                return
            sequence += 1

    def _publish(self, request_id: str, event: Event, tracker: DatabaseJobTracker) -> None:
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
        try:
            self._append(request_id, to_event_message(event))
        except StorageUnavailableError as error:
            log.warning("event of request %s not published: %s", request_id, error)

    def _append(self, request_id: str, event: EventMessage) -> None:
        with broker_errors():
            self.event_log.append(request_id, [event])

    def _exit_process(self, tracker: DatabaseJobTracker | None, error: StudioError) -> NoReturn:
        """Releases the job for a retry and ends this process; the pool starts a new one.

        After a lost device the whole worker ends, for its service manager to restart it.
        """
        log.critical("%s", error)
        try:
            if tracker is not None:
                tracker.give_back(error.message)
        except StudioError as store_error:
            log.warning("job not released, its heartbeat timeout will requeue it: %s", store_error)
        if isinstance(error, DeviceLostError):
            self.device_lost.set()
        logging.shutdown()
        os._exit(error.exit_code)
