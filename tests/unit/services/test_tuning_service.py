"""Tuning studies: trials, stars, resuming, saving a trial as a version."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import optuna
import pytest
from PIL import Image

from studio.app import AppContainer, create_app_container
from studio.errors import InvalidInputError, JobCancelledError, NotFoundError
from studio.recipes.evaluation.tuning import Objective, SearchSpace, TuningStudy
from studio.services.evaluation.optuna_studies import OptunaStudies, suggest
from studio.settings import Settings
from tests.fake_renderer import FakeRenderer


def ignore_progress(done: int, total: int) -> None:
    assert 0 <= done <= total


class FadingRenderer(FakeRenderer):
    """Fades the doodle as recipe B's denoising strength falls, so that a high strength is best."""

    def _render(self, job: Any, base: Any, doodle: Any, listener: Any) -> Any:
        rendered = super()._render(job, base, doodle, listener)
        if job.slot != "B":
            return rendered
        white = Image.new("RGB", rendered.image.size, "white")
        return replace(
            rendered, decoded=Image.blend(white, rendered.image, job.recipe.denoising_strength)
        )


DOODLES = ("star-dress", "striped-set")
"""Two of the sample doodles: a trial renders an image of each, and compares it with those of three slots."""


@pytest.fixture
def studio(home: Path, fresh: Path) -> AppContainer:
    shutil.copytree(fresh, home)
    return open_studio(home)


def open_studio(home: Path) -> AppContainer:
    opened = create_app_container(Settings(data_dir=home), lambda: FadingRenderer(steps=1))
    doodles = [one for one in opened.authoring.sample_doodles if one.name in DOODLES]
    tuning = replace(opened.evaluation.tuning, sample_doodles=doodles)
    return replace(opened, evaluation=replace(opened.evaluation, tuning=tuning))


def study(objective: Objective = "metrics", *ranges: str) -> TuningStudy:
    space = tuple(SearchSpace.parse(text) for text in ranges or ("denoising_strength=0.1..0.9",))
    return TuningStudy(
        slug="first-light", version=1, slot="B", search_space=space, objective=objective
    )


def test_study_finds_the_best_metrics(studio: AppContainer) -> None:
    name = studio.evaluation.tuning.create_study(study())
    studio.evaluation.tuning.run(name, 14, ignore_progress)
    trials = studio.evaluation.tuning.trials(name)
    assert len(trials) == 14
    assert [t.score for t in trials] == sorted((t.score or 0 for t in trials), reverse=True)
    best, worst = trials[0], trials[-1]
    assert float(best.values["denoising_strength"]) > float(worst.values["denoising_strength"])
    assert best.metrics.color_error is not None
    assert worst.metrics.color_error is not None
    assert best.metrics.color_error < worst.metrics.color_error


def test_suggested_sizes_are_those_that_a_recipe_accepts() -> None:
    study = optuna.create_study()
    for _ in range(5):
        suggest(study.ask(), SearchSpace.parse("width=256..512"))
    widths = [trial.params["width"] for trial in study.trials]
    assert [width % 8 for width in widths] == [0] * 5


def test_of_two_studies_created_at_once_each_has_a_name(
    studio: AppContainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OptunaStudies, "list_names", lambda *_: ())
    tuning = studio.evaluation.tuning
    names = [tuning.create_study(study()) for _ in range(2)]
    assert names == ["first-light/1B/1", "first-light/1B/2"]


