"""The doodles that break themes are drawn at any size, the same each time."""

import pytest

from studio.imaging.adversarial_doodles import ADVERSARIAL_DOODLES


@pytest.mark.parametrize("name", ADVERSARIAL_DOODLES)
@pytest.mark.parametrize("size", [(256, 256), (64, 64), (640, 960)])
def test_each_is_a_layer_of_the_asked_size_with_something_on_it(
    name: str, size: tuple[int, int]
) -> None:
    layer, again = (ADVERSARIAL_DOODLES[name](*size) for _ in range(2))
    assert (layer.mode, layer.size) == ("RGBA", size)
    assert layer.getchannel("A").getbbox() is not None
    assert layer.tobytes() == again.tobytes()
