"""What long work costs, told before it is begun (issue 18, 16)."""

from datetime import UTC, datetime

from studio.bootstrap import Studio
from studio.imaging.nasty import NASTY
from studio.recipes.preset import LETTERS
from studio.recipes.recipe import ModelRef
from studio.recipes.request import Timings
from studio.recipes.tuning import Span, Study
from studio.recipes.voting import Entrant
from studio.service.costs import Cost, told_seconds
from tests import examples


def measured(studio: Studio, model: str, seconds: float, name: str) -> None:
    """Keeps a variant that this machine took so long for."""
    made = examples.variant(
        request_id=name * 32, recipe=examples.recipe(base_model=ModelRef(name=model)),
        timings=Timings(load=1.0, render=seconds - 1.0), created=datetime.now(UTC),
    )  # fmt: skip
    studio.variants.add(made, examples.png())


def test_a_review_costs_pictures_and_seconds_of_this_machine(studio: Studio) -> None:
    bases = len(studio.bases.all())
    pack = studio.reviewing.cost("first-light", 1, "robustness")
    assert pack == Cost(pictures=bases * len(NASTY) * 4, kept=0, seconds=None)
    recipes = studio.presets.version("first-light").preset.recipes
    models = {recipes[letter].base_model.name for letter in LETTERS}
    for index, model in enumerate(sorted(models)):
        measured(studio, model, 2.0 * (index + 1), "abc"[index])
    by_model = {model: 2.0 * (index + 1) for index, model in enumerate(sorted(models))}
    seconds = bases * len(NASTY) * sum(by_model[recipes[each].base_model.name] for each in LETTERS)
    assert studio.reviewing.cost("first-light", 1, "robustness").seconds == round(seconds, 1)


def test_what_is_kept_from_before_costs_nothing(studio: Studio) -> None:
    drawn = studio.reviewing.draw_sheet("first-light", 1, None, lambda *_: None)
    pictures = len(drawn.report.cells)
    assert studio.reviewing.cost("first-light", 1, "regression") == Cost(pictures, pictures, 0.0)


def test_a_contest_costs_what_is_missing_of_all_its_entrants(studio: Studio) -> None:
    entrants = [Entrant(slug="first-light", number=1, letter=letter) for letter in ("A", "C")]
    cost = studio.voting.cost(entrants)
    drawn_on_a_base = sum(each.base_image is not None for each in studio.doodles)
    assert (cost.pictures, cost.kept) == (2 * 2 * drawn_on_a_base, 0)
    assert studio.voting.contests.all() == []
    begun = studio.voting.begin("Which?", entrants)
    studio.voting.draw(begun.id, lambda *_: None)
    assert studio.voting.cost_of(begun.id) == Cost(cost.pictures, cost.pictures, 0.0)


def test_further_trials_cost_new_pictures_and_those_of_the_other_recipes(studio: Studio) -> None:
    span = Span.read("strength=0.4..0.8")
    study = Study(slug="first-light", number=1, letter="B", spans=(span,))
    name = studio.tuning.begin(study)
    doodles = len([each for each in studio.tuning.pack if each.base_image])
    assert studio.tuning.cost(name, 10).pictures == 10 * doodles + 3 * doodles


def test_seconds_are_told_as_a_person_would() -> None:
    told = {0.0: "1 s", 12.4: "12 s", 100.0: "2 min", 5000.0: "83 min", 7300.0: "2 h"}
    assert {seconds: str(told_seconds(seconds)) for seconds in told} == told
