"""What becomes of jobs while the store is away, a webhook is slow, or the device is lost. Issue 18, 1 and 2."""

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import update

from studio.errors import DeviceLost, StorageError, StorageUnavailableError, WorkerHungError
from studio.recipes.generation.events import Event, JobCompleted, JobFailed, StepCompleted
from studio.recipes.generation.job import GenerationRequest, Variant
from studio.recipes.moderation import ImageModerationResult
from studio.recipes.serving.request_status import JobState, to_event_message
from studio.recipes.themes.preset import SLOTS, Slot
from studio.services.metrics import Metrics
from studio.services.rendering.fake_renderer import FakeRenderer
from studio.services.rendering.job_completion import AWAY
from studio.services.rendering.render_queue import RenderQueue
from studio.services.rendering.render_service import RenderService
from studio.services.rendering.run import Run
from studio.services.requests.job_tracker import DatabaseJobTracker
from studio.services.requests.runner import LocalRunner
from studio.services.store_retry import StoreRetry
from studio.store.base_images import BaseImageStore
from studio.store.database import Database, database_url
from studio.store.images.files import FileImageStore
from studio.store.jobs import EXPIRED_MESSAGE, JobStore
from studio.store.locks import ServerLock
from studio.store.tables import JobRow
from studio.store.variants import VariantStore
from tests import examples
from tests.waiting import LONG


class Outage:
    """The store is away while `error` is set; `met` after somebody has noticed."""

    def __init__(self) -> None:
        self.error: StorageError | None = None
        self.met = threading.Event()

    def begin(self, error: StorageError | None = None) -> None:
        self.met.clear()
        self.error = error or StorageUnavailableError("the database was shut down")

    def end(self) -> None:
        assert self.met.wait(LONG)
        self.error = None

    def check(self) -> None:
        if self.error is not None:
            self.met.set()
            raise self.error


class Jobs(JobStore):
    outage: Outage

    def claim(self, request_id: str, slot: Slot) -> object:  # type: ignore[override]
        self.outage.check()
        return super().claim(request_id, slot)

    def is_lease_valid(self, ticket: object) -> bool:
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

    def add(self, variant: Variant, png: bytes) -> None:
        self.outage.check()
        super().add(variant, png)


class Bench:
    """The service on a real store that can be taken away."""

    def __init__(
        self, folder: Path, renderer: FakeRenderer, judged: threading.Event | None = None
    ) -> None:
        """`judged`: recipe A's picture is judged for as long as that is not set."""
        url = f"sqlite:///{folder}/s.db"
        database, images = Database(url), FileImageStore(folder / "p")
        self.outage, self.renderer = Outage(), renderer
        self.bases, self.jobs = BaseImageStore(database, images), Jobs(database)
        self.variants = Variants(database, images)
        self.jobs.outage = self.variants.outage = self.outage
        png = examples.png(mode="RGB", color=(240, 240, 240))
        self.base = examples.base_image(sha256=images.write(png))
        self.bases.upsert(self.base, png)

        def judge(_: GenerationRequest, slot: Slot, __: Image.Image) -> ImageModerationResult:
            if judged is not None and slot == "A":
                judged.wait(LONG)
            return ImageModerationResult()

        self.service = RenderService(
            self.bases, self.variants, RenderQueue(), lambda: renderer, judge=judge,
            retry=StoreRetry(patience=0.0, first_pause=0.001, longest_pause=0.01),
        )  # fmt: skip
        lock = ServerLock(database_url(url))
        self.runner = LocalRunner(self.service, self.jobs, self.variants, lock)

    def admit(self, request_id: str = examples.REQUEST_ID) -> GenerationRequest:
        request = examples.request(
            id=request_id, base_image=self.base, theme_version=1, client="app"
        )
        until = datetime.now(UTC) + timedelta(minutes=5)
        return self.jobs.get(self.jobs.create(request, "app", "live", until)[0].id)

    def start(self, request: GenerationRequest) -> Run:
        ledger = DatabaseJobTracker(self.jobs, self.variants, request, Metrics())
        return self.service.start(request, ledger=ledger)

    def states(self) -> list[str]:
        return [job.state for job in self.jobs.get_status(examples.REQUEST_ID).jobs]


def done(events: list[Event]) -> list[str]:
    return [event.slot for event in events if isinstance(event, JobCompleted)]


def test_a_store_that_is_away_when_a_job_is_claimed_is_waited_for(tmp_path: Path) -> None:
    bench = Bench(tmp_path, FakeRenderer())
    request = bench.admit()
    bench.outage.begin()
    run = bench.start(request)
    bench.outage.end()
    assert done(list(run.events())) == [*SLOTS]
    assert bench.states() == ["done"] * 4
    assert len(bench.renderer.rendered) == 4


