"""Long work begun on a page: watched, stopped, and told how it ended."""

import threading
import time

import pytest

from studio.errors import EngineError, InputError
from studio.service.chores import Chores, Progress, Tell


def ended(chores: Chores, name: str) -> Progress:
    for _ in range(500):
        progress = chores.progress(name)
        assert progress is not None
        if progress.state != "running":
            return progress
        time.sleep(0.01)
    raise TimeoutError("the chore did not end")


def test_a_chore_tells_how_far_it_is_and_that_it_is_done() -> None:
    chores, held = Chores(), threading.Event()

    def act(tell: Tell) -> None:
        tell(3, 8)
        held.wait(10)

    chores.start("sheet", act)
    while (progress := chores.progress("sheet")) is None or progress.done == 0:
        time.sleep(0.01)
    assert (progress.done, progress.total, progress.state) == (3, 8, "running")
    with pytest.raises(InputError, match="under way already"):
        chores.start("sheet", act)
    held.set()
    assert ended(chores, "sheet").state == "done"
    assert chores.progress("other") is None


def test_a_chore_that_is_stopped_ends_at_its_next_piece() -> None:
    chores, begun = Chores(), threading.Event()
    pieces: list[int] = []

    def act(tell: Tell) -> None:
        for number in range(1, 10_000):
            tell(number, 10_000)
            pieces.append(number)
            begun.set()
            time.sleep(0.005)

    chores.start("pack", act)
    assert begun.wait(10)
    chores.stop("pack")
    assert ended(chores, "pack").state == "stopped"
    assert len(pieces) < 1000
    chores.start("pack", lambda tell: tell(1, 1))
    assert ended(chores, "pack").state == "done"


def test_what_fails_says_why_and_what_nobody_expected_stays_in_the_log() -> None:
    def fail(_: Tell) -> None:
        raise EngineError("recipe A: out of memory")

    def burst(_: Tell) -> None:
        raise ZeroDivisionError("secret")

    chores = Chores()
    chores.start("one", fail)
    chores.start("two", burst)
    assert ended(chores, "one").message == "recipe A: out of memory"
    assert "secret" not in ended(chores, "two").message
