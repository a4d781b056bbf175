"""The worker's task: what it waits for, what it publishes, and which jobs it renders together."""

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pydantic import SecretStr

from studio.recipes.generation.job import GenerationRequest
from studio.recipes.generation.recipe import ModelRef
from studio.recipes.moderation import ImageModerationResult
from studio.recipes.serving.request_status import EventMessage
from studio.recipes.themes.preset import SLOTS, RecipeSet, Slot
from studio.services.rendering.render_queue import RenderQueue
from studio.services.rendering.render_service import RenderService
from studio.services.rendering.render_worker import BATCH_WINDOW_SECONDS
from studio.services.rendering.run import Run
from studio.settings import Settings
from studio.store.base_images import BaseImageStore
from studio.store.database import Database
from studio.store.images.files import FileImageStore
from studio.store.jobs import JobStore
from studio.store.variants import VariantStore
from studio.worker.batch_selection import select_batch
from studio.worker.celery_worker import create_worker_app
from studio.worker.render_task import RenderTask
from tests import examples
from tests.fake_renderer import FakeRenderer
from tests.waiting import LONG, until


class ListedEvents:
    """An event log in memory; somebody listens while `listens` is set."""

    def __init__(self) -> None:
        self.published: list[EventMessage] = []
        self.listens = False

    def append(self, _: str, events: Sequence[EventMessage]) -> bool:
        self.published.extend(events)
        return self.listens

    def has_listeners(self, _: str) -> bool:
        return self.listens


class Worker:
    """A task on a store of its own, with a job table and a fake renderer.

    The finish of an image waits for `finish`.
    """

    def __init__(self, folder: Path, max_batch_size: int = 1) -> None:
        database, images = Database(f"sqlite:///{folder}/s.db"), FileImageStore(folder / "p")
        base_images, variants = BaseImageStore(database, images), VariantStore(database, images)
        self.jobs = JobStore.open(database)
        self.renderer = FakeRenderer(max_batch_size=max_batch_size)
        self.finish, self.events = threading.Event(), ListedEvents()
        png = examples.png(mode="RGB", color=(240, 240, 240))
        self.base = examples.base_image(sha256=images.write(png))
        base_images.upsert(self.base, png)

        def moderate(_: GenerationRequest, __: Slot, ___: Image.Image) -> ImageModerationResult:
            self.finish.wait(LONG)
            return ImageModerationResult()

        renders = RenderService(
            base_images, variants, RenderQueue(), lambda: self.renderer, moderate=moderate
        )
        parts = {"jobs": self.jobs, "renders": renders, "variants": variants}
        self.task = type("Configured", (RenderTask,), parts)()
        self.task.__dict__["event_log"] = self.events

    def admit(self, letter: str = "a", **changes: object) -> GenerationRequest:
        request = examples.request(
            id=letter * 32, base_image=self.base, theme_version=1, client="app", **changes
        )
        until = datetime.now(UTC) + timedelta(minutes=5)
        self.jobs.requests.create(request, "app", "live", until)
        return request

    def states(self, letter: str = "a") -> list[str]:
        return [job.state for job in self.jobs.requests.get_status(letter * 32).jobs]


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Worker]:
    running = Worker(tmp_path)
    yield running
    running.finish.set()
    running.task.finish()


def test_worker_takes_the_next_job_while_an_image_is_finished(worker: Worker) -> None:
    """Issue 20, 3. Its lease is renewed until the job has ended."""
    request = worker.admit()
    for slot in "ABC":
        worker.task.run(request.id, slot)
    assert [job.slot for job in worker.renderer.rendered] == ["A", "B", "C"]
    assert worker.states() == ["running", "running", "running", "queued"]
    until(lambda: len(worker.task.heartbeat.tracked) == 3)
    worker.finish.set()
    worker.task.finish()
    assert worker.states() == ["done", "done", "done", "queued"]
    assert worker.task.heartbeat.tracked == ()
    for slot in "ABC":
        types = [event.type for event in worker.events.published if event.slot == slot]
        assert (types[0], types[-1]) == ("started", "done")


def test_shutdown_before_the_first_job_does_nothing(worker: Worker) -> None:
    worker.task.finish()
    assert worker.events.published == []


