"""Parsing of sweep axes, and the grid of images."""

from contextlib import suppress
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.errors import InvalidInputError
from studio.recipes.generation.axes import MAX_AXIS_VALUES, Axis
from studio.recipes.generation.recipe import ModelRef
from studio.recipes.generation.sweep import MAX_CELLS, expand_grid
from tests import examples


@pytest.mark.parametrize(
    ("text", "field", "values"),
    [
        ("denoising_strength=0.4,0.6", "denoising_strength", (0.4, 0.6)),
        ("steps = 8, 12", "steps", (8, 12)),
        ("denoising_strength=0.4..0.8/5", "denoising_strength", (0.4, 0.5, 0.6, 0.7, 0.8)),
        ("steps=8..20/4", "steps", (8, 12, 16, 20)),
        ("steps=20..8/2,30", "steps", (20, 8, 30)),
        ("base_model.name=ink,water", "base_model.name", ("ink", "water")),
        ("control_units.0.weight=1", "control_units.0.weight", (1,)),
        ("prompt=red,deep blue", "prompt", ("red", "deep blue")),
        ("prompt=1990, 2.50", "prompt", ("1990", "2.50")),
        # Issue 18, 17: models of any name.
        (
            'base_model.name="a, (b)", 【汉服】_v1 ,_c&d, 1.5, a..b',
            "base_model.name",
            ("a, (b)", "【汉服】_v1", "_c&d", "1.5", "a..b"),
        ),
        ("loras.0.model.name=o'neil,100%", "loras.0.model.name", ("o'neil", "100%")),
    ],
)
def test_axes_are_parsed(text: str, field: str, values: tuple[object, ...]) -> None:
    axis = Axis.parse(text)
    assert (axis.field, axis.values) == (field, values)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("denoising_strength", "is not a valid axis"),
        ("denoising_strength=", "values: must have at least 1"),
        ("denoising_strength=0.4..0.8", "is not a valid range"),
        ("denoising_strength=a..b/3", "is not a valid range"),
        ("denoising_strength=0..1/1", "is not a valid range"),
        ("Strength/../=1", "field: "),
        ('prompt="' + "a" * 200_000, "is not a valid list of values"),
        # Issue 18, 12 (review 2.4): counted before it is built; the first took 30 s and 1.1 GB.
        ("denoising_strength=0..1/20000000", "Too many values"),
        ("denoising_strength=0..1/1000000000000", "Too many values"),
        ("denoising_strength=0..1/101", "Too many values"),
        ("denoising_strength=0..1/" + "9" * 5000, "Too many values"),
        ("denoising_strength=" + "0..1/100," * 100_000, "Too many values"),
        ("denoising_strength=0..1/²", "is not a valid range"),
        ("denoising_strength=0..1/٣", "is not a valid range"),
        ("denoising_strength=0..1/", "is not a valid range"),
        ("denoising_strength=inf", "“inf” is not a finite number"),
        ("denoising_strength=1e999", "“1e999” is not a finite number"),
        ("denoising_strength=nan", "“nan” is not a finite number"),
        ("denoising_strength=0..inf/3", "“inf” is not a finite number"),
        ("steps=" + "9" * 5000, "is not a finite number"),
    ],
)
def test_malformed_axis_is_refused(text: str, error: str) -> None:
    with pytest.raises(InvalidInputError, match=error) as caught:
        Axis.parse(text)
    assert len(str(caught.value)) < 250


@settings(deadline=None)
@given(st.text(max_size=40) | st.text(alphabet='0123456789.,/-+e"infa²٣ ', max_size=40))
def test_any_axis_is_parsed_or_refused(values: str) -> None:
    for field in ("denoising_strength", "base_model.name", "seed"):
        with suppress(InvalidInputError):
            assert 1 <= len(Axis.parse(f"{field}={values}").values) <= MAX_AXIS_VALUES


def test_range_may_span_all_finite_numbers() -> None:
    low, middle, high = Axis.parse("denoising_strength=-1e308..1e308/3").values
    assert (float(low), middle, float(high)) == (-1e308, 0, 1e308)


def expand(*axes: str, **recipe: Any) -> list[tuple[tuple[int, ...], Any]]:
    cells = expand_grid(examples.recipe(**recipe), 7, [Axis.parse(axis) for axis in axes])
    return [(cell.coordinates, cell) for cell in cells]


def test_two_axes_give_all_combinations() -> None:
    cells = dict(expand("denoising_strength=0.4,0.6", "steps=8,12,16"))
    assert len(cells) == 6
    assert (cells[1, 2].recipe.denoising_strength, cells[1, 2].recipe.steps) == (0.6, 16)


def test_units_models_and_seed_can_be_axes() -> None:
    units = (examples.unit("scribble"), examples.unit("pose"))
    cells = dict(expand("control_units.1.weight=0.5", "seed=3,4", control_units=units))
    assert [unit.weight for unit in cells[0, 1].recipe.control_units] == [1.0, 0.5]
    assert [cells[0, i].seed for i in (0, 1)] == [3, 4]
    with_hash = ModelRef(name="ink", sha256=examples.HASH)
    replaced = dict(expand("base_model.name=water", base_model=with_hash))
    assert replaced[0,].recipe.base_model == ModelRef(name="water")


def test_prompt_axis_searches_and_replaces() -> None:
    cells = dict(expand("prompt=red,blue", prompt_template="a red coat, {prompt}"))
    assert cells[0,].recipe.prompt_template == "a red coat, {prompt}"
    assert cells[1,].recipe.prompt_template == "a blue coat, {prompt}"
    assert cells[1,].prompt_replacement == ("red", "blue")


def test_grid_is_ordered_by_base_model() -> None:
    names = [
        cell.recipe.base_model.name
        for _, cell in expand("steps=8,9,10", "base_model.name=ink,water")
    ]
    assert names == ["ink"] * 3 + ["water"] * 3


@pytest.mark.parametrize(
    ("axis", "error"),
    [
        ("no_such=1", "Recipe field not found: “no_such”"),
        ("control_units.3.weight=1", "Recipe field not found: “control_units.3.weight”"),
        ("__class__=1", "Recipe field not found: “__class__”"),
        ("strength.deep=1", "Recipe field not found: “strength.deep”"),
        ("steps=900", "steps: must be at most 150"),
        ("sampler=Nobody", "sampler: must be"),
        ("seed=red", "'red' on axis “seed” is not a valid seed"),
        ("seed=1.5", "1.5 on axis “seed” is not a valid seed"),
        ("seed=4294967296", "Seed 4294967296 is out of range"),
        ("seed=-1", "Seed -1 is out of range"),
    ],
)
def test_invalid_axis_values_are_refused(axis: str, error: str) -> None:
    with pytest.raises(InvalidInputError, match=error):
        expand(axis)


def test_grid_size_is_limited() -> None:
    with pytest.raises(InvalidInputError, match=f"max {MAX_CELLS}"):
        expand("seed=1..100/100", "steps=1..10/10")


@given(st.integers(0, 10**6), st.integers(2, 90), st.integers(1, 10**6))
def test_range_has_even_steps(low: int, count: int, width: int) -> None:
    values = Axis.parse(f"denoising_strength={low}..{low + width}/{count}").values
    numbers = [float(value) for value in values]
    assert (len(numbers), numbers[0], numbers[-1]) == (count, low, low + width)
    gaps = [b - a for a, b in pairwise(numbers)]
    assert max(gaps) - min(gaps) < 1e-4
