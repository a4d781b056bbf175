"""Tuning help: a study tries values of chosen fields, looks at the pictures or asks for stars, and
goes on from what was best (Optuna, its TPE sampler)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import mean
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from PIL import Image

from studio.errors import InvalidInputError, NotFoundError
from studio.imaging.color_metrics import mean_delta_e, median_color_error, median_or_none
from studio.imaging.png_io import decode_png
from studio.messages import message
from studio.optional_dependencies import require_extra
from studio.recipes.base import parse_document
from studio.recipes.base_image import Slug
from studio.recipes.evaluation.reports import QualityMetrics
from studio.recipes.evaluation.tuning import (
    Rating,
    SearchSpace,
    TuningStudy,
    apply_trial,
    trial_score,
)
from studio.recipes.generation.job import RenderJob
from studio.recipes.generation.planning import plan_jobs
from studio.recipes.generation.recipe import Recipe
from studio.recipes.generation.sweep import AxisValue
from studio.recipes.themes.preset import SLOTS, Preset, Slot, ThemeVersion
from studio.services.background_tasks import About, BackgroundTasks, ProgressCallback, TaskProgress
from studio.services.cost_estimates import Cost, Costs
from studio.services.rendering.render_cache import RenderCache
from studio.services.requests.request_factory import RequestFactory
from studio.services.themes.bundled_content import SampleDoodle
from studio.store.base_images import BaseImageStore
from studio.store.themes import ThemeStore
from studio.store.tuning_journal import OptunaJournalBackend

if TYPE_CHECKING:
    import optuna

SEED = 1
MAX_TRIALS = 500


@dataclass(frozen=True)
class TrialResult:
    """One trial: the values it took, how it looks, its stars, and what it is worth (None: no stars
    yet)."""

    number: int
    values: Mapping[str, AxisValue]
    metrics: QualityMetrics
    stars: int | None
    score: float | None


@dataclass(frozen=True)
class TuningService:
    journal: OptunaJournalBackend
    themes: ThemeStore
    base_images: BaseImageStore
    intake: RequestFactory
    album: RenderCache
    pack: Sequence[SampleDoodle]
    chores: BackgroundTasks
    costs: Costs

    def create_study(self, study: TuningStudy) -> str:
        """Sets a study up and gives its name.

        Raises NotFound for a version that is not there, InputError for values no recipe takes.
        """
        recipe = self.themes.get_version(study.slug, study.version).preset.recipes[study.slot]
        for span in study.search_space:
            for end in span.choices or (span.low, span.high):
                assert end is not None
                apply_trial(recipe, {span.field: int(end) if span.is_integer else end})
        _require_optuna()
        import optuna

        started = len(self.list_studies(study.slug))
        made = optuna.create_study(
            study_name=f"{study.slug}/{study.version}{study.slot}/{started + 1}",
            storage=self._storage, direction="maximize",
        )  # fmt: skip
        made.set_user_attr("study", study.model_dump_json())
        return made.study_name

    def list_studies(self, slug: Slug) -> Sequence[str]:
        """The studies of a theme, in the order in which they were begun."""
        _require_optuna()
        import optuna

        names = optuna.get_all_study_names(self._storage)
        return [name for name in names if name.partition("/")[0] == slug]

    def get_study(self, name: str) -> TuningStudy:
        """Raises NotFound."""
        document = self._study(name).user_attrs["study"]
        return parse_document(TuningStudy, document, message("tuning.study", name=name))

    def cost(self, name: str, trials: int) -> Cost:
        """What so many further trials ask for. Raises NotFound."""
        study = self.get_study(name)
        preset = self.themes.get_version(study.slug, study.version).preset
        drawn = self._jobs(preset, study.version, study.slot)
        others = [
            self._job(preset, study.version, slot, doodle)
            for doodle, _ in drawn
            for slot in SLOTS
            if slot != study.slot
        ]
        return self.costs.of(others, anew=[job for _, job in drawn] * trials)

    def start_trials(self, name: str, trials: int) -> None:
        """Makes further trials that nobody waits for. Raises NotFound, and InputError while the study
        is under way already."""
        study = self.get_study(name)
        about = About("study", name, f"/tuning?study={quote(name, safe='')}", study.version)
        self.chores.start(_chore(name), about, lambda tell: self.run(name, trials, tell))

    def progress(self, name: str) -> TaskProgress | None:
        """None for a study that was not run in this process."""
        return self.chores.progress(_chore(name))

    def cancel(self, name: str) -> None:
        """After the trial that is being drawn."""
        self.chores.cancel(_chore(name))

    def run(self, name: str, trials: int, tell: ProgressCallback) -> None:
        """Makes so many further trials. What is stopped in between goes on from there."""
        if not 1 <= trials <= MAX_TRIALS:
            raise InvalidInputError("tuning.number_of_trials", most=MAX_TRIALS)
        _require_optuna()
        import optuna

        kept, study = self._study(name), self.get_study(name)
        # Reproducible, and yet another way on than the one it began with.
        kept.sampler = optuna.samplers.TPESampler(seed=len(kept.trials))
        version = self.themes.get_version(study.slug, study.version)
        tell(0, trials)
        for number in range(trials):
            self._run_trial(kept, study, version)
            tell(number + 1, trials)

    def rate(self, name: str, number: int, stars: Rating) -> None:
        """An operator's stars for a trial, 1 to 5. Raises NotFound, InputError for a trial that has
        its stars already."""
        _require_optuna()
        import optuna

        kept, study = self._study(name), self.get_study(name)
        trial = self._trial(kept, number)
        if trial.state != optuna.trial.TrialState.RUNNING:
            raise InvalidInputError("tuning.already_rated", number=number)
        looks = parse_document(
            QualityMetrics, trial.user_attrs["looks"], message("tuning.trial", number=number)
        )
        self._storage.set_trial_user_attr(trial._trial_id, "stars", stars)
        kept.tell(number, trial_score(study.objective, looks, stars))

    def trials(self, name: str) -> Sequence[TrialResult]:
        """The trials that were drawn, best first, those without stars before all."""
        found = [
            TrialResult(
                number=trial.number,
                values=trial.params,
                metrics=parse_document(
                    QualityMetrics,
                    trial.user_attrs["looks"],
                    message("tuning.trial", number=trial.number),
                ),
                stars=trial.user_attrs.get("stars"),
                score=trial.value,
            )
            for trial in self._study(name).trials
            if "looks" in trial.user_attrs
        ]
        return sorted(found, key=lambda t: (t.score is not None, -(t.score or 0.0), t.number))

    def theme_with_trial(self, name: str, number: int) -> Preset:
        """The theme with a trial's recipe in its place. Raises NotFound."""
        study, trial = self.get_study(name), self._trial(self._study(name), number)
        preset = self.themes.get_version(study.slug, study.version).preset
        recipe = apply_trial(preset.recipes[study.slot], trial.params)
        return preset.model_copy(update={"recipes": preset.recipes.replace(study.slot, recipe)})

    def save_trial_as_version(self, name: str, number: int, author: str = "") -> ThemeVersion:
        """A trial's recipe as the next version of its theme: only that recipe changes."""
        study = self.get_study(name)
        latest = self.themes.get_version(study.slug)
        recipe = self.theme_with_trial(name, number).recipes[study.slot]
        recipes = latest.preset.recipes.replace(study.slot, recipe)
        preset = latest.preset.model_copy(update={"recipes": recipes})
        note = f"recipe {study.slot} is trial {number} of {name}"
        return self.themes.save(preset, author, note, over=latest.version)

    def trial_images(self, name: str, number: int) -> list[Image.Image]:
        """A trial's pictures, a test doodle each. Raises NotFound, also where the album has not all of
        them any more: looking at a trial draws nothing."""
        study, preset = self.get_study(name), self.theme_with_trial(name, number)
        jobs = [job for _, job in self._jobs(preset, study.version, study.slot)]
        if not all(map(self.album.has, jobs)):
            raise NotFoundError("tuning.images_gone", number=number)
        return [self.album.get_or_render(job) for job in jobs]

    def _run_trial(self, kept: "optuna.Study", study: TuningStudy, version: ThemeVersion) -> None:
        trial = kept.ask()
        for span in study.search_space:
            _suggest(trial, span)
        recipe = apply_trial(version.preset.recipes[study.slot], trial.params)
        looks = self._metrics(version, study.slot, recipe)
        trial.set_user_attr("looks", looks.model_dump_json())
        worth = trial_score(study.objective, looks, None)
        if worth is not None:
            kept.tell(trial, worth)

    def _metrics(self, version: ThemeVersion, slot: Slot, recipe: Recipe) -> QualityMetrics:
        """Of the trial's pictures: how like their doodles, how unlike the other recipes' pictures."""
        preset = version.preset
        varied = preset.model_copy(update={"recipes": preset.recipes.replace(slot, recipe)})
        alike: list[float | None] = []
        apart: list[float] = []
        for doodle, job in self._jobs(varied, version.version, slot):
            image = self.album.get_or_render(job)
            alike.append(
                median_color_error(decode_png(doodle.png, message("image.a_test_doodle")), image)
            )
            apart += [mean_delta_e(image, other) for other in self._others(preset, version.version, slot, doodle)]  # fmt: skip
        return QualityMetrics(
            color_error=median_or_none(alike), diversity=mean(apart), seed_diversity=None
        )

    def _others(
        self, preset: Preset, number: int, slot: Slot, doodle: SampleDoodle
    ) -> list[Image.Image]:
        return [
            self.album.get_or_render(self._job(preset, number, other, doodle))
            for other in SLOTS
            if other != slot
        ]

    def _jobs(
        self, preset: Preset, number: int, slot: Slot
    ) -> list[tuple[SampleDoodle, RenderJob]]:
        drawn = [each for each in self.pack if each.base_image is not None]
        return [(each, self._job(preset, number, slot, each)) for each in drawn]

    def _job(self, preset: Preset, number: int, slot: Slot, doodle: SampleDoodle) -> RenderJob:
        assert doodle.base_image is not None
        request = self.intake.create(preset, doodle.base_image, doodle.png, "", SEED, number)
        return next(job for job in plan_jobs(request) if job.slot == slot)

    def _study(self, name: str) -> "optuna.Study":
        _require_optuna()
        import optuna

        try:
            return optuna.load_study(study_name=name, storage=self._storage)
        except KeyError:
            raise NotFoundError("tuning.study_not_found", name=name) from None

    def _trial(self, kept: "optuna.Study", number: int) -> "optuna.trial.FrozenTrial":
        for trial in kept.trials:
            if trial.number == number and "looks" in trial.user_attrs:
                return trial
        raise NotFoundError("tuning.trial_not_found", name=kept.study_name, number=number)

    @cached_property
    def _storage(self) -> Any:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        return optuna.storages.JournalStorage(self.journal)  # type: ignore[arg-type]


def _require_optuna() -> None:
    """Raises InputError where the extra `tuning` is not installed."""
    require_extra("optuna", "tuning", message("request.purpose_study"))


def _chore(name: str) -> str:
    return f"study/{name}"


def _suggest(trial: "optuna.Trial", span: SearchSpace) -> None:
    """Has the trial choose the field's value; hundredths where the range's ends are such."""
    if span.choices:
        trial.suggest_categorical(span.field, span.choices)
        return
    assert span.low is not None
    assert span.high is not None
    if span.is_integer:
        trial.suggest_int(span.field, int(span.low), int(span.high))
        return
    coarse = all(abs(end * 100 - round(end * 100)) < 1e-9 for end in (span.low, span.high))
    trial.suggest_float(span.field, span.low, span.high, step=0.01 if coarse else None)
