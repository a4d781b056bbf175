"""The looks of one run: measured on the pictures that were made."""

import pytest

from studio.imaging.png_io import decode_png
from studio.recipes.themes.preset import SLOTS
from studio.services.evaluation.quality_metrics import compute_metrics
from studio.services.evaluation.regression import compute_suite_metrics
from tests import examples

RED, BLUE = (214, 40, 48), (40, 70, 200)


def pngs(*colors: tuple[int, int, int]) -> list[bytes]:
    return [examples.png(color=color, mode="RGB") for color in colors]


def test_four_times_the_doodles_color_is_like_it_and_not_diverse() -> None:
    looks = compute_metrics(examples.request(doodle=examples.doodle((*RED, 255))), pngs(*[RED] * 4))
    assert looks.color_error == pytest.approx(0, abs=0.1)
    assert looks.diversity == 0


def test_other_colors_are_unlike_it_and_unlike_one_another() -> None:
    request = examples.request(doodle=examples.doodle((*RED, 255)))
    looks = compute_metrics(request, pngs(BLUE, RED, BLUE, BLUE))
    assert looks.color_error is not None
    assert looks.color_error > 30
    assert looks.diversity > 15


def test_without_a_doodle_there_is_nothing_to_be_like() -> None:
    assert compute_metrics(examples.request(), pngs(RED, BLUE)).color_error is None


# Issue 18, 17: four pictures have two in the middle.
def test_the_distance_of_a_run_is_the_median_that_a_sheet_shows() -> None:
    doodle = examples.doodle((*RED, 255))
    colors = (RED, (214, 60, 60), (200, 90, 60), BLUE)
    run = compute_metrics(examples.request(doodle=doodle), pngs(*colors))
    shown = {
        ("star-dress", 0, slot): decode_png(png, "it")
        for slot, png in zip(SLOTS, pngs(*colors), strict=True)
    }
    sheet = compute_suite_metrics(shown, {"star-dress": decode_png(doodle.png_bytes, "it")})
    assert run.color_error == pytest.approx(sheet.color_error, abs=0.01)
