"""The looks of one run: measured on the pictures that were made."""

import pytest

from studio.service.looking import run_looks
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
