"""Long work begun on a page: watched, stopped, and told how it ended."""

import threading

import pytest

from studio.errors import EngineError, InputError
from studio.service.chores import Chores, Progress, Tell
from tests.waiting import LONG, until


def ended(chores: Chores, name: str) -> Progress:
    progress = until(lambda: chores.progress(name), lambda it: it and it.state != "running")
    assert progress is not None
    return progress


def test_a_chore_tells_how_far_it_is_and_that_it_is_done() -> None:
    chores, held = Chores(), threading.Event()

    def act(tell: Tell) -> None:
        tell(3, 8)
        held.wait()

    chores.start("sheet", act)
    progress = until(lambda: chores.progress("sheet"), lambda it: it and it.done)
    assert progress is not None
    assert (progress.done, progress.total, progress.state) == (3, 8, "running")
    with pytest.raises(InputError, match="under way already"):
        chores.start("sheet", act)
    held.set()
    assert ended(chores, "sheet").state == "done"
    assert chores.progress("other") is None


def test_a_chore_that_is_stopped_ends_at_its_next_piece() -> None:
    chores, begun, stopped = Chores(), threading.Event(), threading.Event()
    pieces: list[int] = []

    def act(tell: Tell) -> None:
        for number in range(1, 10):
            tell(number, 10)
            pieces.append(number)
            begun.set()
            stopped.wait()

    chores.start("pack", act)
    assert begun.wait(LONG)
    chores.stop("pack")
    stopped.set()
    assert ended(chores, "pack").state == "stopped"
    assert pieces == [1]
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
