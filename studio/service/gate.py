"""The gate before a deployment: what must be so, what had better be, each with its remedy."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import reduce
from statistics import mean
from typing import Literal

from studio.errors import InputError, ModelError, NotFound, StudioError
from studio.library.catalogue import Catalogue
from studio.library.models import Model
from studio.messages import Message, message
from studio.recipes.canvas import BaseImage, ControlPicture
from studio.recipes.planning import loras, named_models, plan
from studio.recipes.preset import LETTERS, Preset, PresetVersion
from studio.recipes.recipe import KIND_NAMES, ModelKind, ModelRef, Recipe
from studio.recipes.reports import NEEDED, Regression, Robustness
from studio.recipes.request import MAX_WORDS, Job, Request
from studio.service.tokens import WINDOW, TokenCounter
from studio.store.base_images import BaseImageStore
from studio.store.pictures import Pictures
from studio.store.reports import ReportStore
from studio.store.variants import VariantStore

Level = Literal["pass", "warning", "stop"]
LONGEST = ("a red dress with white dots and blue shoes, " * MAX_WORDS)[:MAX_WORDS]
"""As many characters as a user may write, in words of the usual length."""
SPARE = 1.6
"""Memory a job takes beside its weights, as a factor: activations and caches at 512 pixels."""


@dataclass(frozen=True)
class Finding:
    level: Level
    what: Message
    remedy: Message | None = None


@dataclass(frozen=True)
class Gate:
    """Checks preset versions against what is here.

    `draw` makes one picture and raises StudioError where it cannot; `judges` tells what is wrong with
    those of words and pictures; `device_bytes` None: no limit is known.
    """

    catalogue: Catalogue
    bases: BaseImageStore
    pictures: Pictures
    variants: VariantStore
    tokens: TokenCounter
    reports: ReportStore
    draw: Callable[[Job], bytes]
    judges: Callable[[Preset], Message | None]
    device_bytes: int | None = None

    def check(self, version: PresetVersion) -> tuple[Finding, ...]:
        """Every finding, in the order in which an operator would look."""
        preset = version.preset
        found = (
            *self._models(preset),
            *self._families(preset),
            *self._bases(preset),
            *self._own_pictures(preset),
            *self._lengths(preset),
            self._memory(preset),
            self._seconds(version),
            self._safety(preset),
        )
        tried = () if worst(found) == "stop" else self._dry_run(version)
        return (*found, *tried, self._robustness(version), self._sheet(version))

    def _safety(self, preset: Preset) -> Finding:
        """Whether anything is let pass unjudged, and whether the judges work."""
        policy = preset.safety
        stages = (
            (message("moderation.words"), policy.words),
            (message("moderation.doodles"), policy.doodles),
            (message("moderation.pictures"), policy.pictures),
        )
        off = [name for name, on in stages if not on]
        broken = self.judges(preset) if len(off) < len(stages) else None
        if broken is not None:
            return Finding("stop", message("deployment.judge_broken"), broken)
        if off:
            what = reduce(lambda first, last: message("list.and", first=first, last=last), off)
            return Finding(
                "warning",
                message("deployment.unjudged", what=what),
                message("deployment.turn_on_judging"),
            )
        return Finding("pass", message("deployment.judged", threshold=policy.threshold))

    def missing(self, preset: Preset) -> tuple[Message, ...]:
        """Why the preset's models cannot be used now; empty while all are here as they were."""
        return tuple(f.remedy for f in self._models(preset) if f.level == "stop" and f.remedy)

    def _models(self, preset: Preset) -> Iterator[Finding]:
        try:
            named = named_models(preset)
        except InputError as error:
            yield Finding("stop", message("deployment.called_loras"), error.message)
            return
        for kind, ref in named:
            try:
                self.catalogue.find(kind, ref)
            except StudioError as error:
                named_model = message("deployment.model", kind=KIND_NAMES[kind], name=ref.name)
                yield Finding("stop", named_model, error.message)
                continue
            told = (
                message("deployment.model_as_tuned", kind=KIND_NAMES[kind], name=ref.name)
                if ref.sha256
                else message("deployment.model_any", kind=KIND_NAMES[kind], name=ref.name)
            )
            yield Finding("pass", told)

    def _families(self, preset: Preset) -> Iterator[Finding]:
        for letter in LETTERS:
            models = self._found(preset.recipes[letter], preset.prompt)
            base, plugged = models[:1], [m for m in models if m.kind in ("controlnet", "lora")]
            # The layers of a LoRA are counted when it is attached; a ControlNet has to be known before.
            wrong = [
                model
                for model in plugged
                if base
                and model.family != base[0].family
                and not (model.kind == "lora" and model.family == "unknown")
            ]
            for model in wrong:
                what = message(
                    "deployment.wrong_family",
                    slot=letter,
                    kind=KIND_NAMES[model.kind],
                    model=model.name,
                    family=model.family,
                    base=base[0].name,
                    base_family=base[0].family,
                )
                yield Finding("stop", what, message("deployment.choose_family"))
            if not wrong:
                yield Finding("pass", message("deployment.models_fit", slot=letter))

    def _bases(self, preset: Preset) -> Iterator[Finding]:
        posed = any(
            unit.active and unit.preprocessor == "pose"
            for letter in LETTERS
            for unit in preset.recipes[letter].control_units
        )
        for image_id in preset.base_images or [image.id for image in self.bases.all()]:
            try:
                image = self.bases.get(image_id)
                self.bases.png(image)
            except NotFound as error:
                yield Finding("stop", message("deployment.base_image", id=image_id), error.message)
                continue
            if posed and image.keypoints is None:
                yield Finding(
                    "stop",
                    message("deployment.no_keypoints", id=image_id),
                    message("deployment.find_keypoints", id=image_id),
                )
            else:
                yield Finding("pass", message("deployment.base_image", id=image_id))

    def _own_pictures(self, preset: Preset) -> Iterator[Finding]:
        for sha256 in dict.fromkeys(s for each in LETTERS for s in preset.recipes[each].pictures):
            own = message("deployment.own_picture", hash=sha256[:10])
            try:
                self.pictures.get(sha256)
                yield Finding("pass", own)
            except NotFound as error:
                yield Finding("stop", own, error.message)

    def _lengths(self, preset: Preset) -> Iterator[Finding]:
        """What a theme says itself, and what that becomes with the longest words of a user."""
        for letter in LETTERS:
            recipe = preset.recipes[letter]
            own = self.tokens.count(recipe, preset.prompt, "")
            longest = self.tokens.count(recipe, preset.prompt, LONGEST)
            if own is None or longest is None:
                continue  # Its base model is missing, which is told already.
            if own > WINDOW:
                yield Finding(
                    "warning",
                    message("deployment.many_tokens", slot=letter, tokens=own, window=WINDOW),
                    message("deployment.shorten_prompt"),
                )
            else:
                yield Finding(
                    "pass",
                    message("deployment.tokens", slot=letter, tokens=own, longest=longest),
                )

    def _memory(self, preset: Preset) -> Finding:
        """The hungriest recipe: its weights as they lie on disk, and what drawing takes."""
        needed = max(
            sum(m.bytes for m in self._found(preset.recipes[letter], preset.prompt)) * SPARE
            for letter in LETTERS
        )
        size = f"{needed / 1e9:.2g}"
        if self.device_bytes is None:
            return Finding("pass", message("deployment.memory_unlimited", needed=size))
        limit = f"{self.device_bytes / 1e9:.2g}"
        if needed > self.device_bytes:
            return Finding(
                "stop",
                message("deployment.memory_exceeded", needed=size, limit=limit),
                message("deployment.choose_smaller"),
            )
        return Finding("pass", message("deployment.memory", needed=size, limit=limit))

    def _seconds(self, version: PresetVersion) -> Finding:
        made = self.variants.of_version(version.preset.slug, version.number)
        letters = {variant.letter for variant in made}
        if len(letters) < len(LETTERS):
            missing = [letter for letter in LETTERS if letter not in letters]
            return Finding(
                "warning",
                message("deployment.never_rendered", slots=missing),
                message("deployment.generate_once"),
            )
        seconds = sum(mean(v.timings.render for v in made if v.letter == each) for each in letters)
        return Finding("pass", message("deployment.render_time", seconds=f"{seconds:.1f}"))

    def _dry_run(self, version: PresetVersion) -> Iterator[Finding]:
        """One step of each recipe that this version has not drawn with yet."""
        preset = version.preset
        drawn = {v.letter for v in self.variants.of_version(preset.slug, version.number)}
        left = [letter for letter in LETTERS if letter not in drawn]
        if not left:
            return
        try:
            base = self._first_base(preset)
            jobs = plan(
                Request(
                    id="0" * 32, base_image=base, preset=preset, seed=0, pictures=self._own(preset)
                )
            )
            for job in jobs:
                if job.letter in left:
                    quick = job.recipe.model_copy(update={"steps": 1, "strength": 1.0})
                    self.draw(job.model_copy(update={"recipe": quick}))
        except StudioError as error:
            what = message("deployment.dry_run_failed", reason=error.message)
            yield Finding("stop", what, message("deployment.mend_recipe"))
        else:
            yield Finding("pass", message("deployment.dry_run", slots=left))

    def _first_base(self, preset: Preset) -> BaseImage:
        return self.bases.get(preset.base_images[0]) if preset.base_images else self.bases.all()[0]

    def _own(self, preset: Preset) -> tuple[ControlPicture, ...]:
        wanted = dict.fromkeys(s for letter in LETTERS for s in preset.recipes[letter].pictures)
        return tuple(ControlPicture(sha256=s, png=self.pictures.get(s)) for s in wanted)

    def _robustness(self, version: PresetVersion) -> Finding:
        slug, number = version.preset.slug, version.number
        report = self.reports.newest(slug, number, "robustness", Robustness)
        if report is None:
            return Finding(
                "warning",
                message("deployment.robustness_not_run"),
                message("deployment.run_robustness", slug=slug, number=number),
            )
        share = f"{report.share:.0%}"
        if report.passed:
            return Finding("pass", message("deployment.figure_kept", share=share))
        doodles = ", ".join(dict.fromkeys(f"{c.doodle} ({c.letter})" for c in report.lost))
        what = message(
            "deployment.figure_lost", share=share, needed=f"{NEEDED:.0%}", doodles=f"{doodles:.300}"
        )
        return Finding("stop", what, message("deployment.strengthen_pose"))

    def _sheet(self, version: PresetVersion) -> Finding:
        slug, number = version.preset.slug, version.number
        report = self.reports.newest(slug, number, "regression", Regression)
        if report is None:
            return Finding(
                "warning",
                message("deployment.no_sheet"),
                message("deployment.draw_sheet", slug=slug, number=number),
            )
        if not report.seen_by:
            return Finding(
                "warning", message("deployment.sheet_unseen"), message("deployment.open_sheet")
            )
        if report.difference is None or report.against is None:
            return Finding("pass", message("deployment.sheet_seen", names=report.seen_by))
        return Finding(
            "pass",
            message(
                "deployment.sheet_seen_compared",
                names=report.seen_by,
                difference=f"{report.difference:.1f}",
                version=report.against,
            ),
        )

    def _found(self, recipe: Recipe, theme: str) -> list[Model]:
        """The recipe's models that are here, its base model first."""
        found = []
        for kind, ref in _of_recipe(recipe, theme):
            try:
                found.append(self.catalogue.find(kind, ref))
            except (NotFound, ModelError):
                continue
        return found


def worst(findings: Sequence[Finding]) -> Level:
    levels = {finding.level for finding in findings}
    return "stop" if "stop" in levels else "warning" if "warning" in levels else "pass"


def _of_recipe(recipe: Recipe, theme: str) -> list[tuple[ModelKind, ModelRef]]:
    """What prompts call wrongly is told once, by `_models`."""
    with suppress(InputError):
        called = loras(recipe, theme)[len(recipe.loras) :]
        return [*recipe.models, *(("lora", use.model) for use in called)]
    return list(recipe.models)
