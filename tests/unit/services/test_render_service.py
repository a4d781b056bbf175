"""Runs through the render service: events, partial failure, cancellation, batches."""

import threading
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from PIL import Image

from studio.errors import NotFoundError, RenderError
from studio.imaging.png_io import decode_png
from studio.imaging.png_metadata import read_metadata
from studio.recipes.base_image import BaseImage
from studio.recipes.generation.events import (
    Event,
    JobCancelled,
    JobCompleted,
    JobFailed,
    StepCompleted,
)
from studio.recipes.generation.job import GenerationRequest
from studio.recipes.moderation import ImageModerationResult, ModerationPolicy
from studio.recipes.themes.preset import Slot
from studio.services.rendering.job_completion import OutputModerator
from studio.services.rendering.render_queue import Priority, RenderQueue
from studio.services.rendering.render_service import RenderService, allow_all
from studio.services.rendering.run import Run
from studio.services.rendering.run_registry import MAX_FINISHED_RUNS
from studio.store.base_images import BaseImageStore
from studio.store.database import Database
from studio.store.images.files import FileImageStore
from studio.store.variants import VariantStore
from tests import examples
from tests.fake_renderer import FakeRenderer
from tests.waiting import LONG, until


class ClosingQueue(RenderQueue):
    """Tells when its shutdown begins."""

    def __init__(self) -> None:
        super().__init__()
        self.closing = threading.Event()

    def shutdown(self, *args: Callable[[], object]) -> None:
        self.closing.set()
        super().shutdown(*args)


class ObservedService(RenderService):
    """Calls `before_finished` when a run has ended and the service does not know it yet."""

    before_finished: Callable[[Run], None] = staticmethod(lambda _: None)

    def _on_run_finished(self, finished: Run) -> None:
        self.before_finished(finished)
        super()._on_run_finished(finished)


class Bench:
    """The render service with a real store and a fake renderer."""

    def __init__(
        self, folder: Path, renderer: FakeRenderer, moderate: OutputModerator = allow_all
    ) -> None:
        database, images = Database(f"sqlite:///{folder}/s.db"), FileImageStore(folder / "p")
        self.base_images, self.variants = (
            BaseImageStore(database, images),
            VariantStore(database, images),
        )
        png = examples.png(mode="RGB", color=(240, 240, 240))
        self.base: BaseImage = examples.base_image(sha256=images.write(png))
        self.base_images.upsert(self.base, png)
        self.queue = ClosingQueue()
        self.service = ObservedService(
            self.base_images, self.variants, self.queue, lambda: renderer, moderate=moderate
        )

    def request(self, **changes: object) -> GenerationRequest:
        return examples.request(base_image=self.base, **changes)


def done(events: Iterable[Event]) -> list[str]:
    """The slots with an image. Images are finished side by side: their order is not certain."""
    return sorted(event.slot for event in events if isinstance(event, JobCompleted))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def test_events_of_each_job_come_in_order(folder: Path) -> None:
    bench = Bench(folder, FakeRenderer(steps=2))
    events = list(bench.service.start(bench.request()).events())
    assert [e.kind for e in events[:4]] == ["queued"] * 4
    kinds = [e.kind for e in events if e.slot == "A"]
    kinds.remove("preview")  # The finisher publishes it, at any time before the end.
    assert kinds == [
        "queued",
        "started",
        "loading",
        "step",
        "step",
        "done",
    ]
    assert done(events) == ["A", "B", "C", "D"]
    steps = [(e.done, e.total) for e in events if isinstance(e, StepCompleted) and e.slot == "B"]
    assert steps == [(1, 2), (2, 2)]


def test_variants_are_stored_with_their_metadata(folder: Path) -> None:
    bench = Bench(folder, FakeRenderer())
    request = bench.request(doodle=examples.doodle(), words="a red dress")
    ends = [e for e in bench.service.start(request).events() if isinstance(e, JobCompleted)]
    stored = bench.variants.list_for_request(request.id)
    assert {v.slot: v for v in stored} == {e.slot: e.variant for e in ends}
    assert {bench.variants.png(v) for v in stored} == {e.png for e in ends}
    assert '"prompt":"a red dress, soft colours"' in (
        read_metadata(decode_png(ends[0].png, "A")) or ""
    )


