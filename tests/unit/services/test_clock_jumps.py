"""Whether the wall clock can be trusted: jumps and gaps are noticed, steady time is not."""

import pytest

from studio.services.clock_jumps import JUMP, LATE, Ticks


@pytest.mark.parametrize(
    ("wall", "monotonic", "is_even"),
    [
        (5, 5, True),
        (5 + JUMP / 2, 5, True),
        (3605, 5, False),  # A laptop that slept: its monotonic clock stood still.
        (-3595, 5, False),
        (LATE + 1, LATE + 1, False),  # The store was away, and no tick completed.
    ],
)
def test_jumps_and_gaps_are_noticed_once(wall: float, monotonic: float, is_even: bool) -> None:
    """Issue 18, 12."""
    clocks = {"wall": 1_000_000.0, "monotonic": 50.0}
    ticks = Ticks(lambda: clocks["wall"], lambda: clocks["monotonic"])
    assert ticks.is_even()
    ticks.complete()
    clocks["wall"] += wall
    clocks["monotonic"] += monotonic
    assert ticks.is_even() is is_even
    ticks.complete()
    assert ticks.is_even()


def test_a_tick_after_one_that_was_broken_off_is_not_even() -> None:
    """Issue 18, 1: while the store was away nobody could give a sign of life."""
    ticks = Ticks(lambda: 0.0, lambda: 0.0)
    assert ticks.is_even()
    assert not ticks.is_even()
    assert not ticks.is_even()
    ticks.complete()
    assert ticks.is_even()
