"""Tuning: studies that search recipe values by quality metrics or stars (Optuna with its TPE
sampler)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import quote

from PIL import Image

from studio.errors import InvalidInputError, NotFoundError
from studio.messages import message
from studio.optional_dependencies import is_installed
from studio.recipes.base import parse_document
from studio.recipes.base_image import Slug
from studio.recipes.evaluation.reports import QualityMetrics
from studio.recipes.evaluation.tuning import Rating, TuningStudy, apply_trial, trial_score
from studio.recipes.generation.axes import AxisValue
from studio.recipes.themes.preset import Preset, ThemeVersion
from studio.services.background_tasks import About, BackgroundTasks, ProgressCallback, TaskProgress
from studio.services.cost_estimates import Cost, Costs
from studio.services.evaluation.optuna_studies import (
    METRICS_KEY,
    RATING_KEY,
    STUDY_KEY,
    OptunaStudies,
    StudySummary,
    suggest,
    trial_metrics,
)
from studio.services.evaluation.trial_images import TrialImages
from studio.store.themes import ThemeStore
from studio.store.tuning_journal import OptunaJournalBackend

if TYPE_CHECKING:
    import optuna

MAX_TRIALS = 500
"""Trials that one start may ask for."""


@dataclass(frozen=True)
class TrialResult:
    """One trial: its values, metrics and stars; `score` is what the study maximizes, None until it
    is rated."""

    number: int
    values: Mapping[str, AxisValue]
    metrics: QualityMetrics
    stars: int | None
    score: float | None


@dataclass(frozen=True)
class TuningService:
    """Studies over the sample doodles that were drawn on a base image (`TrialImages`)."""

    journal: OptunaJournalBackend
    themes: ThemeStore
    images: TrialImages
    background_tasks: BackgroundTasks
    costs: Costs

    def create_study(self, study: TuningStudy) -> str:
        """Creates a study and returns its name.

        Raises NotFoundError for an unknown version, InvalidInputError for values that no recipe
        allows, or where the extra `tuning` is not installed.
        """
        recipe = self._version(study).preset.recipes[study.slot]
        for space in study.search_space:
            for value in space.choices or (space.low, space.high):
                assert value is not None
                apply_trial(recipe, {space.field: int(value) if space.is_integer else value})
        return self._studies.create(study)

    def list_studies(self, slug: Slug) -> Sequence[str]:
        """The names of a theme's studies, oldest first."""
        return self._studies.list_names(slug)

    def list_summaries(self) -> Sequence[StudySummary]:
        """All studies, newest first; none where the extra `tuning` is not installed."""
        if self.journal.is_empty() or not is_installed("optuna"):
            return []  # Without an import of Optuna, which takes a second.
        return self._studies.list_summaries()

    def get_study(self, name: str) -> TuningStudy:
        """Raises NotFoundError."""
        document = self._studies.load(name).user_attrs[STUDY_KEY]
        return parse_document(TuningStudy, document, message("tuning.study", name=name))

    def cost(self, name: str, trials: int) -> Cost:
        """What so many further trials would render. Raises NotFoundError."""
        study = self.get_study(name)
        preset = self._version(study).preset
        trial_jobs = self.images.jobs(preset, study.version, study.slot)
        other_jobs = self.images.other_jobs(preset, study.version, study.slot)
        return self.costs.of(other_jobs, uncached=trial_jobs * trials)

    def start_trials(self, name: str, trials: int) -> None:
        """Runs further trials as a background task.

        Raises NotFoundError, and InvalidInputError while the study is running.
        """
        study = self.get_study(name)
        about = About("study", name, page_of(name), study.version, study.slug)
        self.background_tasks.start(
            task_name(name), about, lambda on_progress: self.run(name, trials, on_progress)
        )

    def progress(self, name: str) -> TaskProgress | None:
        """None for a study that was not run in this process."""
        return self.background_tasks.progress(task_name(name))

    def cancel(self, name: str) -> None:
        """Cancels a study after the running trial."""
        self.background_tasks.cancel(task_name(name))

    def run(self, name: str, trials: int, on_progress: ProgressCallback) -> None:
        """Runs so many further trials, 1 to `MAX_TRIALS`. A later call continues what was
        interrupted."""
        if not 1 <= trials <= MAX_TRIALS:
            raise InvalidInputError("tuning.number_of_trials", most=MAX_TRIALS)
        stored, study = self._studies.load_for_trials(name), self.get_study(name)
        version = self._version(study)
        on_progress(0, trials)
        for done in range(1, trials + 1):
            self._run_trial(stored, study, version)
            on_progress(done, trials)

    def rate(self, name: str, number: int, stars: Rating) -> None:
        """Rates a trial with 1 to 5 stars.

        Raises NotFoundError, and InvalidInputError for a trial that is rated already.
        """
        self._studies.rate(name, number, self.get_study(name).objective, stars)

    def trials(self, name: str) -> Sequence[TrialResult]:
        """The rendered trials: first those that are not rated, then the best."""
        results = [
            TrialResult(
                number=trial.number,
                values=trial.params,
                metrics=trial_metrics(trial),
                stars=trial.user_attrs.get(RATING_KEY),
                score=trial.value,
            )
            for trial in self._studies.load(name).trials
            if METRICS_KEY in trial.user_attrs
        ]
        return sorted(results, key=lambda t: (t.score is not None, -(t.score or 0.0), t.number))

    def theme_with_trial(self, name: str, number: int) -> Preset:
        """The study's theme version with a trial's recipe in its slot. Raises NotFoundError."""
        study, trial = self.get_study(name), self._studies.get_trial(name, number)
        preset = self._version(study).preset
        recipe = apply_trial(preset.recipes[study.slot], trial.params)
        return preset.model_copy(update={"recipes": preset.recipes.replace(study.slot, recipe)})

    def save_trial_as_version(self, name: str, number: int, author: str = "") -> ThemeVersion:
        """Saves a trial's recipe as the next version of its theme: the latest version with only
        that recipe changed."""
        study = self.get_study(name)
        latest = self.themes.get_version(study.slug)
        recipe = self.theme_with_trial(name, number).recipes[study.slot]
        recipes = latest.preset.recipes.replace(study.slot, recipe)
        preset = latest.preset.model_copy(update={"recipes": recipes})
        note = f"recipe {study.slot} is trial {number} of {name}"
        return self.themes.save(preset, author, note, latest.version)

    def trial_images(self, name: str, number: int) -> list[Image.Image]:
        """A trial's cached images, one for each sample doodle.

        Raises NotFoundError, also where not all of them are cached any more: reading renders
        nothing.
        """
        study, preset = self.get_study(name), self.theme_with_trial(name, number)
        images = self.images.find_cached(preset, study.version, study.slot)
        if images is None:
            raise NotFoundError("tuning.images_missing", number=number)
        return images

    def _run_trial(self, stored: "optuna.Study", study: TuningStudy, version: ThemeVersion) -> None:
        trial = stored.ask()
        for space in study.search_space:
            suggest(trial, space)
        preset = version.preset
        recipe = apply_trial(preset.recipes[study.slot], trial.params)
        metrics = self.images.measure(preset, version.version, study.slot, recipe)
        trial.set_user_attr(METRICS_KEY, metrics.model_dump_json())
        score = trial_score(study.objective, metrics, None)
        if score is not None:
            stored.tell(trial, score)

    def _version(self, study: TuningStudy) -> ThemeVersion:
        return self.themes.get_version(study.slug, study.version)

    @cached_property
    def _studies(self) -> OptunaStudies:
        return OptunaStudies(self.journal)


def task_name(name: str) -> str:
    """The name of the background task that runs a study's trials."""
    return f"study/{name}"


def page_of(name: str) -> str:
    """The path of the page that shows a study."""
    return f"/tests/tuning?study={quote(name, safe='')}"
