"""The warm-up: models are read ahead of the first Generate, which never waits for it in vain."""

import threading
from pathlib import Path

from studio.app import AppContainer, create_app_container
from studio.recipes.generation.job import RenderJob
from studio.recipes.themes.preset import SLOTS
from studio.services.rendering.warm_up import WarmUp, of_first_models
from studio.settings import Settings
from tests import examples
from tests.fake_renderer import FakeRenderer
from tests.waiting import LONG


class SlowDisk(FakeRenderer):
    """A renderer whose models take until `disk` is released, each once."""

    def __init__(self, gate: threading.Semaphore | None = None) -> None:
        super().__init__(gate=gate)
        self.disk = threading.Semaphore(0)
        self.reading = threading.Event()

    def prefetch(self, job: RenderJob) -> None:
        super().prefetch(job)
        self.reading.set()
        assert self.disk.acquire(timeout=LONG)


def make_warm_up(studio: AppContainer, max_models: int = 4) -> WarmUp:
    jobs = [examples.job(recipe=examples.recipe(base_model={"name": name})) for name in "xy"]
    return WarmUp(studio.rendering.renders, lambda: jobs, max_models, lambda: 0.0)


def test_the_models_of_the_latest_theme_are_read(home: Path) -> None:
    renderer = FakeRenderer()
    studio = create_app_container(Settings(data_dir=home), lambda: renderer)
    studio.rendering.warm_up.run()
    recipes = studio.stores.themes.latest_saved().preset.recipes
    assert {job.recipe for job in renderer.prefetched} == {recipes[slot] for slot in SLOTS}
    assert renderer.rendered == []
    assert studio.rendering.warm_up.status is None


def test_it_says_which_model_is_on_its_way(home: Path) -> None:
    renderer = SlowDisk()
    studio = create_app_container(Settings(data_dir=home), lambda: renderer)
    warm_up = make_warm_up(studio, max_models=1)
    thread = threading.Thread(target=warm_up.run)
    thread.start()
    assert renderer.reading.wait(LONG)
    assert warm_up.status is not None
    assert warm_up.status.model == "x"
    renderer.disk.release()
    thread.join(LONG)
    assert len(renderer.prefetched) == 1


def test_a_run_goes_first_and_no_further_model_is_begun(home: Path) -> None:
    gate = threading.Semaphore(0)
    renderer = SlowDisk(gate)
    studio = create_app_container(Settings(data_dir=home), lambda: renderer)
    warm_up = make_warm_up(studio)
    thread = threading.Thread(target=warm_up.run)
    thread.start()
    assert renderer.reading.wait(LONG)
    preset = studio.stores.themes.get_version("first-light").preset
    request = studio.rendering.request_factory.create(preset, "mia", None, "", 7, 1)
    run = studio.rendering.renders.start(request)
    events = run.events()
    assert any(event.kind == "started" for event in events)  # While the disk is still busy.
    renderer.disk.release()
    thread.join(LONG)
    gate.release(100)
    assert [job.recipe.base_model.name for job in renderer.prefetched] == ["x"]
    list(events)


def test_it_begins_nothing_once_it_was_stopped(home: Path) -> None:
    built: list[FakeRenderer] = []

    def build() -> FakeRenderer:
        built.append(FakeRenderer())
        return built[-1]

    studio = create_app_container(Settings(data_dir=home), build)
    studio.rendering.warm_up.stop()
    studio.rendering.warm_up.run()
    assert built == []


def test_a_renderer_that_cannot_be_built_ends_it(home: Path) -> None:
    def build() -> FakeRenderer:
        raise RuntimeError("no torch")

    studio = create_app_container(Settings(data_dir=home), build)
    studio.rendering.warm_up.run()
    assert studio.rendering.warm_up.status is None


def test_it_goes_model_by_model_and_reads_no_more_than_fit() -> None:
    jobs = [
        examples.job(slot=slot, recipe=examples.recipe(base_model={"name": name}))
        for slot, name in zip("ABCD", "yxyz", strict=True)
    ]
    assert [job.slot for job in of_first_models(jobs, 2)] == ["A", "C", "B"]