def test_a_finished_image_is_kept_until_it_can_be_stored(tmp_path: Path) -> None:
    gate = threading.Semaphore(1)
    bench = Bench(tmp_path, FakeRenderer(steps=3, gate=gate))
    run = bench.start(bench.admit())
    events = run.events()
    seen = [next(events)]
    while not isinstance(seen[-1], StepCompleted):
        seen.append(next(events))
    bench.outage.begin()
    gate.release(100)  # Each further step asks the store whether the job still counts.
    bench.outage.end()
    seen += events
    assert done(seen) == [*SLOTS]
    assert len(bench.renderer.rendered) == 4
    assert len(bench.variants.list_for_request(examples.REQUEST_ID)) == 4


def test_a_trial_run_waits_for_a_while_then_says_why_there_is_no_image(tmp_path: Path) -> None:
    bench = Bench(tmp_path, FakeRenderer())
    request = examples.request(base_image=bench.base)
    bench.outage.begin()
    failed = [e for e in bench.service.start(request).events() if isinstance(e, JobFailed)]
    assert [event.message for event in failed] == [AWAY] * 4
    bench.outage.end()
    assert done(list(bench.service.start(request).events())) == [*SLOTS]


def test_what_can_never_be_stored_is_not_drawn_again(tmp_path: Path) -> None:
    """Issue 18, 9."""
    bench = Bench(tmp_path, FakeRenderer())
    bench.variants.outage = Outage()
    bench.variants.outage.begin(StorageError("the words hold a character that no database takes"))
    failed = [e for e in bench.start(bench.admit()).events() if isinstance(e, JobFailed)]
    assert len(failed) == 4
    assert len(bench.renderer.rendered) == 4
    assert bench.states() == ["failed"] * 4


def test_a_slow_webhook_does_not_hold_up_the_device(tmp_path: Path) -> None:
    """Issue 18, 13."""
    judged = threading.Event()
    bench = Bench(tmp_path, FakeRenderer(), judged)
    run = bench.start(bench.admit())
    events = run.events()
    while (event := next(events)).slot != "D" or not isinstance(event, StepCompleted):
        assert not isinstance(event, JobCompleted)
    judged.set()
    assert done(list(events)) == [*SLOTS]


def test_after_a_lost_device_jobs_go_back_and_nothing_more_is_drawn(tmp_path: Path) -> None:
    lost = DeviceLost("CUDA error: device-side assert triggered")
    bench = Bench(tmp_path, FakeRenderer(errors={"A": lost}))
    run = bench.start(bench.admit())
    trial = bench.service.start(examples.request(id="e" * 32, base_image=bench.base))
    assert [str(e.message) for e in trial.events() if isinstance(e, JobFailed)] == [str(lost)] * 4
    assert [run.wait_for(number).kind for number in (4, 5)] == ["started", "queued"]
    assert run.pending_slots == SLOTS
    assert bench.states() == ["queued"] * 4
    assert [job.attempts for job in bench.jobs.get_status(examples.REQUEST_ID).jobs] == [1, 0, 0, 0]
    assert [job.slot for job in bench.renderer.rendered] == ["A"]
    with pytest.raises(DeviceLost, match="device-side assert"):
        bench.runner.run_maintenance()
    with pytest.raises(DeviceLost):
        bench.service.render_preview(examples.job(base_image=bench.base))


def test_a_job_that_goes_on_elsewhere_is_told_as_queued(tmp_path: Path) -> None:
    """Issue 18, 12: two servers on one store told clients that such a job was cancelled."""
    bench = Bench(tmp_path, FakeRenderer())
    request = bench.admit()
    assert bench.jobs.claim(request.id, "A") is not None
    events = [event for event in bench.start(request).events() if event.slot == "A"]
    assert [(to_event_message(e).type, to_event_message(e).is_terminal) for e in events] == [
        ("queued", False)
    ] * 2


def test_what_nobody_here_knows_of_is_begun_anew(tmp_path: Path) -> None:
    """As when a claim was written, and the answer to it was lost."""
    bench = Bench(tmp_path, FakeRenderer())
    request = bench.admit()
    assert bench.jobs.claim(request.id, "A") is not None
    bench.runner.run_maintenance()
    assert bench.states() == ["running", "queued", "queued", "queued"]
    silence(bench)
    bench.runner.run_maintenance(is_even=False)
    assert bench.states() == ["running", "queued", "queued", "queued"]
    bench.runner.run_maintenance()
    assert done(list(bench.service.run(request.id).events())) == [*SLOTS]
    silence(bench)
    bench.runner.run_maintenance()
    assert bench.states() == ["done"] * 4


def silence(bench: Bench) -> None:
    with bench.jobs._database.write_session() as session:
        session.execute(update(JobRow).values(heartbeat_at=examples.LONG_AGO))


