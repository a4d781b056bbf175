"""What a study may vary, and what its trials are worth."""

import pytest
from pydantic import ValidationError

from studio.errors import InputError
from studio.recipes.reports import Looks
from studio.recipes.tuning import Span, Study, score, tried, worth
from tests import examples


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("strength=0.4..0.8", Span(field="strength", low=0.4, high=0.8)),
        ("steps = 8..20", Span(field="steps", low=8, high=20)),
        ("sampler=Euler, UniPC", Span(field="sampler", choices=("Euler", "UniPC"))),
        ("control_units.0.weight=0.5,1", Span(field="control_units.0.weight", choices=(0.5, 1))),
        # Issue 18, 17: models of any name.
        (
            'base_model.name="a, (b)",1.5,a..b',
            Span(field="base_model.name", choices=("a, (b)", "1.5", "a..b")),
        ),
    ],
)
def test_spans_are_read_as_operators_write_them(text: str, span: Span) -> None:
    assert Span.read(text) == span


@pytest.mark.parametrize("text", ["strength", "strength=", "=1..2", "strength=a..b", "strength=0.8..0.4", "Strength=1,2", "strength=0..inf", "strength=nan,1", "steps=" + "1," * 101])  # fmt: skip
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        Span.read(text)


def test_steps_are_whole_and_strength_is_not() -> None:
    assert Span.read("steps=8..20").whole
    assert not Span.read("strength=0..1").whole
    assert not Span.read("steps=8,20").whole


def test_a_field_is_varied_once() -> None:
    span = Span.read("steps=8..20")
    with pytest.raises(ValidationError, match="varied twice"):
        Study(slug="spring", number=1, letter="A", spans=(span, span))


def test_values_come_into_their_fields_and_must_hold() -> None:
    recipe = examples.recipe(control_units=(examples.unit(),))
    varied = tried(recipe, {"strength": 0.4, "control_units.0.weight": 0.5})
    assert (varied.strength, varied.control_units[0].weight) == (0.4, 0.5)
    assert tried(recipe, {}) == recipe
    with pytest.raises(InputError, match="strength"):
        tried(recipe, {"strength": 4})
    with pytest.raises(InputError, match="no field 'nothing'"):
        tried(recipe, {"nothing": 4})


def test_like_the_doodle_and_unlike_the_others_is_best() -> None:
    best = worth(Looks(likeness=0.0, diversity=40.0, of_seeds=None))
    middle = worth(Looks(likeness=10.0, diversity=10.0, of_seeds=None))
    worst = worth(Looks(likeness=60.0, diversity=0.0, of_seeds=None))
    assert (best, worst) == (1.0, 0.0)
    assert worst < middle < best


def test_stars_are_waited_for_where_they_count() -> None:
    looks = Looks(likeness=0.0, diversity=40.0, of_seeds=None)
    assert score("looks", looks, None) == 1.0
    assert score("votes", looks, None) is None
    assert [score("votes", looks, stars) for stars in (1, 3, 5)] == [0.0, 0.5, 1.0]
    assert score("both", looks, 1) == 0.5
