"""Color error and diversity of images."""

import pytest
from PIL import Image

from studio.imaging.color_metrics import (
    MIN_REGION_PIXELS,
    SAME_COLOR_DELTA_E,
    color_regions,
    delta_e_map,
    diversity,
    mean_delta_e,
    median_color_error,
    region_color_errors,
)


def doodle(*patches: tuple[tuple[int, int, int, int], tuple[int, int, int]]) -> Image.Image:
    layer = Image.new("RGBA", (128, 128))
    for box, color in patches:
        layer.paste((*color, 255), box)
    return layer


RED, BLUE = (214, 40, 48), (40, 70, 200)


def test_color_regions_exclude_strokes() -> None:
    layer = doodle(
        ((10, 10, 50, 50), RED),
        ((60, 10, 100, 50), RED),
        ((10, 60, 50, 100), BLUE),
        ((60, 60, 64, 120), BLUE),
    )
    regions = color_regions(layer)
    assert len(regions) == 3
    assert all(region.mask.sum() >= MIN_REGION_PIXELS for region in regions)


def test_color_error_of_equal_and_different_color() -> None:
    layer = doodle(((10, 10, 60, 60), RED))
    assert region_color_errors(layer, Image.new("RGB", (128, 128), RED)) == [
        pytest.approx(0, abs=0.1)
    ]
    assert (
        region_color_errors(layer, Image.new("RGB", (128, 128), BLUE))[0] > 2 * SAME_COLOR_DELTA_E
    )


def test_median_color_error_over_regions() -> None:
    layer = doodle(((10, 10, 50, 50), RED), ((60, 10, 100, 50), RED), ((10, 60, 50, 100), BLUE))
    assert median_color_error(layer, Image.new("RGB", (128, 128), RED)) == pytest.approx(0, abs=0.1)
    assert median_color_error(Image.new("RGBA", (128, 128)), layer) is None


def test_gradient_has_no_regions() -> None:
    layer = Image.new("RGBA", (128, 128))
    for x in range(128):
        layer.paste((x * 2, x, 255 - x, 255), (x, 0, x + 1, 100))
    assert color_regions(layer) == []


def test_delta_e_map_locates_the_change() -> None:
    red = Image.new("RGB", (128, 128), RED)
    patched = red.copy()
    patched.paste(BLUE, (64, 0, 128, 64))
    assert mean_delta_e(red, red) == 0
    assert mean_delta_e(red, patched) == mean_delta_e(patched, red) > 0
    changed = delta_e_map(red, patched)
    assert changed[:32, 32:].min() > SAME_COLOR_DELTA_E
    assert changed[32:].max() == 0


def test_diversity_is_the_mean_of_all_pairs() -> None:
    red, blue = (Image.new("RGB", (96, 96), color) for color in (RED, BLUE))
    assert diversity([red, red, red, red]) == 0
    assert diversity([red, red, red, blue]) == pytest.approx(mean_delta_e(red, blue) / 2)
