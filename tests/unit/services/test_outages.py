"""Jobs during outages: store away, slow webhook, lost device. Issue 18, 1 and 2."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import update

from studio.errors import DeviceLostError, StorageError, StorageUnavailableError, WorkerHungError
from studio.recipes.generation.events import (
    JOB_END_EVENTS,
    Event,
    JobCompleted,
    JobFailed,
    StepCompleted,
)
from studio.recipes.generation.job import GenerationRequest, Variant
from studio.recipes.moderation import ImageModerationResult
from studio.recipes.serving.request_status import JobState, to_event_message
from studio.recipes.themes.preset import SLOTS, Slot
from studio.services.metrics import Metrics
from studio.services.rendering import cancellation_poll
from studio.services.rendering.cancellation_poll import CancellationPoll
from studio.services.rendering.job_completion import STORE_AWAY
from studio.services.rendering.render_queue import RenderQueue
from studio.services.rendering.render_service import RenderService
from studio.services.rendering.run import Run
from studio.services.requests.job_tracker import DatabaseJobTracker
from studio.services.requests.runner import LocalRunner
from studio.services.store_retry import StoreRetry
from studio.store.base_images import BaseImageStore
from studio.store.database import Database, database_url
from studio.store.images.files import FileImageStore
from studio.store.job_queue import EXPIRED_MESSAGE, JobQueue
from studio.store.jobs import JobStore
from studio.store.locks import ServerLock
from studio.store.queue_stats import QueueStats
from studio.store.requests import RequestStore
from studio.store.tables import JobRow
from studio.store.variants import VariantStore
from tests import examples
from tests.fake_renderer import FakeRenderer
from tests.waiting import LONG, until


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

    def admit(self, request_id: str = examples.REQUEST_ID) -> GenerationRequest:
        request = examples.request(
            id=request_id, base_image=self.base, theme_version=1, client="app"
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


def test_claim_waits_for_a_store_that_is_away(tmp_path: Path) -> None:
    bench = Bench(tmp_path, FakeRenderer())
    request = bench.admit()
    bench.outage.begin()
    run = bench.start(request)
    bench.outage.end()
    assert done(list(run.events())) == [*SLOTS]
    assert bench.states() == ["done"] * 4
    assert len(bench.renderer.rendered) == 4


def test_rendered_image_waits_until_it_can_be_stored(tmp_path: Path) -> None:
    gate = threading.Semaphore(1)
    bench = Bench(tmp_path, FakeRenderer(steps=3, gate=gate))
    run = bench.start(bench.admit())
    events = run.events()
    events_so_far = [next(events)]
    while not isinstance(events_so_far[-1], StepCompleted):
        events_so_far.append(next(events))
    bench.outage.begin()
    gate.release(100)
    bench.outage.end()
    events_so_far += events
    assert done(events_so_far) == [*SLOTS]
    assert len(bench.renderer.rendered) == 4
    assert len(bench.variants.list_for_request(examples.REQUEST_ID)) == 4


def test_test_run_fails_after_a_timeout_while_the_store_is_away(tmp_path: Path) -> None:
    bench = Bench(tmp_path, FakeRenderer())
    request = examples.request(base_image=bench.base)
    bench.outage.begin()
    failed = [e for e in bench.service.start(request).events() if isinstance(e, JobFailed)]
    assert [event.message for event in failed] == [STORE_AWAY] * 4
    bench.outage.end()
    assert done(list(bench.service.start(request).events())) == [*SLOTS]


def test_result_that_cannot_be_stored_fails_without_retry(tmp_path: Path) -> None:
    """Issue 18, 9."""
    bench = Bench(tmp_path, FakeRenderer())
    bench.variants.outage = Outage()
    bench.variants.outage.begin(StorageError("the words hold a character that no database takes"))
    failed = [e for e in bench.start(bench.admit()).events() if isinstance(e, JobFailed)]
    assert len(failed) == 4
    assert len(bench.renderer.rendered) == 4
    assert bench.states() == ["failed"] * 4


def test_slow_webhook_delays_neither_rendering_nor_other_images(tmp_path: Path) -> None:
    """Issue 18, 13."""
    moderated = threading.Event()
    bench = Bench(tmp_path, FakeRenderer(), moderated)
    run = bench.start(bench.admit())
    events = run.events()
    shown: list[Event] = []
    while len(done(shown)) < 3:
        shown.append(next(events))
    assert done(shown) == ["B", "C", "D"]
    moderated.set()
    assert done(shown + list(events)) == [*SLOTS]


def test_lost_device_requeues_jobs_and_stops_rendering(tmp_path: Path) -> None:
    error = DeviceLostError("CUDA error: device-side assert triggered")
    bench = Bench(tmp_path, FakeRenderer(errors={"A": error}))
    run = bench.start(bench.admit())
    trial = bench.service.start(examples.request(id="e" * 32, base_image=bench.base))
    assert [str(e.message) for e in trial.events() if isinstance(e, JobFailed)] == [str(error)] * 4
    assert [run.wait_for(number).kind for number in (4, 5)] == ["started", "queued"]
    assert run.pending_slots == SLOTS
    assert bench.states() == ["queued"] * 4
    assert [job.attempts for job in bench.jobs.requests.get_status(examples.REQUEST_ID).jobs] == [
        1,
        0,
        0,
        0,
    ]
    assert [job.slot for job in bench.renderer.rendered] == ["A"]
    with pytest.raises(DeviceLostError, match="device-side assert"):
        bench.runner.run_maintenance()
    with pytest.raises(DeviceLostError):
        bench.service.render_preview(examples.job(base_image=bench.base))


def test_job_of_another_process_is_published_as_queued(tmp_path: Path) -> None:
    """Issue 18, 12: two servers on one store told clients that such a job was cancelled."""
    bench = Bench(tmp_path, FakeRenderer())
    request = bench.admit()
    assert bench.jobs.queue.claim(request.id, "A") is not None
    events = [event for event in bench.start(request).events() if event.slot == "A"]
    assert [(to_event_message(e).type, to_event_message(e).is_terminal) for e in events] == [
        ("queued", False)
    ] * 2


def test_unknown_running_job_is_requeued(tmp_path: Path) -> None:
    """As when a claim was written, and the answer to it was lost."""
    bench = Bench(tmp_path, FakeRenderer())
    request = bench.admit()
    assert bench.jobs.queue.claim(request.id, "A") is not None
    bench.runner.run_maintenance()
    assert bench.states() == ["running", "queued", "queued", "queued"]
    expire_heartbeats(bench)
    bench.runner.run_maintenance(is_clock_steady=False)
    assert bench.states() == ["running", "queued", "queued", "queued"]
    bench.runner.run_maintenance()
    assert done(list(bench.service.run(request.id).events())) == [*SLOTS]
    expire_heartbeats(bench)
    bench.runner.run_maintenance()
    assert bench.states() == ["done"] * 4


def expire_heartbeats(bench: Bench) -> None:
    with bench.database.write_session() as session:
        session.execute(update(JobRow).values(heartbeat_at=examples.LONG_AGO))


def test_hung_job_is_detected_by_the_monotonic_clock(tmp_path: Path) -> None:
    """Issue 18, 12."""
    gate, now = threading.Semaphore(1), [0.0]
    bench = Bench(tmp_path, FakeRenderer(gate=gate), clock=lambda: now[0])
    run = bench.start(bench.admit())
    events = run.events()
    while not isinstance(next(events), StepCompleted):
        pass
    bench.service.check(600)
    now[0] = 601
    with pytest.raises(WorkerHungError, match="no progress for 600 s"):
        bench.service.check(600)
    gate.release(100)
    assert len(done(list(events))) == 4


def wait_until_started(run: Run) -> None:
    """Waits for the first step."""
    assert any(isinstance(event, StepCompleted) for event in run.events())


def attempts(bench: Bench) -> list[int]:
    return [job.attempts for job in bench.jobs.requests.get_status(examples.REQUEST_ID).jobs]


def test_orderly_shutdown_requeues_jobs_without_counting_the_attempt(
    tmp_path: Path,
) -> None:
    """Issue 18, 14 (security review, 4.5)."""
    gate = threading.Semaphore(1)
    first = Bench(tmp_path, FakeRenderer(gate=gate))
    run = first.start(first.admit())
    wait_until_started(run)
    first.runner.release_jobs()
    assert first.states() == ["queued"] * 4
    assert attempts(first) == [0] * 4
    gate.release(100)  # What is still under way in the dying process changes nothing.
    assert not done(list(run.events()))
    assert [job.slot for job in first.renderer.rendered] == ["A"]
    assert first.states() == ["queued"] * 4
    second = Bench(tmp_path, FakeRenderer())
    assert second.runner.resume_interrupted() == 1
    assert done(list(second.service.run(examples.REQUEST_ID).events())) == [*SLOTS]
    assert attempts(second) == [1] * 4


def test_hung_attempt_counts_at_shutdown(tmp_path: Path) -> None:
    gate, now = threading.Semaphore(1), [0.0]
    bench = Bench(tmp_path, FakeRenderer(gate=gate), clock=lambda: now[0])
    wait_until_started(bench.start(bench.admit()))
    now[0] = 1e6
    bench.runner.release_jobs()
    assert bench.states() == ["running", "queued", "queued", "queued"]
    assert attempts(bench) == [1, 0, 0, 0]
    gate.release(100)


def test_shutdown_does_not_wait_for_a_store_that_is_away(tmp_path: Path) -> None:
    gate = threading.Semaphore(1)
    bench = Bench(tmp_path, FakeRenderer(gate=gate))
    wait_until_started(bench.start(bench.admit()))
    bench.outage.begin()
    bench.runner.release_jobs()
    bench.outage.end()
    assert bench.states() == ["running", "queued", "queued", "queued"]
    gate.release(100)


def test_close_returns_while_the_store_is_away(tmp_path: Path) -> None:
    bench = Bench(tmp_path, FakeRenderer())
    bench.outage.begin()
    bench.start(bench.admit())
    assert bench.outage.noticed.wait(LONG)
    closing = threading.Thread(target=bench.service.close, daemon=True)
    closing.start()
    closing.join(LONG)
    assert not closing.is_alive()


def test_rerendered_variant_continues_the_events_of_its_run(tmp_path: Path) -> None:
    """Followers count events: a run that began anew at 0 left them without the end."""
    bench = Bench(tmp_path, FakeRenderer())
    request = bench.admit()
    run = bench.start(request)
    events_so_far = list(run.events())
    with bench.database.write_session() as session:
        of_b = update(JobRow).where(JobRow.slot == "B")
        session.execute(of_b.values(state="queued", attempts=0))
    bench.runner.enqueue(request, ("B",))
    assert bench.service.run(request.id) is run
    events = list(run.events())
    assert events[: len(events_so_far)] == events_so_far
    assert [
        event.slot for event in events[len(events_so_far) :] if isinstance(event, JobCompleted)
    ] == ["B"]


def test_expired_jobs_end_and_the_running_one_goes_on(tmp_path: Path) -> None:
    gate = threading.Semaphore(1)
    bench = Bench(tmp_path, FakeRenderer(gate=gate))
    run = bench.start(bench.admit())
    events = run.events()
    while not isinstance(next(events), StepCompleted):
        pass
    with bench.database.write_session() as session:
        session.execute(update(JobRow).values(expires_at=examples.LONG_AGO))
    overdue = bench.jobs.queue.expire_overdue()[examples.REQUEST_ID]
    assert overdue == ("B", "C", "D")
    bench.service.drop(examples.REQUEST_ID, overdue)
    gate.release(100)
    remaining = list(events)
    assert done(remaining) == ["A"]
    assert [e.message for e in remaining if isinstance(e, JobFailed)] == [EXPIRED_MESSAGE] * 3


def rendering_run(bench: Bench) -> Run:
    """A run of a client's request whose job A is at its first step."""
    run = bench.start(bench.admit())
    wait_until_started(run)
    return run


