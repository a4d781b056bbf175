"""Nothing but device work in the render thread: what runs beside it, in which order and threads.

Issue 20, 3. A simulated device shows it: renders and finishes that wait for one another would never
end if one thread did both.
"""

import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image

from studio.engine.results import RenderListener, RenderResult
from studio.recipes.generation.events import JobCompleted, PreviewReady
from studio.recipes.generation.job import GenerationRequest, RenderJob
from studio.recipes.generation.recipe import HiresFix, ModelRef
from studio.recipes.moderation import ImageModerationResult
from studio.recipes.themes.preset import RecipeSet, Slot
from studio.services.rendering import job_listener, preparer
from studio.services.rendering.finisher import Finisher
from studio.services.rendering.job_listener import PREVIEW_INTERVAL_SECONDS, PreviewPublisher
from studio.services.rendering.preparer import job_to_prefetch, prepares_ahead
from studio.services.rendering.render_queue import Priority, RenderQueue
from studio.services.rendering.render_service import RenderService
from studio.services.rendering.run import LISTENER_SECONDS, Run
from studio.services.rendering.tracker import NullJobTracker
from studio.store.base_images import BaseImageStore
from studio.store.database import Database
from studio.store.images.files import FileImageStore
from studio.store.variants import VariantStore
from tests import examples
from tests.fake_renderer import FakeRenderer
from tests.waiting import LONG, until


class SimulatedDevice(FakeRenderer):
    """A renderer that calls `on_render` with each job while it has the device."""

    def __init__(
        self,
        gate: threading.Semaphore | None = None,
        device_type: str = "cpu",
        max_batch_size: int = 1,
    ) -> None:
        super().__init__(2, gate=gate, device_type=device_type, max_batch_size=max_batch_size)

    def on_render(self, job: RenderJob) -> None:
        pass

    def render_batch(
        self,
        jobs: Sequence[RenderJob],
        base: Image.Image | Sequence[Image.Image],
        doodle: Image.Image | Sequence[Image.Image | None] | None,
        listeners: Sequence[RenderListener],
    ) -> tuple[RenderResult, ...]:
        for job in jobs:
            self.on_render(job)
        return super().render_batch(jobs, base, doodle, listeners)


class Bench:
    """The render service on a simulated device; `on_moderate` is called with each image's slot."""

    def __init__(self, folder: Path, device: SimulatedDevice, room: int = 8) -> None:
        database, images = Database(f"sqlite:///{folder}/s.db"), FileImageStore(folder / "p")
        base_images = BaseImageStore(database, images)
        png = examples.png(mode="RGB", color=(240, 240, 240))
        self.base = examples.base_image(sha256=images.write(png))
        base_images.upsert(self.base, png)
        self.moderated_by: set[str] = set()
        self.service = RenderService(
            base_images,
            VariantStore(database, images),
            RenderQueue(),
            lambda: device,
            moderate=self._moderate,
            finisher=Finisher(2, room),
        )

    def on_moderate(self, slot: Slot) -> None:
        pass

    def _moderate(self, _: GenerationRequest, slot: Slot, __: Image.Image) -> ImageModerationResult:
        self.moderated_by.add(threading.current_thread().name)
        self.on_moderate(slot)
        return ImageModerationResult()

    def request(self, **changes: object) -> GenerationRequest:
        return examples.request(base_image=self.base, **changes)


def done(run: Run) -> list[str]:
    return sorted(event.slot for event in run.events() if isinstance(event, JobCompleted))


def test_device_renders_the_next_job_while_an_image_is_finished(tmp_path: Path) -> None:
    """The finish of each image and the render of the next job wait for one another."""
    device, meetings = SimulatedDevice(), {slot: threading.Barrier(2) for slot in "BCD"}
    bench = Bench(tmp_path, device)

    def on_render(job: RenderJob) -> None:
        if job.slot in meetings:
            meetings[job.slot].wait(LONG)

    def on_moderate(slot: Slot) -> None:
        if slot != "D":
            meetings[chr(ord(slot) + 1)].wait(LONG)

    device.on_render = on_render  # type: ignore[method-assign]
    bench.on_moderate = on_moderate  # type: ignore[method-assign]
    run = bench.service.start(bench.request())
    assert done(run) == ["A", "B", "C", "D"]
    assert device.threads == {"lane-0"}
    assert bench.moderated_by <= {"finisher-0", "finisher-1"}
    for slot in "ABCD":
        kinds = [event.kind for event in run.events() if event.slot == slot]
        assert (kinds[:2], kinds[-1]) == (["queued", "started"], "done")


def test_device_waits_while_the_finisher_is_full(tmp_path: Path) -> None:
    device, release = SimulatedDevice(), threading.Event()
    bench = Bench(tmp_path, device, room=1)
    bench.on_moderate = lambda slot: release.wait(LONG)  # type: ignore[method-assign,assignment]
    run = bench.service.start(bench.request())
    until(lambda: len(device.rendered) == 2)  # A is being finished, B finds no room.
    assert [event.slot for event in run.events_from(0) if event.kind == "started"] == ["A", "B"]
    release.set()
    assert done(run) == ["A", "B", "C", "D"]
    bench.service.close()


