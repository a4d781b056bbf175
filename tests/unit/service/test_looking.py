"""The looks of one run: measured on the pictures that were made."""

import pytest

from studio.imaging.limits import open_png
from studio.recipes.preset import LETTERS
from studio.service.looking import run_looks
from studio.service.regression import looks
from tests import examples

RED, BLUE = (214, 40, 48), (40, 70, 200)


def pngs(*colours: tuple[int, int, int]) -> list[bytes]:
    return [examples.png(colour=colour, mode="RGB") for colour in colours]


def test_four_times_the_doodles_colour_is_like_it_and_not_diverse() -> None:
    looks = run_looks(examples.request(doodle=examples.doodle((*RED, 255))), pngs(*[RED] * 4))
    assert looks.likeness == pytest.approx(0, abs=0.1)
    assert looks.diversity == 0


def test_other_colours_are_unlike_it_and_unlike_one_another() -> None:
    request = examples.request(doodle=examples.doodle((*RED, 255)))
    looks = run_looks(request, pngs(BLUE, RED, BLUE, BLUE))
    assert looks.likeness is not None
    assert looks.likeness > 30
    assert looks.diversity > 15


def test_without_a_doodle_there_is_nothing_to_be_like() -> None:
    assert run_looks(examples.request(), pngs(RED, BLUE)).likeness is None


# Issue 18, 17: four pictures have two in the middle.
def test_the_distance_of_a_run_is_the_median_that_a_sheet_shows() -> None:
    doodle = examples.doodle((*RED, 255))
    colours = (RED, (214, 60, 60), (200, 90, 60), BLUE)
    run = run_looks(examples.request(doodle=doodle), pngs(*colours))
    shown = {
        ("star-dress", 0, letter): open_png(png, "it")
        for letter, png in zip(LETTERS, pngs(*colours), strict=True)
    }
    sheet = looks(shown, {"star-dress": open_png(doodle.png, "it")})
    assert run.likeness == pytest.approx(sheet.likeness, abs=0.01)
