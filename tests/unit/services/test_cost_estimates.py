"""Cost estimates of long tasks (issue 18, 16)."""

from datetime import UTC, datetime

from studio.app import AppContainer
from studio.imaging.adversarial_doodles import ADVERSARIAL_DOODLES
from studio.recipes.evaluation.blind_test import Candidate
from studio.recipes.evaluation.tuning import SearchSpace, TuningStudy
from studio.recipes.generation.job import Timings
from studio.recipes.generation.recipe import ModelRef
from studio.recipes.themes.preset import SLOTS
from studio.services.cost_estimates import Cost, format_duration
from studio.services.themes.preset_check import seconds_per_step
from tests import examples


def store_variant(studio: AppContainer, model: str, seconds: float, name: str) -> None:
    """Stores a variant that took so many seconds."""
    variant = examples.variant(
        request_id=name * 32,
        recipe=examples.recipe(base_model=ModelRef(name=model)),
        timings=Timings(load_seconds=1.0, render_seconds=seconds - 1.0),
        created_at=datetime.now(UTC),
    )
    studio.stores.variants.add(variant, examples.png())


def test_evaluation_cost_uses_durations_measured_here(studio: AppContainer) -> None:
    bases = len(studio.stores.base_images.list_all())
    cost = studio.evaluation.suites.cost("first-light", 1, "robustness")
    assert cost == Cost(images=bases * len(ADVERSARIAL_DOODLES) * 4, cached=0, seconds=None)
    recipes = studio.stores.themes.get_version("first-light").preset.recipes
    models = {recipes[slot].base_model.name for slot in SLOTS}
    for index, model in enumerate(sorted(models)):
        store_variant(studio, model, 2.0 * (index + 1), "abc"[index])
    by_model = {model: 2.0 * (index + 1) for index, model in enumerate(sorted(models))}
    seconds = (
        bases
        * len(ADVERSARIAL_DOODLES)
        * sum(by_model[recipes[each].base_model.name] for each in SLOTS)
    )
    assert studio.evaluation.suites.cost("first-light", 1, "robustness").seconds == round(
        seconds, 1
    )


def test_a_step_is_measured_for_an_image_of_512_pixels(studio: AppContainer) -> None:
    """Ten steps by 0.6 on a quarter of the pixels, in 3 seconds."""
    recipe = examples.recipe(steps=10, denoising_strength=0.6, width=256, height=256)
    timings = Timings(load_seconds=9.0, render_seconds=3.0)
    studio.stores.variants.add(examples.variant(recipe=recipe, timings=timings), examples.png())
    assert seconds_per_step(studio.stores.variants) == {"pocket-ink": 2.0}


def test_cached_images_cost_nothing(studio: AppContainer) -> None:
    run = studio.evaluation.suites.run_regression("first-light", 1, None, lambda *_: None)
    images = len(run.report.comparisons)
    assert studio.evaluation.suites.cost("first-light", 1, "regression") == Cost(
        images, images, 0.0
    )


def test_blind_test_costs_the_missing_images_of_all_candidates(studio: AppContainer) -> None:
    candidates = [Candidate(slug="first-light", version=1, slot=slot) for slot in ("A", "C")]
    cost = studio.evaluation.blind_tests.cost(candidates)
    drawn_on_a_base = sum(each.base_image is not None for each in studio.authoring.sample_doodles)
    assert (cost.images, cost.cached) == (2 * 2 * drawn_on_a_base, 0)
    assert studio.evaluation.blind_tests.list_latest() == []
    created = studio.evaluation.blind_tests.create("Which?", candidates)
    studio.evaluation.blind_tests.render_missing(created.id, lambda *_: None)
    assert studio.evaluation.blind_tests.cost_of(created.id) == Cost(cost.images, cost.images, 0.0)


def test_trials_cost_new_images_and_those_of_the_other_recipes(
    studio: AppContainer,
) -> None:
    span = SearchSpace.parse("denoising_strength=0.4..0.8")
    study = TuningStudy(slug="first-light", version=1, slot="B", search_space=(span,))
    name = studio.evaluation.tuning.create_study(study)
    doodles = len([each for each in studio.authoring.sample_doodles if each.base_image])
    assert studio.evaluation.tuning.cost(name, 10).images == 10 * doodles + 3 * doodles


def test_durations_are_formatted_in_the_largest_unit() -> None:
    expected = {0.0: "1 s", 12.4: "12 s", 100.0: "2 min", 5000.0: "83 min", 7300.0: "2 h"}
    assert {seconds: str(format_duration(seconds)) for seconds in expected} == expected
