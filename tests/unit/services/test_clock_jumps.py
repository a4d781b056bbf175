"""Clock jump detection for job deadlines and heartbeats."""

import pytest

from studio.services.clock_jumps import MAX_DRIFT_SECONDS, MAX_GAP_SECONDS, ClockJumpDetector


@pytest.mark.parametrize(
    ("wall", "monotonic", "is_steady"),
    [
        (5, 5, True),
        (5 + MAX_DRIFT_SECONDS / 2, 5, True),
        (3605, 5, False),  # A laptop that slept: its monotonic clock stood still.
        (-3595, 5, False),
        (
            MAX_GAP_SECONDS + 1,
            MAX_GAP_SECONDS + 1,
            False,
        ),  # The store was away, and no tick completed.
    ],
)
def test_jumps_and_gaps_are_detected_once(wall: float, monotonic: float, is_steady: bool) -> None:
    """Issue 18, 12."""
    clocks = {"wall": 1_000_000.0, "monotonic": 50.0}
    detector = ClockJumpDetector(lambda: clocks["wall"], lambda: clocks["monotonic"])
    assert detector.is_steady()
    detector.complete()
    clocks["wall"] += wall
    clocks["monotonic"] += monotonic
    assert detector.is_steady() is is_steady
    detector.complete()
    assert detector.is_steady()


def test_tick_after_an_interrupted_one_is_not_steady() -> None:
    """Issue 18, 1: while the store was away nobody could send a heartbeat."""
    detector = ClockJumpDetector(lambda: 0.0, lambda: 0.0)
    assert detector.is_steady()
    assert not detector.is_steady()
    assert not detector.is_steady()
    detector.complete()
    assert detector.is_steady()
