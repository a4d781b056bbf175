"""Search spaces of tuning studies, and the scores of trials."""

import pytest
from pydantic import ValidationError

from studio.errors import InvalidInputError
from studio.recipes.evaluation.reports import QualityMetrics
from studio.recipes.evaluation.tuning import (
    SearchSpace,
    TuningStudy,
    apply_trial,
    quality_score,
    trial_score,
)
from tests import examples


@pytest.mark.parametrize(
    ("text", "space"),
    [
        ("denoising_strength=0.4..0.8", SearchSpace(field="denoising_strength", low=0.4, high=0.8)),
        ("steps = 8..20", SearchSpace(field="steps", low=8, high=20)),
        ("sampler=Euler, UniPC", SearchSpace(field="sampler", choices=("Euler", "UniPC"))),
        (
            "control_units.0.weight=0.5,1",
            SearchSpace(field="control_units.0.weight", choices=(0.5, 1)),
        ),
        # Issue 18, 17: models of any name.
        (
            'base_model.name="a, (b)",1.5,a..b',
            SearchSpace(field="base_model.name", choices=("a, (b)", "1.5", "a..b")),
        ),
    ],
)
def test_search_space_is_parsed(text: str, space: SearchSpace) -> None:
    assert SearchSpace.parse(text) == space


@pytest.mark.parametrize("text", ["denoising_strength", "denoising_strength=", "=1..2", "denoising_strength=a..b", "denoising_strength=0.8..0.4", "Strength=1,2", "denoising_strength=0..inf", "denoising_strength=nan,1", "steps=" + "1," * 101])  # fmt: skip
def test_malformed_search_space_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError):
        SearchSpace.parse(text)


def test_steps_are_integers_and_strength_is_not() -> None:
    assert SearchSpace.parse("steps=8..20").is_integer
    assert not SearchSpace.parse("denoising_strength=0..1").is_integer
    assert not SearchSpace.parse("steps=8,20").is_integer
    assert SearchSpace.parse("face_repair.padding=16..64").is_integer
    assert not SearchSpace.parse("control_units.0.weight=0..2").is_integer


def test_sizes_are_multiples_of_eight() -> None:
    assert SearchSpace.parse("width=256..512").integer_step == 8
    assert SearchSpace.parse("steps=8..20").integer_step == 1


def test_field_with_two_search_spaces_is_refused() -> None:
    space = SearchSpace.parse("steps=8..20")
    with pytest.raises(ValidationError, match="a field is listed twice"):
        TuningStudy(slug="spring", version=1, slot="A", search_space=(space, space))


def test_trial_values_are_applied_and_validated() -> None:
    recipe = examples.recipe(control_units=(examples.unit(),))
    varied = apply_trial(recipe, {"denoising_strength": 0.4, "control_units.0.weight": 0.5})
    assert (varied.denoising_strength, varied.control_units[0].weight) == (0.4, 0.5)
    assert apply_trial(recipe, {}) == recipe
    with pytest.raises(InvalidInputError, match="denoising_strength"):
        apply_trial(recipe, {"denoising_strength": 4})
    with pytest.raises(InvalidInputError, match="Recipe field not found: “nothing”"):
        apply_trial(recipe, {"nothing": 4})


def test_low_color_error_and_high_diversity_score_best() -> None:
    best = quality_score(QualityMetrics(color_error=0.0, diversity=40.0, seed_diversity=None))
    middle = quality_score(QualityMetrics(color_error=10.0, diversity=10.0, seed_diversity=None))
    worst = quality_score(QualityMetrics(color_error=60.0, diversity=0.0, seed_diversity=None))
    assert (best, worst) == (1.0, 0.0)
    assert worst < middle < best


def test_trial_has_no_score_until_it_is_rated() -> None:
    metrics = QualityMetrics(color_error=0.0, diversity=40.0, seed_diversity=None)
    assert trial_score("metrics", metrics, None) == 1.0
    assert trial_score("ratings", metrics, None) is None
    assert [trial_score("ratings", metrics, rating) for rating in (1, 3, 5)] == [0.0, 0.5, 1.0]
    assert trial_score("both", metrics, 1) == 0.5