def test_a_job_that_hangs_is_noticed_by_a_clock_that_never_jumps(tmp_path: Path) -> None:
    """Issue 18, 12."""
    gate, now = threading.Semaphore(1), [0.0]
    bench = Bench(tmp_path, FakeRenderer(gate=gate))
    bench.service._lane = RenderQueue(clock=lambda: now[0])
    run = bench.start(bench.admit())
    events = run.events()
    while not isinstance(next(events), StepCompleted):
        pass
    bench.service.check(600)
    now[0] = 601
    with pytest.raises(WorkerHungError, match="no progress for over 600 s"):
        bench.service.check(600)
    gate.release(100)
    assert len(done(list(events))) == 4


def begun(run: Run) -> None:
    """Until its first step."""
    assert any(isinstance(event, StepCompleted) for event in run.events())


def attempts(bench: Bench) -> list[int]:
    return [job.attempts for job in bench.jobs.get_status(examples.REQUEST_ID).jobs]


def test_what_an_orderly_end_breaks_off_is_drawn_by_the_next_and_was_no_attempt(
    tmp_path: Path,
) -> None:
    """Issue 18, 14 (security review, 4.5)."""
    gate = threading.Semaphore(1)
    first = Bench(tmp_path, FakeRenderer(gate=gate))
    run = first.start(first.admit())
    begun(run)
    first.runner.let_go()
    assert first.states() == ["queued"] * 4
    assert attempts(first) == [0] * 4
    gate.release(100)  # What is still under way in the dying process changes nothing.
    assert not done(list(run.events()))
    assert [job.slot for job in first.renderer.rendered] == ["A"]
    assert first.states() == ["queued"] * 4
    second = Bench(tmp_path, FakeRenderer())
    assert second.runner.recover() == 1
    assert done(list(second.service.run(examples.REQUEST_ID).events())) == [*SLOTS]
    assert attempts(second) == [1] * 4


def test_an_attempt_that_hangs_counts_however_the_process_ends(tmp_path: Path) -> None:
    gate, now = threading.Semaphore(1), [0.0]
    bench = Bench(tmp_path, FakeRenderer(gate=gate))
    bench.service._lane = RenderQueue(clock=lambda: now[0])
    begun(bench.start(bench.admit()))
    now[0] = 1e6
    bench.runner.let_go()
    assert bench.states() == ["running", "queued", "queued", "queued"]
    assert attempts(bench) == [1, 0, 0, 0]
    gate.release(100)


def test_an_orderly_end_does_not_wait_for_a_store_that_is_away(tmp_path: Path) -> None:
    gate = threading.Semaphore(1)
    bench = Bench(tmp_path, FakeRenderer(gate=gate))
    begun(bench.start(bench.admit()))
    bench.outage.begin()
    bench.runner.let_go()
    bench.outage.end()
    assert bench.states() == ["running", "queued", "queued", "queued"]
    gate.release(100)


def test_closing_ends_while_the_store_is_away(tmp_path: Path) -> None:
    bench = Bench(tmp_path, FakeRenderer())
    bench.outage.begin()
    bench.start(bench.admit())
    assert bench.outage.met.wait(LONG)
    closing = threading.Thread(target=bench.service.close, daemon=True)
    closing.start()
    closing.join(LONG)
    assert not closing.is_alive()


def test_a_variant_that_is_drawn_once_more_joins_the_events_of_its_request(tmp_path: Path) -> None:
    """Followers count events: a run that began anew at 0 left them without the end."""
    bench = Bench(tmp_path, FakeRenderer())
    request = bench.admit()
    run = bench.start(request)
    seen = list(run.events())
    with bench.jobs._database.write_session() as session:
        of_b = update(JobRow).where(JobRow.slot == "B")
        session.execute(of_b.values(state="queued", attempts=0))
    bench.runner.enqueue(request, ("B",))
    assert bench.service.run(request.id) is run
    more = list(run.events())
    assert more[: len(seen)] == seen
    assert [event.slot for event in more[len(seen) :] if isinstance(event, JobCompleted)] == ["B"]


def test_what_expires_ends_alone(tmp_path: Path) -> None:
    gate = threading.Semaphore(1)
    bench = Bench(tmp_path, FakeRenderer(gate=gate))
    run = bench.start(bench.admit())
    events = run.events()
    while not isinstance(next(events), StepCompleted):
        pass
    with bench.jobs._database.write_session() as session:
        session.execute(update(JobRow).values(expires_at=examples.LONG_AGO))
    late = bench.jobs.expire_overdue()[examples.REQUEST_ID]
    assert late == ("B", "C", "D")
    bench.service.drop(examples.REQUEST_ID, late)
    gate.release(100)
    rest = list(events)
    assert done(rest) == ["A"]
    assert [e.message for e in rest if isinstance(e, JobFailed)] == [EXPIRED_MESSAGE] * 3
