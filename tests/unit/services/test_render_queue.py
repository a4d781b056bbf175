"""The lane runs one task at a time: urgent ones first, the rest in their order."""

import threading

import pytest

from studio.services.rendering.render_queue import Priority, RenderQueue
from tests.waiting import LONG


def test_urgent_tasks_go_first_and_the_rest_keep_their_order() -> None:
    lane, begun, held = RenderQueue(), threading.Event(), threading.Event()
    ran: list[str] = []

    def hold() -> None:
        begun.set()
        held.wait()

    lane.submit(hold, Priority.BACKGROUND)
    assert begun.wait(LONG)
    for name, priority in (
        ("sheet 1", Priority.BACKGROUND), ("app 1", Priority.API), ("sheet 2", Priority.BACKGROUND),
        ("trial", Priority.INTERACTIVE), ("app 2", Priority.API),
    ):  # fmt: skip
        lane.submit(lambda name=name: ran.append(name), priority)  # type: ignore[misc]
    held.set()
    lane.close()
    assert ran == ["trial", "app 1", "app 2", "sheet 1", "sheet 2"]


@pytest.mark.parametrize("error", [ZeroDivisionError("1/0"), SystemExit(3), MemoryError()])
def test_a_lane_survives_whatever_a_task_raises(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    """Issue 18, 1."""
    lane, ran = RenderQueue(), []

    def fail() -> None:
        raise error

    lane.submit(fail)
    lane.submit(lambda: ran.append("next"))
    lane.close()
    assert ran == ["next"]
    assert type(error).__name__ in caplog.text
    assert not lane.is_alive


def test_a_lane_tells_how_long_its_task_has_made_no_progress() -> None:
    """Issue 18, 1 and 12: by a clock that never jumps."""
    now, begun, held = [100.0], threading.Event(), threading.Event()
    lane = RenderQueue(clock=lambda: now[0])
    assert lane.stalled_for == 0
    lane.touch()
    assert lane.stalled_for == 0

    def hold() -> None:
        begun.set()
        held.wait()

    lane.submit(hold)
    assert begun.wait(LONG)
    now[0] = 130.0
    assert lane.stalled_for == 30
    lane.touch()
    assert lane.stalled_for == 0
    now[0] = 131.0
    assert lane.stalled_for == 1
    held.set()
    lane.close()
    assert lane.stalled_for == 0