def test_one_failed_job_leaves_three_done(folder: Path) -> None:
    bench = Bench(folder, FakeRenderer(errors={"B": RenderError("no room for B")}))
    events = list(bench.service.start(bench.request()).events())
    assert done(events) == ["A", "C", "D"]
    assert [(e.slot, str(e.message)) for e in events if isinstance(e, JobFailed)] == [
        ("B", "no room for B")
    ]


def test_unexpected_error_fails_the_job_without_its_text(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bench = Bench(folder, FakeRenderer(errors={"A": ZeroDivisionError("secret /path")}))
    failed = [e for e in bench.service.start(bench.request()).events() if isinstance(e, JobFailed)]
    assert [e.slot for e in failed] == ["A"]
    assert "secret" not in str(failed[0].message)
    assert "secret" in caplog.text
    assert len(list(bench.service.start(bench.request(id="f" * 32)).events())) > 4


def test_cancel_ends_one_run_within_a_step_and_not_another(folder: Path) -> None:
    gate = threading.Semaphore(1)
    bench = Bench(folder, FakeRenderer(steps=3, gate=gate))
    first = bench.service.start(bench.request())
    second = bench.service.start(bench.request(id="e" * 32))
    events = first.events()
    while not isinstance(next(events), StepCompleted):
        pass
    bench.service.cancel(first.request.id)
    gate.release(100)
    remaining = list(events)
    assert sorted(e.slot for e in remaining if isinstance(e, JobCancelled)) == ["A", "B", "C", "D"]
    assert done(second.events()) == ["A", "B", "C", "D"]
    assert bench.variants.list_for_request(first.request.id) == []


def test_cancelling_a_queued_run_is_immediate(folder: Path) -> None:
    gate = threading.Semaphore(0)
    bench = Bench(folder, FakeRenderer(gate=gate))
    bench.service.start(bench.request())
    waiting = bench.service.start(bench.request(id="e" * 32))
    bench.service.cancel(waiting.request.id)
    assert [e.kind for e in waiting.events()] == ["queued"] * 4 + ["cancelled"] * 4
    gate.release(100)


def test_finished_run_can_be_followed_from_its_first_event(folder: Path) -> None:
    bench = Bench(folder, FakeRenderer(steps=2))
    run = bench.service.start(bench.request())
    events = list(run.events())
    assert list(bench.service.run(run.request.id).events()) == events


def test_oldest_finished_runs_are_forgotten(folder: Path) -> None:
    bench = Bench(folder, FakeRenderer(steps=1))
    runs = [
        bench.service.start(bench.request(id=f"{i:032x}")) for i in range(MAX_FINISHED_RUNS + 1)
    ]
    bench.service.close()
    with pytest.raises(NotFoundError, match="is not active"):
        bench.service.run(runs[0].request.id)
    assert bench.service.run(runs[1].request.id) is runs[1]


def test_cancelling_an_unknown_or_finished_run_does_nothing(folder: Path) -> None:
    bench = Bench(folder, FakeRenderer())
    run = bench.service.start(bench.request())
    assert len([e for e in run.events() if isinstance(e, JobCompleted)]) == 4
    bench.service.close()
    bench.service.cancel(run.request.id)
    bench.service.cancel("nobody")


def test_job_fails_when_the_image_cannot_be_stored(folder: Path) -> None:
    bench = Bench(folder, FakeRenderer())
    request = bench.request()
    (folder / "p").rename(folder / "q")
    (folder / "p").write_text("in the way")
    failed = [e for e in bench.service.start(request).events() if isinstance(e, JobFailed)]
    assert len(failed) == 4


def test_compatible_jobs_are_rendered_in_one_batch(folder: Path) -> None:
    renderer = FakeRenderer(max_batch_size=8)
    bench = Bench(folder, renderer)
    assert done(bench.service.start(bench.request()).events()) == ["A", "B", "C", "D"]
    assert renderer.batches == [4]


def test_failed_batch_is_rendered_one_by_one(
    folder: Path,
) -> None:
    renderer = FakeRenderer(errors={"C": RenderError("no room for C")}, max_batch_size=8)
    bench = Bench(folder, renderer)
    events = list(bench.service.start(bench.request()).events())
    assert done(events) == ["A", "B", "D"]
    assert [str(e.message) for e in events if isinstance(e, JobFailed)] == ["no room for C"]
    assert renderer.batches == [4, 1, 1, 1, 1]


def test_cancelled_batch_starts_none_of_its_jobs_again(folder: Path) -> None:
    gate = threading.Semaphore(1)
    renderer = FakeRenderer(gate=gate, max_batch_size=8)
    bench = Bench(folder, renderer)
    run = bench.service.start(bench.request())
    events = run.events()
    while not isinstance(next(events), StepCompleted):
        pass
    run.cancel()
    gate.release(100)
    assert sorted(e.slot for e in events if isinstance(e, JobCancelled)) == ["A", "B", "C", "D"]
    assert renderer.batches == [4]


def test_preview_is_rendered_and_not_stored(folder: Path) -> None:
    bench = Bench(folder, FakeRenderer())
    job = examples.job(base_image=bench.base)
    assert decode_png(bench.service.render_preview(job), "it").size == (256, 256)
    assert bench.variants.list_for_request(job.request_id) == []


def test_failed_preview_raises_and_the_queue_goes_on(folder: Path) -> None:
    bench = Bench(folder, FakeRenderer(errors={"A": RenderError("no room for A")}))
    job = examples.job(base_image=bench.base)
    for _ in range(2):
        with pytest.raises(RenderError, match="no room for A"):
            bench.service.render_preview(job)


def test_orderly_shutdown_is_not_taken_for_a_hang_and_renders_a_withheld_image_again(
    folder: Path,
) -> None:
    """Nothing of what waits for its moderation is lost."""
    release, judged = threading.Event(), list[Slot]()

    def moderate(_: GenerationRequest, slot: Slot, __: Image.Image) -> ImageModerationResult:
        assert release.wait(LONG)
        judged.append(slot)
        return ImageModerationResult(external_reason="no" if judged == ["A"] else None)

    bench = Bench(folder, FakeRenderer(), moderate)
    preset = examples.preset(safety=ModerationPolicy(regenerate_withheld=True))
    run = bench.service.start(bench.request(preset=preset), slots=("A",))
    assert run.wait_until_rendered(LONG)
    closing = threading.Thread(target=bench.service.close)
    closing.start()
    assert bench.queue.closing.wait(LONG)
    bench.service.check(stall_timeout_seconds=LONG)
    release.set()
    closing.join(LONG)
    bench.service.check(stall_timeout_seconds=LONG)
    assert run.is_finished
    assert judged == ["A", "A"]
    assert done(run.events()) == ["A"]


def test_run_that_goes_on_as_it_ends_stays_active(folder: Path) -> None:
    gate, resumed = threading.Semaphore(4), threading.Event()
    bench = Bench(folder, FakeRenderer(steps=1, gate=gate))

    def resume(run: Run) -> None:
        if not resumed.is_set():
            resumed.set()
            bench.service.resume(run, ("A",), Priority.API, 0)

    bench.service.before_finished = resume
    run = bench.service.start(bench.request())
    assert resumed.wait(LONG)
    bench.service.finish_images(LONG)
    assert bench.service.active_runs() == (run,)
    gate.release()
    until(lambda: run.is_finished)
    bench.service.close()
    assert bench.service.active_runs() == ()


def test_lane_is_busy_while_a_batch_is_rendered(folder: Path) -> None:
    gate = threading.Semaphore(1)
    bench = Bench(folder, FakeRenderer(gate=gate, max_batch_size=8))
    events = bench.service.start(bench.request()).events()
    while not isinstance(next(events), StepCompleted):
        pass
    assert bench.service.metrics.registry.get_sample_value("studio_workers_busy") == 1
    gate.release(100)
    assert done(events) == ["A", "B", "C", "D"]
    bench.service.close()
    assert bench.service.metrics.registry.get_sample_value("studio_workers_busy") == 0
