"""The lane runs one task at a time: urgent ones first, the rest in their order."""

import threading

from studio.service.lane import Lane, Priority
from tests.waiting import LONG


def test_urgent_tasks_go_first_and_the_rest_keep_their_order() -> None:
    lane, begun, held = Lane(), threading.Event(), threading.Event()
    ran: list[str] = []

    def hold() -> None:
        begun.set()
        held.wait()

    lane.put(hold, Priority.BULK)
    assert begun.wait(LONG)
    for name, priority in (
        ("sheet 1", Priority.BULK), ("app 1", Priority.LIVE), ("sheet 2", Priority.BULK),
        ("trial", Priority.OPERATOR), ("app 2", Priority.LIVE),
    ):  # fmt: skip
        lane.put(lambda name=name: ran.append(name), priority)  # type: ignore[misc]
    held.set()
    lane.close()
    assert ran == ["trial", "app 1", "app 2", "sheet 1", "sheet 2"]
