"""The activations that are expected of a job."""

import pytest

from studio.engine.memory.activation_reserve import (
    DEFAULT_BYTES_PER_PIXEL,
    ActivationKey,
    ActivationReserve,
)

SQUARE = ActivationKey("sdxl", 1024, 1024, 1)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (SQUARE, 900),
        (ActivationKey("sdxl", 1024, 1024, 4), 3600),
        (ActivationKey("sdxl", 768, 1024, 1), 675),
        # Nearer to the batch of two that was measured at 512 x 512.
        (ActivationKey("sdxl", 512, 512, 1), 100),
        (ActivationKey("sd15", 512, 512, 1), 512 * 512 * DEFAULT_BYTES_PER_PIXEL),
    ],
)
def test_measured_or_in_proportion_to_the_nearest(key: ActivationKey, expected: int) -> None:
    reserve = ActivationReserve()
    reserve.record(SQUARE, 900)
    reserve.record(SQUARE, 700)
    reserve.record(ActivationKey("sdxl", 512, 512, 2), 200)
    assert reserve.estimate(key) == expected


def test_nothing_measured_teaches_nothing() -> None:
    reserve = ActivationReserve()
    reserve.record(SQUARE, 0)
    assert reserve.estimate(SQUARE) == SQUARE.pixels * DEFAULT_BYTES_PER_PIXEL
