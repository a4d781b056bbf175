"""Optuna studies in the store: creation, trials, suggestions, ratings. Needs the extra `tuning`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING, Any

from studio.errors import InvalidInputError, NotFoundError
from studio.messages import message
from studio.optional_dependencies import require_extra
from studio.recipes.base import parse_document
from studio.recipes.base_image import Slug
from studio.recipes.evaluation.reports import QualityMetrics
from studio.recipes.evaluation.tuning import (
    Objective,
    Rating,
    SearchSpace,
    TuningStudy,
    trial_score,
)
from studio.store.tuning_journal import OptunaJournalBackend

if TYPE_CHECKING:
    import optuna

STUDY_KEY, METRICS_KEY, RATING_KEY = "study", "metrics", "rating"
"""User attributes of studies and trials; they are stored."""


@dataclass(frozen=True)
class StudySummary:
    """A study in short; `best_score` is 0 to 1, None where no trial has one, `started_at` None without
    trials."""

    name: str
    slug: Slug
    version: int
    trials: int
    best_score: float | None
    started_at: datetime | None


class OptunaStudies:
    """The one place that talks to Optuna. Each method raises InvalidInputError where it is
    missing."""

    def __init__(self, journal: OptunaJournalBackend) -> None:
        self._journal = journal

    def create(self, study: TuningStudy) -> str:
        """Creates a study named `slug/version slot/sequence` and returns its name."""
        first = len(self.list_names(study.slug)) + 1
        import optuna

        for sequence in count(first):
            try:
                created = optuna.create_study(
                    study_name=f"{study.slug}/{study.version}{study.slot}/{sequence}",
                    storage=self._storage,
                    direction="maximize",
                )
            except optuna.exceptions.DuplicatedStudyError:
                continue  # Somebody else has created it meanwhile.
            created.set_user_attr(STUDY_KEY, study.model_dump_json())
            return created.study_name
        raise AssertionError

    def list_names(self, slug: Slug) -> Sequence[str]:
        """The names of a theme's studies, oldest first."""
        _require_optuna()
        import optuna

        names = optuna.get_all_study_names(self._storage)
        return [name for name in names if name.partition("/")[0] == slug]

    def list_summaries(self) -> Sequence[StudySummary]:
        """All studies, newest first."""
        _require_optuna()
        import optuna

        summaries = optuna.get_all_study_summaries(self._storage)
        studies = [_summary(study) for study in summaries if STUDY_KEY in study.user_attrs]
        return studies[::-1]

    def load(self, name: str) -> "optuna.Study":
        """Raises NotFoundError."""
        _require_optuna()
        import optuna

        try:
            return optuna.load_study(study_name=name, storage=self._storage)
        except KeyError:
            raise NotFoundError("tuning.study_not_found", name=name) from None

    def load_for_trials(self, name: str) -> "optuna.Study":
        """The study with a TPE sampler seeded by the number of its trials: reproducible, and yet
        another sequence than the one it started with."""
        study = self.load(name)
        import optuna

        study.sampler = optuna.samplers.TPESampler(seed=len(study.trials))
        return study

    def get_trial(self, name: str, number: int) -> "optuna.trial.FrozenTrial":
        """A trial whose images were rendered. Raises NotFoundError."""
        for trial in self.load(name).trials:
            if trial.number == number and METRICS_KEY in trial.user_attrs:
                return trial
        raise NotFoundError("tuning.trial_not_found", name=name, number=number)

    def rate(self, name: str, number: int, objective: Objective, stars: Rating) -> None:
        """Stores the stars of a trial and completes it. Raises InvalidInputError where it was
        rated."""
        trial = self.get_trial(name, number)
        import optuna

        if trial.state != optuna.trial.TrialState.RUNNING:
            raise InvalidInputError("tuning.already_rated", number=number)
        self._storage.set_trial_user_attr(trial._trial_id, RATING_KEY, stars)
        self.load(name).tell(number, trial_score(objective, trial_metrics(trial), stars))

    @cached_property
    def _storage(self) -> Any:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        return optuna.storages.JournalStorage(self._journal)  # type: ignore[arg-type]


def _summary(summary: "optuna.study.StudySummary") -> StudySummary:
    name, started = summary.study_name, summary.datetime_start
    what = message("tuning.study", name=name)
    study = parse_document(TuningStudy, summary.user_attrs[STUDY_KEY], what)
    return StudySummary(
        name=name,
        slug=study.slug,
        version=study.version,
        trials=summary.n_trials,
        best_score=summary.best_trial.value if summary.best_trial else None,
        started_at=None if started is None else started.astimezone(UTC),
    )


def trial_metrics(trial: "optuna.trial.FrozenTrial") -> QualityMetrics:
    """The stored quality metrics of a trial."""
    what = message("tuning.trial", number=trial.number)
    return parse_document(QualityMetrics, trial.user_attrs[METRICS_KEY], what)


def suggest(trial: "optuna.Trial", space: SearchSpace) -> None:
    """Has the sampler choose a field's value; in steps of 0.01 where the range's ends are such."""
    if space.choices:
        trial.suggest_categorical(space.field, space.choices)
        return
    assert space.low is not None
    assert space.high is not None
    if space.is_integer:
        trial.suggest_int(space.field, int(space.low), int(space.high), step=space.integer_step)
        return
    in_hundredths = all(abs(end * 100 - round(end * 100)) < 1e-9 for end in (space.low, space.high))
    trial.suggest_float(space.field, space.low, space.high, step=0.01 if in_hundredths else None)


def _require_optuna() -> None:
    """Raises InvalidInputError where the extra `tuning` is not installed."""
    require_extra("optuna", "tuning", message("request.purpose_study"))
