"""The gate before a deployment: what must be so, what had better be, each with its remedy."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from statistics import mean
from typing import Literal

from studio.errors import InputError, ModelError, NotFound, StudioError
from studio.library.catalogue import Catalogue
from studio.library.models import Model
from studio.recipes.canvas import BaseImage, ControlPicture
from studio.recipes.planning import loras, named_models, plan
from studio.recipes.preset import LETTERS, Preset, PresetVersion
from studio.recipes.recipe import ModelKind, ModelRef, Recipe
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
    what: str
    remedy: str = ""


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
    judges: Callable[[Preset], str]
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
        off = [
            name
            for name, on in (("words", policy.words), ("doodles", policy.doodles), ("pictures", policy.pictures))
            if not on
        ]  # fmt: skip
        broken = self.judges(preset) if len(off) < 3 else ""
        if broken:
            return Finding("stop", "safety: a judge does not work, so that nothing passes", broken)
        if off:
            return Finding(
                "warning", f"safety: {' and '.join(off)} pass unjudged",
                "turn them on in the theme's safety policy, unless all who ask are trusted",
            )  # fmt: skip
        return Finding("pass", f"safety: words, doodles and pictures are judged, threshold {policy.threshold:g}")  # fmt: skip

    def missing(self, preset: Preset) -> tuple[str, ...]:
        """Why the preset's models cannot be used now; empty while all are here as they were."""
        return tuple(f.remedy for f in self._models(preset) if f.level == "stop")

    def _models(self, preset: Preset) -> Iterator[Finding]:
        try:
            named = named_models(preset)
        except InputError as error:
            yield Finding("stop", "LoRAs that prompts call", str(error))
            return
        for kind, ref in named:
            try:
                self.catalogue.find(kind, ref)
            except StudioError as error:
                yield Finding("stop", f"{kind} {ref.name}", str(error))
                continue
            tuned = "as it was tuned with" if ref.sha256 else "whichever is here"
            yield Finding("pass", f"{kind} {ref.name}: {tuned}")

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
                yield Finding(
                    "stop",
                    f"recipe {letter}: {model.kind} {model.name} is made for {model.family},"
                    f" {base[0].name} is {base[0].family}",
                    "choose one of the base model's family",
                )
            if not wrong:
                yield Finding("pass", f"recipe {letter}: its models belong together")

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
                yield Finding("stop", f"base image {image_id}", str(error))
                continue
            if posed and image.keypoints is None:
                yield Finding(
                    "stop",
                    f"base image {image_id} has no keypoints, which pose units need",
                    f"find them: studio bases detect {image_id} --detector …",
                )
            else:
                yield Finding("pass", f"base image {image_id}")

    def _own_pictures(self, preset: Preset) -> Iterator[Finding]:
        for sha256 in dict.fromkeys(s for each in LETTERS for s in preset.recipes[each].pictures):
            try:
                self.pictures.get(sha256)
                yield Finding("pass", f"own picture {sha256[:10]}")
            except NotFound as error:
                yield Finding("stop", f"own picture {sha256[:10]}", str(error))

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
                    f"recipe {letter}: the theme alone takes {own} tokens, {WINDOW} are read at once",
                    "shorten the theme's prompt or the template: what stands late weighs little",
                )
            else:
                yield Finding(
                    "pass",
                    f"recipe {letter}: {own} tokens, {longest} with the longest words of a user",
                )

    def _memory(self, preset: Preset) -> Finding:
        """The hungriest recipe: its weights as they lie on disk, and what drawing takes."""
        needed = max(
            sum(m.bytes for m in self._found(preset.recipes[letter], preset.prompt)) * SPARE
            for letter in LETTERS
        )
        told = f"about {needed / 1e9:.2g} GB on the device"
        if self.device_bytes is None:
            return Finding("pass", f"{told}; no limit is set")
        if needed > self.device_bytes:
            return Finding(
                "stop",
                f"{told}, more than the {self.device_bytes / 1e9:.2g} GB there are",
                "choose smaller models or fewer control units, or raise STUDIO_DEVICE_GB",
            )
        return Finding("pass", f"{told} of {self.device_bytes / 1e9:.2g} GB")

    def _seconds(self, version: PresetVersion) -> Finding:
        made = self.variants.of_version(version.preset.slug, version.number)
        letters = {variant.letter for variant in made}
        if len(letters) < len(LETTERS):
            missing = ", ".join(letter for letter in LETTERS if letter not in letters)
            return Finding(
                "warning",
                f"recipe {missing} of this version was never rendered",
                "generate with it once and look at the four pictures",
            )
        seconds = sum(mean(v.timings.render for v in made if v.letter == each) for each in letters)
        return Finding("pass", f"{seconds:.1f} s for four variants, as rendered here")

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
            yield Finding(
                "stop", f"dry run: {error}", "mend that recipe, then generate with it once"
            )
        else:
            yield Finding("pass", f"dry run: recipe {', '.join(left)} draws")

    def _first_base(self, preset: Preset) -> BaseImage:
        return self.bases.get(preset.base_images[0]) if preset.base_images else self.bases.all()[0]

    def _own(self, preset: Preset) -> tuple[ControlPicture, ...]:
        wanted = dict.fromkeys(s for letter in LETTERS for s in preset.recipes[letter].pictures)
        return tuple(ControlPicture(sha256=s, png=self.pictures.get(s)) for s in wanted)

    def _robustness(self, version: PresetVersion) -> Finding:
        slug, number = version.preset.slug, version.number
        report = self.reports.newest(slug, number, "robustness", Robustness)
        remedy = f"studio presets robustness {slug} --version {number}"
        if report is None:
            return Finding("warning", "the robustness pack was not run on this version", remedy)
        told = f"the figure is kept in {report.share:.0%} of the robustness pack's pictures"
        if report.passed:
            return Finding("pass", told)
        doodles = ", ".join(dict.fromkeys(f"{c.doodle} ({c.letter})" for c in report.lost))
        return Finding(
            "stop", f"{told}, {NEEDED:.0%} are needed: lost under {doodles:.300}",
            "give the pose unit more weight, or the recipe more strength, then run it again",
        )  # fmt: skip

    def _sheet(self, version: PresetVersion) -> Finding:
        slug, number = version.preset.slug, version.number
        report = self.reports.newest(slug, number, "regression", Regression)
        if report is None:
            return Finding(
                "warning", "no regression sheet was drawn of this version",
                f"studio presets sheet {slug} --version {number} --out sheet/",
            )  # fmt: skip
        if not report.seen_by:
            return Finding("warning", "nobody has looked at the regression sheet", "open it on the page Themes")  # fmt: skip
        against = f"; {report.difference:.1f} from version {report.against}" if report.difference is not None else ""  # fmt: skip
        return Finding("pass", f"regression sheet seen by {', '.join(report.seen_by)}{against}")

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