def test_shutdown_finishes_what_is_in_the_finisher(tmp_path: Path) -> None:
    device, release = SimulatedDevice(), threading.Event()
    bench = Bench(tmp_path, device)
    bench.on_moderate = lambda slot: release.wait(LONG)  # type: ignore[method-assign,assignment]
    run = bench.service.start(bench.request())
    closing = threading.Thread(target=bench.service.close)
    until(lambda: len(device.rendered) == 4)
    closing.start()
    release.set()
    closing.join(LONG)
    assert run.pending_slots == ()
    assert done(run) == ["A", "B", "C", "D"]


def test_previews_are_encoded_beside_the_device_for_listeners_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded_by: list[str] = []

    def encode(image: Image.Image) -> bytes:
        encoded_by.append(threading.current_thread().name)
        return b"PNG"

    monkeypatch.setattr(job_listener, "encode_png", encode)
    bench = Bench(tmp_path, SimulatedDevice())
    unheard = bench.service.start(bench.request())
    until(lambda: unheard.is_finished)
    assert encoded_by == []
    assert done(bench.service.start(bench.request(id="e" * 32))) == ["A", "B", "C", "D"]
    assert encoded_by
    assert set(encoded_by) <= {"finisher-0", "finisher-1"}


def test_a_preview_is_wanted_while_somebody_listens_and_at_intervals() -> None:
    now, pool = [0.0], Finisher(1)
    run = Run(examples.request(), (examples.job(),), clock=lambda: now[0])
    previews = PreviewPublisher(run, "A", pool, clock=lambda: now[0])
    image = Image.new("RGB", (8, 8))

    def show() -> bool:
        wanted = previews.is_wanted()
        previews.publish(image)
        pool.wait_until_idle(lambda: None)
        return wanted

    assert not show()
    run.listen()
    assert [show(), show()] == [True, False]
    now[0] += PREVIEW_INTERVAL_SECONDS
    assert show()
    now[0] += LISTENER_SECONDS
    assert not show()
    assert len([event for event in run.events_from(0) if isinstance(event, PreviewReady)]) == 2
    clients = examples.request(client="app")
    assert clients.preset.safety.check_outputs
    moderated = Run(clients, (examples.job(),))
    moderated.listen()
    assert not PreviewPublisher(moderated, "A", pool).is_wanted()
    pool.shutdown()


def test_a_preview_is_not_wanted_before_the_last_one_is_encoded() -> None:
    now, pool, release = [0.0], Finisher(1), threading.Event()
    run = Run(examples.request(), (examples.job(),), clock=lambda: now[0])
    previews = PreviewPublisher(run, "A", pool, clock=lambda: now[0])
    run.listen()
    pool.submit("slow", lambda: release.wait(LONG))
    previews.publish(Image.new("RGB", (8, 8)))
    now[0] += PREVIEW_INTERVAL_SECONDS
    run.listen()
    assert not previews.is_wanted()
    release.set()
    pool.wait_until_idle(lambda: None)
    assert previews.is_wanted()
    pool.shutdown()


@pytest.mark.parametrize(
    ("device", "cores", "ahead"),
    [("cpu", 1, False), ("cpu", 2, False), ("cpu", 4, True), ("cuda", 1, True)],
)
def test_work_ahead_where_it_pays(device: str, cores: int, ahead: bool) -> None:
    assert prepares_ahead(device, cores) == ahead


def test_next_job_is_prepared_while_the_device_is_busy(tmp_path: Path) -> None:
    gate = threading.Semaphore(0)
    device = SimulatedDevice(device_type="cuda", gate=gate)
    bench = Bench(tmp_path, device)
    run = bench.service.start(bench.request())
    until(lambda: len(device.prepared) == len(device.rendered) == 1)
    assert [job.slot for job in device.rendered] == ["A"]
    assert [job.slot for job in device.prepared] == ["B"]
    gate.release(100)
    assert done(run) == ["A", "B", "C", "D"]


@pytest.mark.parametrize(
    ("running", "upcoming", "prefetched"),
    [
        ("a", "aa", ""),
        ("a", "aabc", "b"),
        ("a", "bac", ""),
        ("a", "", ""),
    ],
)
def test_besides_the_next_job_s_models_those_of_the_next_base_model_are_read_ahead(
    running: str, upcoming: str, prefetched: str
) -> None:
    """Each letter is a job with that base model; never two base models beside the running one."""

    def job(name: str) -> RenderJob:
        return examples.job(recipe=examples.recipe(base_model=ModelRef(name=name)))

    further = job_to_prefetch(job(running), [job(name) for name in upcoming])
    assert (further.recipe.base_model.name if further else "") == prefetched


