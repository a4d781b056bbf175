"""The finisher: order within a key, keys side by side, room for images, errors, shutdown."""

import threading

import pytest

from studio.services.rendering import finisher
from studio.services.rendering.finisher import MAX_THREADS, Finisher, finisher_threads
from tests.waiting import LONG, until


@pytest.mark.parametrize(
    ("cores", "threads"), [(1, 2), (2, 2), (4, 2), (6, 3), (8, 4), (64, MAX_THREADS)]
)
def test_threads_for_a_number_of_cores(cores: int, threads: int) -> None:
    assert finisher_threads(cores) == threads


def test_tasks_of_one_key_run_in_their_order_and_those_of_two_side_by_side() -> None:
    pool, ran = Finisher(threads=2), []
    meeting = threading.Barrier(2)
    for key in "ab":
        pool.submit(key, lambda: meeting.wait(LONG))  # Each waits for the other.
    for number in range(20):
        for key in "ab":
            pool.submit(key, lambda key=key, number=number: ran.append((key, number)))  # type: ignore[misc]
    pool.shutdown()
    for key in "ab":
        assert [number for ran_key, number in ran if ran_key == key] == [*range(20)]


@pytest.mark.parametrize("error", [ZeroDivisionError("1/0"), SystemExit(3)])
def test_a_task_that_raises_is_logged_and_the_next_of_its_key_runs(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    pool, ran = Finisher(threads=1), []

    def fail() -> None:
        raise error

    pool.submit_image("a", fail, lambda: None)
    pool.submit("a", lambda: ran.append("next"))
    pool.shutdown()
    assert ran == ["next"]
    assert type(error).__name__ in caplog.text
    assert pool.is_alive  # The threads have ended because they were told to.


def test_an_image_waits_outside_while_there_is_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finisher, "WAIT_SECONDS", 0.01)
    pool, release, waits = Finisher(threads=2, capacity=1), threading.Event(), threading.Event()
    ran: list[str] = []
    pool.submit_image("a", lambda: release.wait(LONG), lambda: None)
    second = threading.Thread(
        target=lambda: pool.submit_image("b", lambda: ran.append("b"), waits.set)
    )
    second.start()
    assert waits.wait(LONG)
    pool.submit("c", lambda: ran.append("c"))  # What holds no image needs no room.
    until(lambda: ran == ["c"])
    release.set()
    second.join(LONG)
    pool.shutdown()
    assert ran == ["c", "b"]


def test_waiting_until_idle_returns_after_the_last_task(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finisher, "WAIT_SECONDS", 0.01)
    pool, release, waits = Finisher(threads=1), threading.Event(), threading.Event()
    idle = threading.Thread(target=lambda: pool.wait_until_idle(waits.set))
    pool.submit("a", lambda: release.wait(LONG))
    idle.start()
    assert waits.wait(LONG)
    release.set()
    idle.join(LONG)
    assert not idle.is_alive()
    pool.shutdown()


def test_slowest_task_decides_how_long_the_pool_has_stalled() -> None:
    now, started, release = [100.0], threading.Barrier(3), threading.Event()
    pool = Finisher(threads=2, clock=lambda: now[0])
    touched = threading.Event()

    def hang() -> None:
        started.wait(LONG)
        release.wait(LONG)

    def report() -> None:
        started.wait(LONG)
        until(lambda: now[0] == 130)
        pool.touch()
        touched.set()
        release.wait(LONG)

    assert pool.stalled_seconds == 0
    pool.touch()
    pool.submit("a", hang)
    pool.submit("b", report)
    started.wait(LONG)
    now[0] = 130.0
    assert touched.wait(LONG)
    assert pool.stalled_seconds == 30
    release.set()
    pool.shutdown()
    assert pool.stalled_seconds == 0
