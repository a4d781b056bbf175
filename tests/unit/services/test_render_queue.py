"""The render queue: priorities, errors of tasks, stall detection."""

import threading

import pytest

from studio.services.rendering.render_queue import Priority, RenderQueue
from tests.waiting import LONG


def test_tasks_run_by_priority_then_first_in_first_out() -> None:
    queue, started, release = RenderQueue(), threading.Event(), threading.Event()
    ran: list[str] = []

    def block() -> None:
        started.set()
        release.wait()

    queue.submit(block, Priority.BACKGROUND)
    assert started.wait(LONG)
    for name, priority in (
        ("background 1", Priority.BACKGROUND),
        ("api 1", Priority.API),
        ("background 2", Priority.BACKGROUND),
        ("interactive", Priority.INTERACTIVE),
        ("api 2", Priority.API),
    ):
        queue.submit(lambda name=name: ran.append(name), priority)  # type: ignore[misc]
    release.set()
    queue.shutdown()
    assert ran == ["interactive", "api 1", "api 2", "background 1", "background 2"]


@pytest.mark.parametrize("error", [ZeroDivisionError("1/0"), SystemExit(3), MemoryError()])
def test_queue_survives_any_exception_of_a_task(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    """Issue 18, 1."""
    queue, ran = RenderQueue(), []

    def fail() -> None:
        raise error

    queue.submit(fail)
    queue.submit(lambda: ran.append("next"))
    queue.shutdown()
    assert ran == ["next"]
    assert type(error).__name__ in caplog.text
    assert queue.is_alive  # The thread has ended because it was told to.


def test_what_is_queued_before_the_end_still_runs() -> None:
    queue, ran = RenderQueue(), []
    queue.submit(lambda: ran.append("first"))

    def finish() -> None:
        ran.append("finished")
        queue.submit(lambda: ran.append("once more"))

    queue.shutdown(finish)
    assert ran == ["first", "finished", "once more"]


def test_queue_reports_seconds_without_progress() -> None:
    """Issue 18, 1 and 12: by a clock that never jumps."""
    now, started, release = [100.0], threading.Event(), threading.Event()
    queue = RenderQueue(clock=lambda: now[0])
    assert queue.stalled_seconds == 0
    queue.touch()
    assert queue.stalled_seconds == 0

    def block() -> None:
        started.set()
        release.wait()

    queue.submit(block)
    assert started.wait(LONG)
    now[0] = 130.0
    assert queue.stalled_seconds == 30
    queue.touch()
    assert queue.stalled_seconds == 0
    now[0] = 131.0
    assert queue.stalled_seconds == 1
    release.set()
    queue.shutdown()
    assert queue.stalled_seconds == 0
