"""Tuning help: a study tries values of chosen fields, looks at the pictures or asks for stars, and
goes on from what was best (Optuna, its TPE sampler)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import mean
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from PIL import Image

from studio.errors import InputError, NotFound
from studio.imaging.likeness import difference, likeness, middle
from studio.imaging.limits import open_png
from studio.messages import message
from studio.recipes.base import read_document
from studio.recipes.canvas import Slug
from studio.recipes.planning import plan
from studio.recipes.preset import LETTERS, Letter, Preset, PresetVersion
from studio.recipes.recipe import Recipe
from studio.recipes.reports import Looks
from studio.recipes.request import Job
from studio.recipes.sweep import Value
from studio.recipes.tuning import Span, Stars, Study, score, tried
from studio.service.album import Album
from studio.service.chores import About, Chores, Progress, Tell
from studio.service.costs import Cost, Costs
from studio.service.intake import Intake
from studio.service.shipped import TestDoodle
from studio.store.base_images import BaseImageStore
from studio.store.presets import PresetStore
from studio.store.studies import StudyJournal

if TYPE_CHECKING:
    import optuna

SEED = 1
MOST_TRIALS = 500


@dataclass(frozen=True)
class TrialSeen:
    """One trial: the values it took, how it looks, its stars, and what it is worth (None: no stars
    yet)."""

    number: int
    values: Mapping[str, Value]
    looks: Looks
    stars: int | None
    score: float | None


@dataclass(frozen=True)
class Tuning:
    journal: StudyJournal
    presets: PresetStore
    bases: BaseImageStore
    intake: Intake
    album: Album
    pack: Sequence[TestDoodle]
    chores: Chores
    costs: Costs

    def begin(self, study: Study) -> str:
        """Sets a study up and gives its name.

        Raises NotFound for a version that is not there, InputError for values no recipe takes.
        """
        recipe = self.presets.version(study.slug, study.number).preset.recipes[study.letter]
        for span in study.spans:
            for end in span.choices or (span.low, span.high):
                assert end is not None
                tried(recipe, {span.field: int(end) if span.whole else end})
        import optuna

        started = len(self.names(study.slug))
        made = optuna.create_study(
            study_name=f"{study.slug}/{study.number}{study.letter}/{started + 1}",
            storage=self._storage, direction="maximize",
        )  # fmt: skip
        made.set_user_attr("study", study.model_dump_json())
        return made.study_name

    def names(self, slug: Slug) -> Sequence[str]:
        """The studies of a theme, in the order in which they were begun."""
        import optuna

        names = optuna.get_all_study_names(self._storage)
        return [name for name in names if name.partition("/")[0] == slug]

    def study(self, name: str) -> Study:
        """Raises NotFound."""
        document = self._study(name).user_attrs["study"]
        return read_document(Study, document, message("tuning.study", name=name))

    def cost(self, name: str, trials: int) -> Cost:
        """What so many further trials ask for. Raises NotFound."""
        study = self.study(name)
        preset = self.presets.version(study.slug, study.number).preset
        drawn = self._jobs(preset, study.number, study.letter)
        others = [
            self._job(preset, study.number, letter, doodle)
            for doodle, _ in drawn
            for letter in LETTERS
            if letter != study.letter
        ]
        return self.costs.of(others, anew=[job for _, job in drawn] * trials)

    def begin_trials(self, name: str, trials: int) -> None:
        """Makes further trials that nobody waits for. Raises NotFound, and InputError while the study
        is under way already."""
        study = self.study(name)
        about = About("study", name, f"/tuning?study={quote(name, safe='')}", study.number)
        self.chores.start(_chore(name), about, lambda tell: self.run(name, trials, tell))

    def progress(self, name: str) -> Progress | None:
        """None for a study that was not run in this process."""
        return self.chores.progress(_chore(name))

    def pause(self, name: str) -> None:
        """After the trial that is being drawn."""
        self.chores.stop(_chore(name))

    def run(self, name: str, trials: int, tell: Tell) -> None:
        """Makes so many further trials. What is stopped in between goes on from there."""
        if not 1 <= trials <= MOST_TRIALS:
            raise InputError("tuning.number_of_trials", most=MOST_TRIALS)
        import optuna

        kept, study = self._study(name), self.study(name)
        # Reproducible, and yet another way on than the one it began with.
        kept.sampler = optuna.samplers.TPESampler(seed=len(kept.trials))
        version = self.presets.version(study.slug, study.number)
        tell(0, trials)
        for number in range(trials):
            self._try(kept, study, version)
            tell(number + 1, trials)

    def rate(self, name: str, number: int, stars: Stars) -> None:
        """An operator's stars for a trial, 1 to 5. Raises NotFound, InputError for a trial that has
        its stars already."""
        import optuna

        kept, study = self._study(name), self.study(name)
        trial = self._trial(kept, number)
        if trial.state != optuna.trial.TrialState.RUNNING:
            raise InputError("tuning.already_rated", number=number)
        looks = read_document(
            Looks, trial.user_attrs["looks"], message("tuning.trial", number=number)
        )
        self._storage.set_trial_user_attr(trial._trial_id, "stars", stars)
        kept.tell(number, score(study.objective, looks, stars))

    def trials(self, name: str) -> Sequence[TrialSeen]:
        """The trials that were drawn, best first, those without stars before all."""
        found = [
            TrialSeen(
                number=trial.number,
                values=trial.params,
                looks=read_document(
                    Looks,
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

    def preset(self, name: str, number: int) -> Preset:
        """The theme with a trial's recipe in its place. Raises NotFound."""
        study, trial = self.study(name), self._trial(self._study(name), number)
        preset = self.presets.version(study.slug, study.number).preset
        recipe = tried(preset.recipes[study.letter], trial.params)
        return preset.model_copy(update={"recipes": preset.recipes.replace(study.letter, recipe)})

    def keep(self, name: str, number: int, author: str = "") -> PresetVersion:
        """A trial's recipe as the next version of its theme: only that recipe changes."""
        study = self.study(name)
        latest = self.presets.version(study.slug)
        recipe = self.preset(name, number).recipes[study.letter]
        recipes = latest.preset.recipes.replace(study.letter, recipe)
        preset = latest.preset.model_copy(update={"recipes": recipes})
        note = f"recipe {study.letter} is trial {number} of {name}"
        return self.presets.save(preset, author, note, over=latest.number)

    def pictures(self, name: str, number: int) -> list[Image.Image]:
        """A trial's pictures, a test doodle each. Raises NotFound, also where the album has not all of
        them any more: looking at a trial draws nothing."""
        study, preset = self.study(name), self.preset(name, number)
        jobs = [job for _, job in self._jobs(preset, study.number, study.letter)]
        if not all(map(self.album.has, jobs)):
            raise NotFound("tuning.images_gone", number=number)
        return [self.album.picture(job) for job in jobs]

    def _try(self, kept: "optuna.Study", study: Study, version: PresetVersion) -> None:
        trial = kept.ask()
        for span in study.spans:
            _suggest(trial, span)
        recipe = tried(version.preset.recipes[study.letter], trial.params)
        looks = self._looks(version, study.letter, recipe)
        trial.set_user_attr("looks", looks.model_dump_json())
        worth = score(study.objective, looks, None)
        if worth is not None:
            kept.tell(trial, worth)

    def _looks(self, version: PresetVersion, letter: Letter, recipe: Recipe) -> Looks:
        """Of the trial's pictures: how like their doodles, how unlike the other recipes' pictures."""
        preset = version.preset
        varied = preset.model_copy(update={"recipes": preset.recipes.replace(letter, recipe)})
        alike: list[float | None] = []
        apart: list[float] = []
        for doodle, job in self._jobs(varied, version.number, letter):
            picture = self.album.picture(job)
            alike.append(likeness(open_png(doodle.png, message("image.a_test_doodle")), picture))
            apart += [difference(picture, other) for other in self._others(preset, version.number, letter, doodle)]  # fmt: skip
        return Looks(likeness=middle(alike), diversity=mean(apart), of_seeds=None)

    def _others(
        self, preset: Preset, number: int, letter: Letter, doodle: TestDoodle
    ) -> list[Image.Image]:
        return [
            self.album.picture(self._job(preset, number, other, doodle))
            for other in LETTERS
            if other != letter
        ]

    def _jobs(self, preset: Preset, number: int, letter: Letter) -> list[tuple[TestDoodle, Job]]:
        drawn = [each for each in self.pack if each.base_image is not None]
        return [(each, self._job(preset, number, letter, each)) for each in drawn]

    def _job(self, preset: Preset, number: int, letter: Letter, doodle: TestDoodle) -> Job:
        assert doodle.base_image is not None
        request = self.intake.request(preset, doodle.base_image, doodle.png, "", SEED, number)
        return next(job for job in plan(request) if job.letter == letter)

    def _study(self, name: str) -> "optuna.Study":
        import optuna

        try:
            return optuna.load_study(study_name=name, storage=self._storage)
        except KeyError:
            raise NotFound("tuning.study_not_found", name=name) from None

    def _trial(self, kept: "optuna.Study", number: int) -> "optuna.trial.FrozenTrial":
        for trial in kept.trials:
            if trial.number == number and "looks" in trial.user_attrs:
                return trial
        raise NotFound("tuning.trial_not_found", name=kept.study_name, number=number)

    @cached_property
    def _storage(self) -> Any:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        return optuna.storages.JournalStorage(self.journal)  # type: ignore[arg-type]


def _chore(name: str) -> str:
    return f"study/{name}"


def _suggest(trial: "optuna.Trial", span: Span) -> None:
    """Has the trial choose the field's value; hundredths where the range's ends are such."""
    if span.choices:
        trial.suggest_categorical(span.field, span.choices)
        return
    assert span.low is not None
    assert span.high is not None
    if span.whole:
        trial.suggest_int(span.field, int(span.low), int(span.high))
        return
    coarse = all(abs(end * 100 - round(end * 100)) < 1e-9 for end in (span.low, span.high))
    trial.suggest_float(span.field, span.low, span.high, step=0.01 if coarse else None)