def test_study_resumes_after_cancellation_and_restart(studio: AppContainer) -> None:
    name = studio.evaluation.tuning.create_study(
        study("metrics", "denoising_strength=0.1..0.9", "sampler=Euler,UniPC", "steps=4..9")
    )

    def stop(done: int, _: int) -> None:
        if done == 2:
            raise JobCancelledError("enough")

    with pytest.raises(JobCancelledError):
        studio.evaluation.tuning.run(name, 5, stop)
    assert len(studio.evaluation.tuning.trials(name)) == 2
    again = open_studio(studio.settings.data_dir)
    again.evaluation.tuning.run(name, 3, ignore_progress)
    trials = again.evaluation.tuning.trials(name)
    assert sorted(t.number for t in trials) == [0, 1, 2, 3, 4]
    assert len({tuple(t.values.values()) for t in trials}) == 5
    assert all(
        t.values["sampler"] in ("Euler", "UniPC") and 4 <= int(t.values["steps"]) <= 9
        for t in trials
    )


def test_trial_of_a_votes_study_waits_for_its_stars(studio: AppContainer) -> None:
    name = studio.evaluation.tuning.create_study(study("ratings"))
    studio.evaluation.tuning.run(name, 3, ignore_progress)
    assert [t.score for t in studio.evaluation.tuning.trials(name)] == [None] * 3
    studio.evaluation.tuning.rate(name, 1, 5)
    studio.evaluation.tuning.rate(name, 2, 2)
    trials = studio.evaluation.tuning.trials(name)
    assert [(t.number, t.stars, t.score) for t in trials] == [
        (0, None, None),
        (1, 5, 1.0),
        (2, 2, 0.25),
    ]
    with pytest.raises(InvalidInputError, match="already been rated"):
        studio.evaluation.tuning.rate(name, 1, 3)
    with pytest.raises(NotFoundError, match="no trial 9"):
        studio.evaluation.tuning.rate(name, 9, 3)


def test_trial_can_be_opened_and_saved_as_a_version(studio: AppContainer) -> None:
    name = studio.evaluation.tuning.create_study(study())
    studio.evaluation.tuning.run(name, 2, ignore_progress)
    trial = studio.evaluation.tuning.trials(name)[0]
    preset = studio.evaluation.tuning.theme_with_trial(name, trial.number)
    assert preset.recipes.B.denoising_strength == trial.values["denoising_strength"]
    assert preset.recipes.A == studio.stores.themes.get_version("first-light").preset.recipes.A
    assert len(studio.evaluation.tuning.trial_images(name, trial.number)) == len(DOODLES)
    saved = studio.evaluation.tuning.save_trial_as_version(name, trial.number, author="ada")
    assert (saved.version, saved.preset) == (2, preset)
    assert saved.message == f"recipe B is trial {trial.number} of {name}"


def test_saving_a_trial_keeps_later_changes_of_the_theme(studio: AppContainer) -> None:
    name = studio.evaluation.tuning.create_study(study())
    studio.evaluation.tuning.run(name, 1, ignore_progress)
    preset = studio.stores.themes.get_version("first-light").preset
    studio.stores.themes.save(preset.model_copy(update={"theme_prompt": "bold"}))
    assert studio.evaluation.tuning.save_trial_as_version(name, 0).preset.theme_prompt == "bold"


def test_studies_are_listed_by_theme_and_invalid_ones_refused(
    studio: AppContainer,
) -> None:
    first = studio.evaluation.tuning.create_study(study())
    second = studio.evaluation.tuning.create_study(study("both"))
    assert studio.evaluation.tuning.list_studies("first-light") == [first, second]
    assert studio.evaluation.tuning.list_studies("picnic") == []
    assert studio.evaluation.tuning.get_study(second).objective == "both"
    with pytest.raises(InvalidInputError, match="Recipe field not found: “nothing”"):
        studio.evaluation.tuning.create_study(study("metrics", "nothing=1..2"))
    with pytest.raises(InvalidInputError, match="denoising_strength"):
        studio.evaluation.tuning.create_study(study("metrics", "denoising_strength=0.5..4"))
    with pytest.raises(InvalidInputError, match="Use 1 to 500"):
        studio.evaluation.tuning.run(first, 0, ignore_progress)
    with pytest.raises(NotFoundError, match="Study not found: “x”"):
        studio.evaluation.tuning.trials("x")
