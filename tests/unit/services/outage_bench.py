"""The render service and a local runner on a store that can go away, and what tests ask of them."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from PIL import Image
from sqlalchemy import update

from studio.errors import StorageError, StorageUnavailableError
from studio.recipes.generation.events import Event, JobCompleted, StepCompleted
from studio.recipes.generation.job import GenerationRequest, Variant
from studio.recipes.moderation import ImageModerationResult
from studio.recipes.serving.request_status import JobState
from studio.recipes.themes.preset import Slot
from studio.services.metrics import Metrics
from studio.services.rendering.render_queue import RenderQueue
from studio.services.rendering.render_service import RenderService
from studio.services.rendering.run import Run
from studio.services.requests.job_tracker import DatabaseJobTracker
from studio.services.requests.runner import LocalRunner
from studio.services.store_retry import StoreRetry
from studio.store.base_images import BaseImageStore
from studio.store.database import Database, database_url
from studio.store.images.files import FileImageStore
from studio.store.job_queue import JobQueue
from studio.store.jobs import JobStore
from studio.store.locks import ServerLock
from studio.store.queue_stats import QueueStats
from studio.store.requests import RequestStore
from studio.store.tables import JobRow
from studio.store.variants import VariantStore
from tests import examples
from tests.fake_renderer import FakeRenderer
from tests.waiting import LONG


class Outage:
    """The store is away while `error` is set; `noticed` once somebody has tried to use it."""

    def __init__(self) -> None:
        self.error: StorageError | None = None
        self.noticed = threading.Event()

    def begin(self, error: StorageError | None = None) -> None:
        self.noticed.clear()
        self.error = error or StorageUnavailableError("the database was shut down")

    def end(self) -> None:
        assert self.noticed.wait(LONG)
        self.error = None

    def check(self) -> None:
        if self.error is not None:
            self.noticed.set()
            raise self.error


class FailingQueue(JobQueue):
    outage: Outage
    lease_checks = 0

    def claim(self, request_id: str, slot: Slot) -> object:  # type: ignore[override]
        self.outage.check()
        return super().claim(request_id, slot)

    def is_lease_valid(self, ticket: object) -> bool:
        self.lease_checks += 1
        self.outage.check()
        return super().is_lease_valid(ticket)  # type: ignore[arg-type]

    def complete(self, ticket: object, state: JobState, error: str = "") -> bool:
        self.outage.check()
        return super().complete(ticket, state, error)  # type: ignore[arg-type]

    def requeue(self, ticket: object) -> None:
        self.outage.check()
        super().requeue(ticket)  # type: ignore[arg-type]


class Variants(VariantStore):
    outage: Outage

    def add(self, variant: Variant, png: bytes, doodle: bytes | None = None) -> None:
        self.outage.check()
        super().add(variant, png, doodle)


class Bench:
    """The render service and a local runner on a real store that can go away."""

    def __init__(
        self,
        folder: Path,
        renderer: FakeRenderer,
        moderated: threading.Event | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """The moderation of recipe A's image waits for `moderated`; `clock` is the render
        queue's."""
        url = f"sqlite:///{folder}/s.db"
        database, images = Database(url), FileImageStore(folder / "p")
        self.outage, self.renderer = Outage(), renderer
        self.database = database
        self.base_images, queue = BaseImageStore(database, images), FailingQueue(database)
        self.leases = queue
        self.jobs = JobStore(RequestStore(database), queue, QueueStats(database))
        self.variants = Variants(database, images)
        queue.outage = self.variants.outage = self.outage
        png = examples.png(mode="RGB", color=(240, 240, 240))
        self.base = examples.base_image(sha256=images.write(png))
        self.base_images.upsert(self.base, png)

        def moderate(_: GenerationRequest, slot: Slot, __: Image.Image) -> ImageModerationResult:
            if moderated is not None and slot == "A":
                moderated.wait(LONG)
            return ImageModerationResult()

        self.service = RenderService(
            self.base_images,
            self.variants,
            RenderQueue(clock=clock),
            lambda: renderer,
            moderate=moderate,
            retry=StoreRetry(0.0, first_delay_seconds=0.001, max_delay_seconds=0.01),
        )
        lock = ServerLock(database_url(url))
        self.runner = LocalRunner(self.service, self.jobs, self.variants, lock)

    def admit(self, request_id: str = examples.REQUEST_ID, **changes: object) -> GenerationRequest:
        request = examples.request(
            id=request_id, base_image=self.base, theme_version=1, client="app", **changes
        )
        until = datetime.now(UTC) + timedelta(minutes=5)
        return self.jobs.requests.get(
            self.jobs.requests.create(request, "app", "live", until)[0].id
        )

    def start(self, request: GenerationRequest) -> Run:
        tracker = DatabaseJobTracker(self.jobs, self.variants, request, Metrics())
        return self.service.start(request, tracker=tracker)

    def states(self) -> list[str]:
        return [job.state for job in self.jobs.requests.get_status(examples.REQUEST_ID).jobs]


def done(events: list[Event]) -> list[str]:
    """The slots with an image. Images are finished side by side: their order is not certain."""
    return sorted(event.slot for event in events if isinstance(event, JobCompleted))


def expire_heartbeats(bench: Bench) -> None:
    with bench.database.write_session() as session:
        session.execute(update(JobRow).values(heartbeat_at=examples.LONG_AGO))


def wait_until_started(run: Run) -> None:
    """Waits for the first step."""
    assert any(isinstance(event, StepCompleted) for event in run.events())


def attempts(bench: Bench) -> list[int]:
    return [job.attempts for job in bench.jobs.requests.get_status(examples.REQUEST_ID).jobs]


def rendering_run(bench: Bench) -> Run:
    """A run of a client's request whose job A is at its first step."""
    run = bench.start(bench.admit())
    wait_until_started(run)
    return run
