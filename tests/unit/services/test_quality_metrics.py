"""Quality metrics of a run's images."""

import pytest

from studio.imaging.png_io import decode_png
from studio.recipes.themes.preset import SLOTS
from studio.services.evaluation.quality_metrics import compute_run_metrics
from studio.services.evaluation.regression import compute_suite_metrics
from tests import examples

RED, BLUE = (214, 40, 48), (40, 70, 200)


def pngs(*colors: tuple[int, int, int]) -> list[bytes]:
    return [examples.png(color=color, mode="RGB") for color in colors]


def test_images_of_the_doodle_color_have_no_error_and_no_diversity() -> None:
    doodle = examples.doodle((*RED, 255)).png_bytes
    metrics = compute_run_metrics(doodle, pngs(*[RED] * 4))
    assert metrics.color_error == pytest.approx(0, abs=0.1)
    assert metrics.diversity == 0


def test_images_of_other_sizes_than_the_doodle_are_compared() -> None:
    larger = examples.png(color=RED, mode="RGB", size=(512, 384))
    doodle = examples.doodle((*RED, 255)).png_bytes
    metrics = compute_run_metrics(doodle, [larger, *pngs(*[RED] * 3)])
    assert metrics.color_error == pytest.approx(0, abs=0.1)


def test_other_colors_have_an_error_and_diversity() -> None:
    doodle = examples.doodle((*RED, 255)).png_bytes
    metrics = compute_run_metrics(doodle, pngs(BLUE, RED, BLUE, BLUE))
    assert metrics.color_error is not None
    assert metrics.color_error > 30
    assert metrics.diversity > 15


def test_without_a_doodle_there_is_no_color_error() -> None:
    assert compute_run_metrics(None, pngs(RED, BLUE)).color_error is None


# Issue 18, 17: four pictures have two in the middle.
def test_color_error_of_a_run_equals_that_of_a_regression_report() -> None:
    doodle = examples.doodle((*RED, 255))
    colors = (RED, (214, 60, 60), (200, 90, 60), BLUE)
    run = compute_run_metrics(doodle.png_bytes, pngs(*colors))
    images = {
        ("star-dress", 0, slot): decode_png(png, "it")
        for slot, png in zip(SLOTS, pngs(*colors), strict=True)
    }
    sheet = compute_suite_metrics(images, {"star-dress": decode_png(doodle.png_bytes, "it")})
    assert run.color_error == pytest.approx(sheet.color_error, abs=0.01)
