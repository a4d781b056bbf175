"""What long work costs, told before it is begun (issue 18, 16)."""

from datetime import UTC, datetime

from studio.app import AppContainer
from studio.imaging.adversarial_doodles import ADVERSARIAL_DOODLES
from studio.recipes.evaluation.blind_test import Candidate
from studio.recipes.evaluation.tuning import SearchSpace, TuningStudy
from studio.recipes.generation.job import Timings
from studio.recipes.generation.recipe import ModelRef
from studio.recipes.themes.preset import SLOTS
from studio.services.cost_estimates import Cost, told_seconds
from tests import examples


def measured(studio: AppContainer, model: str, seconds: float, name: str) -> None:
    """Keeps a variant that this machine took so long for."""
    made = examples.variant(
        request_id=name * 32, recipe=examples.recipe(base_model=ModelRef(name=model)),
        timings=Timings(load_seconds=1.0, render_seconds=seconds - 1.0), created_at=datetime.now(UTC),
    )  # fmt: skip
    studio.variants.add(made, examples.png())


def test_a_review_costs_images_and_seconds_of_this_machine(studio: AppContainer) -> None:
    bases = len(studio.base_images.list_all())
    pack = studio.evaluations.cost("first-light", 1, "robustness")
    assert pack == Cost(images=bases * len(ADVERSARIAL_DOODLES) * 4, cached=0, seconds=None)
    recipes = studio.themes.get_version("first-light").preset.recipes
    models = {recipes[slot].base_model.name for slot in SLOTS}
    for index, model in enumerate(sorted(models)):
        measured(studio, model, 2.0 * (index + 1), "abc"[index])
    by_model = {model: 2.0 * (index + 1) for index, model in enumerate(sorted(models))}
    seconds = (
        bases
        * len(ADVERSARIAL_DOODLES)
        * sum(by_model[recipes[each].base_model.name] for each in SLOTS)
    )
    assert studio.evaluations.cost("first-light", 1, "robustness").seconds == round(seconds, 1)


def test_what_is_kept_from_before_costs_nothing(studio: AppContainer) -> None:
    drawn = studio.evaluations.run_regression("first-light", 1, None, lambda *_: None)
    images = len(drawn.report.comparisons)
    assert studio.evaluations.cost("first-light", 1, "regression") == Cost(images, images, 0.0)


def test_a_contest_costs_what_is_missing_of_all_its_entrants(studio: AppContainer) -> None:
    entrants = [Candidate(slug="first-light", version=1, slot=slot) for slot in ("A", "C")]
    cost = studio.blind_tests.cost(entrants)
    drawn_on_a_base = sum(each.base_image is not None for each in studio.sample_doodles)
    assert (cost.images, cost.cached) == (2 * 2 * drawn_on_a_base, 0)
    assert studio.blind_tests.contests.list_all() == []
    begun = studio.blind_tests.create("Which?", entrants)
    studio.blind_tests.render_missing(begun.id, lambda *_: None)
    assert studio.blind_tests.cost_of(begun.id) == Cost(cost.images, cost.images, 0.0)


def test_further_trials_cost_new_images_and_those_of_the_other_recipes(
    studio: AppContainer,
) -> None:
    span = SearchSpace.parse("denoising_strength=0.4..0.8")
    study = TuningStudy(slug="first-light", version=1, slot="B", search_space=(span,))
    name = studio.tuning.create_study(study)
    doodles = len([each for each in studio.tuning.pack if each.base_image])
    assert studio.tuning.cost(name, 10).images == 10 * doodles + 3 * doodles


def test_seconds_are_told_as_a_person_would() -> None:
    told = {0.0: "1 s", 12.4: "12 s", 100.0: "2 min", 5000.0: "83 min", 7300.0: "2 h"}
    assert {seconds: str(told_seconds(seconds)) for seconds in told} == told
