"""Adversarial doodles of any size."""

import pytest

from studio.imaging.adversarial_doodles import ADVERSARIAL_DOODLES


@pytest.mark.parametrize("name", ADVERSARIAL_DOODLES)
@pytest.mark.parametrize("size", [(256, 256), (64, 64), (640, 960)])
def test_doodle_is_a_deterministic_layer_of_the_given_size(
    name: str, size: tuple[int, int]
) -> None:
    layer, repeated = (ADVERSARIAL_DOODLES[name](*size) for _ in range(2))
    assert (layer.mode, layer.size) == ("RGBA", size)
    assert layer.getchannel("A").getbbox() is not None
    assert layer.tobytes() == repeated.tobytes()
