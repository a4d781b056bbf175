"""Background tasks: progress, cancellation, outcome, remaining time."""

import threading
from pathlib import Path

import pytest

from studio.errors import InvalidInputError, RenderError
from studio.recipes.themes.preset import SLOTS
from studio.services.background_tasks import (
    MAX_FINISHED_TASKS,
    About,
    BackgroundTasks,
    ProgressCallback,
    TaskProgress,
)
from studio.services.rendering.run_tasks import cancel_run_task, list_run_tasks
from tests import examples
from tests.fake_renderer import FakeRenderer
from tests.unit.services.outage_bench import Bench, done
from tests.waiting import LONG, until

ABOUT = About("regression", "Quick", "/themes?theme=quick", 2)


def wait_until_finished(tasks: BackgroundTasks, name: str) -> TaskProgress:
    progress = until(lambda: tasks.progress(name), lambda it: it and it.state != "running")
    assert progress is not None
    return progress


def test_task_reports_progress_and_completion() -> None:
    tasks, release = BackgroundTasks(), threading.Event()

    def run(on_progress: ProgressCallback) -> None:
        on_progress(3, 8)
        release.wait()

    tasks.start("sheet", ABOUT, run)
    progress = until(lambda: tasks.progress("sheet"), lambda it: it and it.done)
    assert progress is not None
    assert (progress.done, progress.total, progress.state) == (3, 8, "running")
    with pytest.raises(InvalidInputError, match="Already running"):
        tasks.start("sheet", ABOUT, run)
    release.set()
    assert wait_until_finished(tasks, "sheet").state == "done"
    assert tasks.progress("other") is None


def test_cancelled_task_ends_at_its_next_item() -> None:
    tasks, started, stopped = BackgroundTasks(), threading.Event(), threading.Event()
    items: list[int] = []

    def run(on_progress: ProgressCallback) -> None:
        for number in range(1, 10):
            on_progress(number, 10)
            items.append(number)
            started.set()
            stopped.wait()

    tasks.start("pack", ABOUT, run)
    assert started.wait(LONG)
    tasks.cancel("pack")
    stopped.set()
    assert wait_until_finished(tasks, "pack").state == "stopped"
    assert items == [1]
    tasks.start("pack", ABOUT, lambda on_progress: on_progress(1, 1))
    assert wait_until_finished(tasks, "pack").state == "done"


def test_failed_task_has_its_error_and_unexpected_errors_are_hidden() -> None:
    def fail(_: ProgressCallback) -> None:
        raise RenderError("recipe A: out of memory")

    def crash(_: ProgressCallback) -> None:
        raise ZeroDivisionError("secret")

    tasks = BackgroundTasks()
    tasks.start("one", ABOUT, fail)
    tasks.start("two", ABOUT, crash)
    assert str(wait_until_finished(tasks, "one").message) == "recipe A: out of memory"
    assert "secret" not in str(wait_until_finished(tasks, "two").message)


def test_running_tasks_are_listed_until_they_end() -> None:
    """Issue 18, 16: long work could be seen nowhere but on the page that had started it."""
    tasks, release = BackgroundTasks(), threading.Event()
    for name in ("one", "two"):
        tasks.start(name, ABOUT, lambda _: release.wait())
    assert [(each.name, each.about) for each in tasks.list_running()] == [
        ("two", ABOUT),
        ("one", ABOUT),
    ]
    tasks.cancel("one")
    assert [each.progress.stopping for each in tasks.list_running()] == [False, True]
    release.set()
    for name in ("one", "two"):
        assert wait_until_finished(tasks, name).state == "done"
    assert tasks.list_running() == ()
    assert {each.name for each in tasks.list_all()} == {"one", "two"}


def test_remaining_time_ignores_cached_items() -> None:
    times = iter([0.0, 0.01, 0.02, 2.02, 5.02, 7.02])
    tasks, reported, go_on = (
        BackgroundTasks(clock=lambda: next(times)),
        threading.Event(),
        threading.Event(),
    )

    def run(on_progress: ProgressCallback) -> None:
        for count in range(6):
            on_progress(count, 10)
        reported.set()
        go_on.wait()

    tasks.start("sheet", ABOUT, run)
    assert reported.wait(LONG)
    progress = tasks.progress("sheet")
    assert progress is not None
    assert (progress.done, progress.remaining_seconds) == (5, 10.0)
    go_on.set()
    assert wait_until_finished(tasks, "sheet").remaining_seconds is None


def test_oldest_finished_tasks_are_forgotten() -> None:
    tasks = BackgroundTasks()
    for number in range(MAX_FINISHED_TASKS + 5):
        tasks.start(f"sweep/{number}", ABOUT, lambda on_progress: on_progress(1, 1))
        wait_until_finished(tasks, f"sweep/{number}")
    assert len(tasks.list_all()) == MAX_FINISHED_TASKS + 1
    assert tasks.progress("sweep/0") is None


def test_only_test_runs_are_cancelled_as_tasks(tmp_path: Path) -> None:
    """A client's run would be cancelled in this process alone, and come back from the job table."""
    gate = threading.Semaphore(0)
    bench = Bench(tmp_path, FakeRenderer(gate=gate))
    of_client = bench.start(bench.admit())
    of_operator = bench.service.start(examples.request(id="b" * 32, base_image=bench.base))
    assert [task.name for task in list_run_tasks(bench.service)] == [f"run/{'b' * 32}"]
    for run in (of_client, of_operator):
        assert cancel_run_task(bench.service, f"run/{run.request.id}")
    assert not cancel_run_task(bench.service, "grid/1")
    assert [run.cancelled for run in (of_client, of_operator)] == [False, True]
    gate.release(1000)
    assert done(list(of_client.events())) == [*SLOTS]
