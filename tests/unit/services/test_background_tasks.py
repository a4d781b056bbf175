"""Long work begun on a page: watched, stopped, and told how it ended."""

import threading

import pytest

from studio.errors import InvalidInputError, RenderError
from studio.services.background_tasks import (
    KEPT,
    About,
    BackgroundTasks,
    ProgressCallback,
    TaskProgress,
)
from tests.waiting import LONG, until

SHEET = About("regression", "Quick", "/themes?theme=quick", 2)


def ended(chores: BackgroundTasks, name: str) -> TaskProgress:
    progress = until(lambda: chores.progress(name), lambda it: it and it.state != "running")
    assert progress is not None
    return progress


def test_a_chore_tells_how_far_it_is_and_that_it_is_done() -> None:
    chores, held = BackgroundTasks(), threading.Event()

    def act(tell: ProgressCallback) -> None:
        tell(3, 8)
        held.wait()

    chores.start("sheet", SHEET, act)
    progress = until(lambda: chores.progress("sheet"), lambda it: it and it.done)
    assert progress is not None
    assert (progress.done, progress.total, progress.state) == (3, 8, "running")
    with pytest.raises(InvalidInputError, match="under way already"):
        chores.start("sheet", SHEET, act)
    held.set()
    assert ended(chores, "sheet").state == "done"
    assert chores.progress("other") is None


def test_a_chore_that_is_stopped_ends_at_its_next_piece() -> None:
    chores, begun, stopped = BackgroundTasks(), threading.Event(), threading.Event()
    pieces: list[int] = []

    def act(tell: ProgressCallback) -> None:
        for number in range(1, 10):
            tell(number, 10)
            pieces.append(number)
            begun.set()
            stopped.wait()

    chores.start("pack", SHEET, act)
    assert begun.wait(LONG)
    chores.cancel("pack")
    stopped.set()
    assert ended(chores, "pack").state == "stopped"
    assert pieces == [1]
    chores.start("pack", SHEET, lambda tell: tell(1, 1))
    assert ended(chores, "pack").state == "done"


def test_what_fails_says_why_and_what_nobody_expected_stays_in_the_log() -> None:
    def fail(_: ProgressCallback) -> None:
        raise RenderError("recipe A: out of memory")

    def burst(_: ProgressCallback) -> None:
        raise ZeroDivisionError("secret")

    chores = BackgroundTasks()
    chores.start("one", SHEET, fail)
    chores.start("two", SHEET, burst)
    assert str(ended(chores, "one").message) == "recipe A: out of memory"
    assert "secret" not in str(ended(chores, "two").message)


def test_what_is_under_way_is_listed_with_what_it_is_about_until_it_ends() -> None:
    """Issue 18, 16: long work could be seen nowhere but on the page that had begun it."""
    chores, held = BackgroundTasks(), threading.Event()
    for name in ("one", "two"):
        chores.start(name, SHEET, lambda _: held.wait())
    assert [(each.name, each.about) for each in chores.under_way()] == [("two", SHEET), ("one", SHEET)]  # fmt: skip
    chores.cancel("one")
    assert [each.progress.stopping for each in chores.under_way()] == [False, True]
    held.set()
    for name in ("one", "two"):
        assert ended(chores, name).state == "done"
    assert chores.under_way() == ()
    assert {each.name for each in chores.all()} == {"one", "two"}


def test_how_long_the_rest_takes_is_told_by_what_was_drawn_not_by_what_was_kept() -> None:
    moments = iter([0.0, 0.01, 0.02, 2.02, 5.02, 7.02])
    chores, told, go_on = (
        BackgroundTasks(clock=lambda: next(moments)),
        threading.Event(),
        threading.Event(),
    )

    def act(tell: ProgressCallback) -> None:
        for done in range(6):
            tell(done, 10)
        told.set()
        go_on.wait()

    chores.start("sheet", SHEET, act)
    assert told.wait(LONG)
    progress = chores.progress("sheet")
    assert progress is not None
    assert (progress.done, progress.remaining_seconds) == (5, 10.0)
    go_on.set()
    assert ended(chores, "sheet").remaining_seconds is None


def test_chores_that_ended_long_ago_are_forgotten() -> None:
    chores = BackgroundTasks()
    for number in range(KEPT + 5):
        chores.start(f"sweep/{number}", SHEET, lambda tell: tell(1, 1))
        ended(chores, f"sweep/{number}")
    assert len(chores.all()) == KEPT + 1
    assert chores.progress("sweep/0") is None
