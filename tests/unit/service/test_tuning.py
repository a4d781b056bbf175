"""Studies: trials are drawn, judged by looks or stars, paused, gone on with, kept as versions."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from studio.bootstrap import Studio, open_studio
from studio.errors import Cancelled, InputError, NotFound
from studio.recipes.tuning import Objective, Span, Study
from studio.service.fake import FakeRenderer
from studio.settings import Settings


def silent(done: int, total: int) -> None:
    assert 0 <= done <= total


class Paler(FakeRenderer):
    """Draws the doodle the paler the lower recipe B's strength: high strength is best."""

    def _render(self, job: Any, base: Any, doodle: Any, watch: Any) -> Any:
        rendered = super()._render(job, base, doodle, watch)
        if job.letter != "B":
            return rendered
        white = Image.new("RGB", rendered.picture.size, "white")
        return replace(rendered, picture=Image.blend(white, rendered.picture, job.recipe.strength))


@pytest.fixture
def studio(home: Path) -> Studio:
    return open_studio(Settings(home=home), lambda: Paler(steps=1))


def study(objective: Objective = "looks", *spans: str) -> Study:
    read = tuple(Span.read(text) for text in spans or ("strength=0.1..0.9",))
    return Study(slug="first-light", number=1, letter="B", spans=read, objective=objective)


def test_a_study_finds_what_looks_best(studio: Studio) -> None:
    name = studio.tuning.begin(study())
    studio.tuning.run(name, 14, silent)
    trials = studio.tuning.trials(name)
    assert len(trials) == 14
    assert [t.score for t in trials] == sorted((t.score or 0 for t in trials), reverse=True)
    best, worst = trials[0], trials[-1]
    assert float(best.values["strength"]) > float(worst.values["strength"])
    assert best.looks.likeness is not None
    assert worst.looks.likeness is not None
    assert best.looks.likeness < worst.looks.likeness


def test_a_study_goes_on_where_it_was_stopped_also_after_a_restart(studio: Studio) -> None:
    name = studio.tuning.begin(
        study("looks", "strength=0.1..0.9", "sampler=Euler,UniPC", "steps=4..9")
    )

    def stop(done: int, _: int) -> None:
        if done == 2:
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        studio.tuning.run(name, 5, stop)
    assert len(studio.tuning.trials(name)) == 2
    again = open_studio(studio.settings, lambda: Paler(steps=1))
    again.tuning.run(name, 3, silent)
    trials = again.tuning.trials(name)
    assert sorted(t.number for t in trials) == [0, 1, 2, 3, 4]
    assert len({tuple(t.values.values()) for t in trials}) == 5
    assert all(t.values["sampler"] in ("Euler", "UniPC") and 4 <= int(t.values["steps"]) <= 9 for t in trials)  # fmt: skip


def test_where_votes_count_a_trial_waits_for_its_stars(studio: Studio) -> None:
    name = studio.tuning.begin(study("votes"))
    studio.tuning.run(name, 3, silent)
    assert [t.score for t in studio.tuning.trials(name)] == [None] * 3
    studio.tuning.rate(name, 1, 5)
    studio.tuning.rate(name, 2, 2)
    trials = studio.tuning.trials(name)
    assert [(t.number, t.stars, t.score) for t in trials] == [(0, None, None), (1, 5, 1.0), (2, 2, 0.25)]  # fmt: skip
    with pytest.raises(InputError, match="judged already"):
        studio.tuning.rate(name, 1, 3)
    with pytest.raises(NotFound, match="no trial 9"):
        studio.tuning.rate(name, 9, 3)


def test_a_trial_is_a_recipe_one_can_open_and_keep(studio: Studio) -> None:
    name = studio.tuning.begin(study())
    studio.tuning.run(name, 2, silent)
    trial = studio.tuning.trials(name)[0]
    preset = studio.tuning.preset(name, trial.number)
    assert preset.recipes.B.strength == trial.values["strength"]
    assert preset.recipes.A == studio.presets.version("first-light").preset.recipes.A
    assert len(studio.tuning.pictures(name, trial.number)) == 5
    kept = studio.tuning.keep(name, trial.number, author="ada")
    assert (kept.number, kept.preset) == (2, preset)
    assert kept.note == f"recipe B is trial {trial.number} of {name}"


def test_what_was_changed_meanwhile_in_other_recipes_stays(studio: Studio) -> None:
    name = studio.tuning.begin(study())
    studio.tuning.run(name, 1, silent)
    preset = studio.presets.version("first-light").preset
    studio.presets.save(preset.model_copy(update={"prompt": "bold"}))
    assert studio.tuning.keep(name, 0).preset.prompt == "bold"


def test_studies_are_listed_by_theme_and_those_that_cannot_be_are_refused(studio: Studio) -> None:
    first = studio.tuning.begin(study())
    second = studio.tuning.begin(study("both"))
    assert studio.tuning.names("first-light") == [first, second]
    assert studio.tuning.names("picnic") == []
    assert studio.tuning.study(second).objective == "both"
    with pytest.raises(InputError, match="no field 'nothing'"):
        studio.tuning.begin(study("looks", "nothing=1..2"))
    with pytest.raises(InputError, match="strength"):
        studio.tuning.begin(study("looks", "strength=0.5..4"))
    with pytest.raises(InputError, match="1 to 500 trials"):
        studio.tuning.run(first, 0, silent)
    with pytest.raises(NotFound, match="no study 'x'"):
        studio.tuning.trials("x")