def test_the_jobs_of_the_next_batch_are_prepared_and_the_next_base_model_is_read(
    tmp_path: Path,
) -> None:
    gate = threading.Semaphore(0)
    device = SimulatedDevice(device_type="cuda", gate=gate, max_batch_size=2)
    bench = Bench(tmp_path, device)
    first, other = examples.recipe(), examples.recipe(base_model=ModelRef(name="other"))
    alone = first.model_copy(update={"steps": first.steps + 1})
    preset = examples.preset(recipes=RecipeSet(A=alone, B=first, C=first, D=other))
    run = bench.service.start(bench.request(preset=preset))
    until(lambda: len(device.prefetched) == len(device.rendered) == 1)
    assert [job.slot for job in device.rendered] == ["A"]
    assert [job.slot for job in device.prepared] == ["B", "C"]
    assert [job.slot for job in device.prefetched] == ["D"]
    gate.release(100)
    assert done(run) == ["A", "B", "C", "D"]


def test_nothing_is_prepared_on_a_small_cpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparer, "available_cores", lambda: 2)
    device = SimulatedDevice()
    bench = Bench(tmp_path, device)
    assert done(bench.service.start(bench.request())) == ["A", "B", "C", "D"]
    assert device.prepared == []


def held(tmp_path: Path, device: SimulatedDevice) -> tuple[Bench, threading.Event]:
    """A service whose device is busy until the event is set."""
    bench, started, release = (
        Bench(tmp_path, device),
        threading.Event(),
        threading.Event(),
    )

    def hold() -> None:
        started.set()
        release.wait(LONG)

    bench.service._queue.submit(hold)
    assert started.wait(LONG)
    return bench, release


def test_jobs_of_several_requests_share_a_batch(tmp_path: Path) -> None:
    device = SimulatedDevice(max_batch_size=8)
    bench, release = held(tmp_path, device)
    runs = [bench.service.start(bench.request(id=letter * 32)) for letter in "abc"]
    less_urgent = bench.service.start(bench.request(id="d" * 32), Priority.BACKGROUND)
    release.set()
    assert [done(run) for run in (*runs, less_urgent)] == [["A", "B", "C", "D"]] * 4
    assert device.batches == [8, 4, 4]


def test_jobs_on_other_images_share_a_batch_and_those_with_later_passes_do_not(
    tmp_path: Path,
) -> None:
    device = SimulatedDevice(max_batch_size=8)
    bench, release = held(tmp_path, device)
    large = examples.recipe(upscale=HiresFix(enabled=True))
    preset = examples.preset(recipes=RecipeSet(A=large, B=large, C=large, D=large))
    runs = [bench.service.start(bench.request(id=letter * 32, preset=preset)) for letter in "ab"]
    runs.append(bench.service.start(bench.request(id="c" * 32, doodle=examples.doodle())))
    runs.append(bench.service.start(bench.request(id="d" * 32)))
    release.set()
    assert [done(run) for run in runs] == [["A", "B", "C", "D"]] * 4
    assert device.batches == [1] * 8 + [8]


def test_a_batch_whose_size_is_known_takes_no_more(tmp_path: Path) -> None:
    device = SimulatedDevice(max_batch_size=8)
    bench, release = held(tmp_path, device)
    runs = [
        bench.service.start(bench.request(id="a" * 32), slots=("A", "B"), batch_size=3),
        bench.service.start(bench.request(id="b" * 32), slots=("C",), batch_size=3),
        bench.service.start(bench.request(id="c" * 32)),
    ]
    release.set()
    assert [done(run) for run in runs] == [["A", "B"], ["C"], ["A", "B", "C", "D"]]
    assert device.batches == [3, 4]


class RetryTracker(NullJobTracker):
    """Says of job B that an earlier attempt at it has failed."""

    def is_retry(self, slot: Slot) -> bool:
        return slot == "B"


def test_a_job_that_was_begun_before_is_rendered_with_nothing_else_at_stake(
    tmp_path: Path,
) -> None:
    """It may have killed its process, and would take down what is being finished."""
    device = SimulatedDevice(max_batch_size=8)
    bench, release = held(tmp_path, device)
    pending: list[tuple[str, ...]] = []
    run = bench.service.start(bench.request(), tracker=RetryTracker())

    def on_render(job: RenderJob) -> None:
        if job.slot == "B":
            pending.append(run.pending_slots)

    device.on_render = on_render  # type: ignore[method-assign]
    release.set()
    assert done(run) == ["A", "B", "C", "D"]
    assert device.batches == [3, 1]
    assert pending == [("B",)]


def test_a_cancelled_job_ends_without_the_others_of_its_batch(tmp_path: Path) -> None:
    device = SimulatedDevice(max_batch_size=8)
    bench, release = held(tmp_path, device)
    runs = [bench.service.start(bench.request(id=letter * 32)) for letter in "ab"]
    device.on_render = lambda job: runs[0].cancel()  # type: ignore[method-assign]
    release.set()
    assert [done(run) for run in runs] == [[], ["A", "B", "C", "D"]]
    assert device.batches[0] == 8