def test_what_several_threads_use_is_made_before_they_start(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: set[str] = set()
    start: Callable[..., Run] = worker.task.renders.start

    def observe(*args: object, **kwargs: object) -> Run:
        made.update(worker.task.__dict__)
        return start(*args, **kwargs)

    monkeypatch.setattr(worker.task.renders, "start", observe)
    worker.task.run(worker.admit().id, "A")
    assert {"heartbeat", "followers", "exiting", "closing", "retry"} <= made


@pytest.mark.parametrize(
    ("changes", "seconds"),
    [
        ({}, 2 * 8 * 600 + 30),
        ({"job_timeout_seconds": 60}, 2 * 8 * 60 + 30),
        ({"job_timeout_seconds": 60, "batch_variants": "off"}, 60 + 30),
        ({"job_timeout_seconds": 60, "disable_approximations": True}, 60 + 30),
    ],
)
def test_time_limit_of_a_message_covers_its_batch(changes: dict[str, Any], seconds: int) -> None:
    """A batch, and after it has failed each of its jobs."""
    settings = Settings(broker_url=SecretStr("redis://127.0.0.1:1/0"), **changes)
    conf = create_worker_app(settings).conf
    assert (conf.task_time_limit, conf.task_soft_time_limit) == (seconds, seconds - 15)


def test_previews_are_made_for_requests_that_somebody_follows(worker: Worker) -> None:
    unmoderated = examples.preset()
    safety = unmoderated.safety.model_copy(update={"check_outputs": False})
    request = worker.admit(preset=unmoderated.model_copy(update={"safety": safety}))
    worker.finish.set()
    worker.task.run(request.id, "A")
    until(lambda: worker.states()[0] == "done")
    assert "preview" not in {event.type for event in worker.events.published}
    worker.events.listens = True
    gate = worker.renderer.gate = threading.Semaphore(1)
    running = threading.Thread(target=worker.task.run, args=(request.id, "B"))
    running.start()
    until(lambda: any(e.slot == "B" and e.type == "step" for e in worker.events.published))
    gate.release(100)
    running.join(LONG)
    until(lambda: worker.states()[1] == "done")
    assert "preview" in {event.type for event in worker.events.published if event.slot == "B"}


def test_a_batch_is_taken_from_the_job_table(tmp_path: Path) -> None:
    worker = Worker(tmp_path, max_batch_size=8)
    worker.finish.set()
    warm_up = worker.admit("f")
    for slot in SLOTS:
        worker.task.run(warm_up.id, slot)  # The first builds the renderer, which decides.
    first, second = worker.admit("a"), worker.admit("b", doodle=examples.doodle())
    assert select_batch(worker.jobs, first, "B", 8) == (
        (first, ("B", "A", "C", "D")),
        (second, ("A", "B", "C", "D")),
    )
    worker.task.run(first.id, "B")
    until(lambda: worker.states("a") + worker.states("b") == ["done"] * 8)
    worker.task.run(second.id, "A")  # Its message comes later, and finds it done.
    assert len(worker.renderer.rendered) == 4 + 8
    worker.task.finish()


def test_a_batch_that_is_not_full_waits_a_moment_for_more(tmp_path: Path) -> None:
    worker = Worker(tmp_path, max_batch_size=8)
    worker.finish.set()
    worker.task.run(worker.admit("f").id, "A")  # The first builds the renderer, which decides.
    first, waits = worker.admit("a"), list[float]()

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        worker.admit("b", doodle=examples.doodle())

    worker.task.sleep = sleep
    worker.task.run(first.id, "A")
    assert worker.renderer.batches == [1, 8]
    assert waits == [BATCH_WINDOW_SECONDS]
    for letter in "cd":
        worker.admit(letter)
    worker.task.run("c" * 32, "A")
    assert worker.renderer.batches == [1, 8, 8]
    assert len(waits) == 1
    worker.task.finish()


def test_what_was_looked_at_is_not_read_again_after_the_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Requests bring their images along, and 32 of them are looked at for each message."""
    worker, read = Worker(tmp_path, max_batch_size=8), list[str]()
    worker.finish.set()
    worker.task.run(worker.admit("f").id, "A")
    unlike = examples.preset(recipes=RecipeSet(**dict.fromkeys(SLOTS, examples.recipe(steps=20))))
    first, other = worker.admit("a"), worker.admit("b", preset=unlike)
    real = worker.jobs.requests.get

    def get(request_id: str) -> GenerationRequest:
        read.append(request_id)
        return real(request_id)

    monkeypatch.setattr(worker.jobs.requests, "get", get)
    worker.task.run(first.id, "A")
    assert read.count(other.id) == 1
    worker.task.finish()


def test_only_queued_jobs_of_the_same_kind_and_model_join_a_batch(tmp_path: Path) -> None:
    worker = Worker(tmp_path)
    water = examples.recipe(base_model=ModelRef(name="pocket-water"))
    more_steps = examples.recipe(steps=20)
    ink = examples.recipe()
    recipes = RecipeSet(A=ink, B=water, C=more_steps, D=ink)
    first = worker.admit("a", preset=examples.preset(recipes=recipes))
    assert worker.jobs.queue.claim(first.id, "D") is not None
    other = worker.admit("b")
    many = [worker.admit(letter) for letter in "cd"]
    batch = select_batch(worker.jobs, first, "A", 8)
    assert batch == ((first, ("A",)), (other, SLOTS), (many[0], ("A", "B", "C")))
    worker.task.renders.close()


def test_job_that_cannot_be_planned_fails_by_name_and_the_next_is_rendered(worker: Worker) -> None:
    """Issue 18. A worker of an older version may have stored it."""
    worker.finish.set()
    broken = worker.admit("a", preset=examples.unplannable_preset())
    worker.task.run(broken.id, "B")
    assert worker.states("a") == ["queued", "failed", "queued", "queued"]
    [event] = worker.events.published
    assert (event.slot, event.type, event.is_terminal) == ("B", "failed", True)
    assert event.error is not None
    assert event.error.id == "prompt.lora_call_invalid"
    worker.task.run(broken.id, "A")
    worker.task.run(worker.admit("b").id, "B")
    until(lambda: [worker.states("a")[0], worker.states("b")[1]] == ["done", "done"])
    worker.task.run(broken.id, "B")  # Its message may come twice.
    assert len([event for event in worker.events.published if event.type == "failed"]) == 1


def test_job_that_cannot_be_planned_is_left_out_of_a_batch(tmp_path: Path) -> None:
    """Issue 18."""
    worker = Worker(tmp_path)
    first, broken, last = (
        worker.admit("a"),
        worker.admit("b", preset=examples.unplannable_preset()),
        worker.admit("c"),
    )
    batch = select_batch(worker.jobs, first, "A", 16)
    assert batch == ((first, SLOTS), (broken, ("A", "C", "D")), (last, SLOTS))
    assert worker.states("b") == ["queued"] * 4
    worker.task.renders.close()