def test_no_step_of_a_render_reads_the_job_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Issue 20, 2: a poll each second does, and it finds what another process has cancelled."""
    monkeypatch.setattr(cancellation_poll, "INTERVAL_SECONDS", LONG)
    gate = threading.Semaphore(1)
    bench = Bench(tmp_path, FakeRenderer(steps=5, gate=gate))
    run = rendering_run(bench)
    gate.release(3)
    until(lambda: len([e for e in run.events_from(0) if isinstance(e, StepCompleted)]) == 4)
    assert bench.leases.lease_checks == 0
    poll = CancellationPoll(bench.service.active_runs)
    poll.poll()
    assert bench.leases.lease_checks == 1
    assert not run.should_stop("A")
    bench.jobs.queue.cancel(examples.REQUEST_ID)
    bench.outage.begin()
    poll.poll()
    assert not run.should_stop("A")
    bench.outage.end()
    poll.poll()
    assert run.should_stop("A")
    gate.release(100)
    ends = {event.kind for event in run.events() if isinstance(event, JOB_END_EVENTS)}
    assert ends == {"cancelled"}
    assert [job.slot for job in bench.renderer.rendered] == ["A"]


def test_poll_of_an_older_rendering_does_not_stop_a_newer_one(tmp_path: Path) -> None:
    gate = threading.Semaphore(1)
    bench = Bench(tmp_path, FakeRenderer(steps=2, gate=gate))
    run = rendering_run(bench)
    [(slot, rendering)] = run.rendering.items()
    run.begin_rendering(slot)
    run.lose(slot, rendering)
    assert not run.should_stop(slot)
    gate.release(100)
    assert done(list(run.events())) == [*SLOTS]
