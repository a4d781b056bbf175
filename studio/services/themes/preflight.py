"""The gate before a deployment: what must be so, what had better be, each with its remedy."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import reduce
from statistics import mean
from typing import Literal

from studio.errors import InvalidInputError, ModelError, NotFoundError, StudioError
from studio.messages import Message, message
from studio.models.catalog import ModelCatalog
from studio.models.types import ModelInfo
from studio.recipes.base_image import BaseImage, ControlImage
from studio.recipes.evaluation.reports import MIN_PASS_RATE, RegressionReport, RobustnessReport
from studio.recipes.generation.job import MAX_PROMPT_CHARS, GenerationRequest, RenderJob
from studio.recipes.generation.planning import list_referenced_models, plan_jobs, resolve_loras
from studio.recipes.generation.recipe import KIND_NAMES, ModelRef, ModelType, Recipe
from studio.recipes.themes.preset import SLOTS, Preset, ThemeVersion
from studio.services.themes.token_counter import CHUNK_TOKENS, TokenCounter
from studio.store.base_images import BaseImageStore
from studio.store.evaluation_reports import ReportStore
from studio.store.images.files import ImageStore
from studio.store.variants import VariantStore

Level = Literal["pass", "warning", "stop"]
LONGEST_PROMPT = ("a red dress with white dots and blue shoes, " * MAX_PROMPT_CHARS)[
    :MAX_PROMPT_CHARS
]
"""As many characters as a user may write, in words of the usual length."""
ACTIVATION_MEMORY_FACTOR = 1.6
"""Memory a job takes beside its weights, as a factor: activations and caches at 512 pixels."""


@dataclass(frozen=True)
class CheckResult:
    level: Level
    message: Message
    hint: Message | None = None


@dataclass(frozen=True)
class PreflightChecker:
    """Checks preset versions against what is here.

    `draw` makes one picture and raises StudioError where it cannot; `judges` tells what is wrong with
    those of words and pictures; `device_bytes` None: no limit is known.
    """

    catalog: ModelCatalog
    base_images: BaseImageStore
    image_store: ImageStore
    variants: VariantStore
    tokens: TokenCounter
    reports: ReportStore
    render_preview: Callable[[RenderJob], bytes]
    moderation_health: Callable[[Preset], Message | None]
    device_bytes: int | None = None

    def check(self, version: ThemeVersion) -> tuple[CheckResult, ...]:
        """Every finding, in the order in which an operator would look."""
        preset = version.preset
        found = (
            *self._models(preset),
            *self._families(preset),
            *self._bases(preset),
            *self._control_images(preset),
            *self._check_prompt_lengths(preset),
            self._memory(preset),
            self._check_render_times(version),
            self._safety(preset),
        )
        tried = () if worst_level(found) == "stop" else self._dry_run(version)
        return (*found, *tried, self._robustness(version), self._check_regression(version))

    def _safety(self, preset: Preset) -> CheckResult:
        """Whether anything is let pass unjudged, and whether the judges work."""
        policy = preset.safety
        stages = (
            (message("moderation.words"), policy.check_prompts),
            (message("moderation.doodles"), policy.check_doodles),
            (message("moderation.pictures"), policy.check_outputs),
        )
        off = [name for name, on in stages if not on]
        broken = self.moderation_health(preset) if len(off) < len(stages) else None
        if broken is not None:
            return CheckResult("stop", message("deployment.judge_broken"), broken)
        if off:
            what = reduce(lambda first, last: message("list.and", first=first, last=last), off)
            return CheckResult(
                "warning",
                message("deployment.unjudged", what=what),
                message("deployment.turn_on_judging"),
            )
        return CheckResult("pass", message("deployment.judged", threshold=policy.nsfw_threshold))

    def missing_models(self, preset: Preset) -> tuple[Message, ...]:
        """Why the preset's models cannot be used now; empty while all are here as they were."""
        return tuple(f.hint for f in self._models(preset) if f.level == "stop" and f.hint)

    def _models(self, preset: Preset) -> Iterator[CheckResult]:
        try:
            named = list_referenced_models(preset)
        except InvalidInputError as error:
            yield CheckResult("stop", message("deployment.called_loras"), error.message)
            return
        for kind, ref in named:
            try:
                self.catalog.get(kind, ref)
            except StudioError as error:
                named_model = message("deployment.model", kind=KIND_NAMES[kind], name=ref.name)
                yield CheckResult("stop", named_model, error.message)
                continue
            told = (
                message("deployment.model_as_tuned", kind=KIND_NAMES[kind], name=ref.name)
                if ref.sha256
                else message("deployment.model_any", kind=KIND_NAMES[kind], name=ref.name)
            )
            yield CheckResult("pass", told)

    def _families(self, preset: Preset) -> Iterator[CheckResult]:
        for slot in SLOTS:
            models = self._installed_models(preset.recipes[slot], preset.theme_prompt)
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
                    slot=slot,
                    kind=KIND_NAMES[model.kind],
                    model=model.name,
                    family=model.family,
                    base=base[0].name,
                    base_family=base[0].family,
                )
                yield CheckResult("stop", what, message("deployment.choose_family"))
            if not wrong:
                yield CheckResult("pass", message("deployment.models_fit", slot=slot))

    def _bases(self, preset: Preset) -> Iterator[CheckResult]:
        posed = any(
            unit.is_active and unit.preprocessor == "pose"
            for slot in SLOTS
            for unit in preset.recipes[slot].control_units
        )
        for image_id in preset.base_images or [image.id for image in self.base_images.list_all()]:
            try:
                image = self.base_images.get(image_id)
                self.base_images.read_png(image)
            except NotFoundError as error:
                yield CheckResult(
                    "stop", message("deployment.base_image", id=image_id), error.message
                )
                continue
            if posed and image.keypoints is None:
                yield CheckResult(
                    "stop",
                    message("deployment.no_keypoints", id=image_id),
                    message("deployment.find_keypoints", id=image_id),
                )
            else:
                yield CheckResult("pass", message("deployment.base_image", id=image_id))

    def _control_images(self, preset: Preset) -> Iterator[CheckResult]:
        for sha256 in dict.fromkeys(
            s for each in SLOTS for s in preset.recipes[each].control_image_hashes
        ):
            own = message("deployment.own_picture", hash=sha256[:10])
            try:
                self.image_store.get(sha256)
                yield CheckResult("pass", own)
            except NotFoundError as error:
                yield CheckResult("stop", own, error.message)

    def _check_prompt_lengths(self, preset: Preset) -> Iterator[CheckResult]:
        """What a theme says itself, and what that becomes with the longest words of a user."""
        for slot in SLOTS:
            recipe = preset.recipes[slot]
            own = self.tokens.count(recipe, preset.theme_prompt, "")
            longest = self.tokens.count(recipe, preset.theme_prompt, LONGEST_PROMPT)
            if own is None or longest is None:
                continue  # Its base model is missing, which is told already.
            if own > CHUNK_TOKENS:
                yield CheckResult(
                    "warning",
                    message("deployment.many_tokens", slot=slot, tokens=own, window=CHUNK_TOKENS),
                    message("deployment.shorten_prompt"),
                )
            else:
                yield CheckResult(
                    "pass",
                    message("deployment.tokens", slot=slot, tokens=own, longest=longest),
                )

    def _memory(self, preset: Preset) -> CheckResult:
        """The hungriest recipe: its weights as they lie on disk, and what drawing takes."""
        needed = max(
            sum(
                m.size_bytes
                for m in self._installed_models(preset.recipes[slot], preset.theme_prompt)
            )
            * ACTIVATION_MEMORY_FACTOR
            for slot in SLOTS
        )
        size = f"{needed / 1e9:.2g}"
        if self.device_bytes is None:
            return CheckResult("pass", message("deployment.memory_unlimited", needed=size))
        limit = f"{self.device_bytes / 1e9:.2g}"
        if needed > self.device_bytes:
            return CheckResult(
                "stop",
                message("deployment.memory_exceeded", needed=size, limit=limit),
                message("deployment.choose_smaller"),
            )
        return CheckResult("pass", message("deployment.memory", needed=size, limit=limit))

    def _check_render_times(self, version: ThemeVersion) -> CheckResult:
        made = self.variants.list_for_version(version.preset.slug, version.version)
        slots = {variant.slot for variant in made}
        if len(slots) < len(SLOTS):
            missing = [slot for slot in SLOTS if slot not in slots]
            return CheckResult(
                "warning",
                message("deployment.never_rendered", slots=missing),
                message("deployment.generate_once"),
            )
        seconds = sum(
            mean(v.timings.render_seconds for v in made if v.slot == each) for each in slots
        )
        return CheckResult("pass", message("deployment.render_time", seconds=f"{seconds:.1f}"))

    def _dry_run(self, version: ThemeVersion) -> Iterator[CheckResult]:
        """One step of each recipe that this version has not drawn with yet."""
        preset = version.preset
        drawn = {v.slot for v in self.variants.list_for_version(preset.slug, version.version)}
        left = [slot for slot in SLOTS if slot not in drawn]
        if not left:
            return
        try:
            base = self._first_base(preset)
            jobs = plan_jobs(
                GenerationRequest(
                    id="0" * 32,
                    base_image=base,
                    preset=preset,
                    seed=0,
                    control_images=self._load_control_images(preset),
                )
            )
            for job in jobs:
                if job.slot in left:
                    quick = job.recipe.model_copy(update={"steps": 1, "denoising_strength": 1.0})
                    self.render_preview(job.model_copy(update={"recipe": quick}))
        except StudioError as error:
            what = message("deployment.dry_run_failed", reason=error.message)
            yield CheckResult("stop", what, message("deployment.mend_recipe"))
        else:
            yield CheckResult("pass", message("deployment.dry_run", slots=left))

    def _first_base(self, preset: Preset) -> BaseImage:
        return (
            self.base_images.get(preset.base_images[0])
            if preset.base_images
            else self.base_images.list_all()[0]
        )

    def _load_control_images(self, preset: Preset) -> tuple[ControlImage, ...]:
        wanted = dict.fromkeys(
            s for slot in SLOTS for s in preset.recipes[slot].control_image_hashes
        )
        return tuple(ControlImage(sha256=s, png=self.image_store.get(s)) for s in wanted)

    def _robustness(self, version: ThemeVersion) -> CheckResult:
        slug, number = version.preset.slug, version.version
        report = self.reports.latest(slug, number, "robustness", RobustnessReport)
        if report is None:
            return CheckResult(
                "warning",
                message("deployment.robustness_not_run"),
                message("deployment.run_robustness", slug=slug, number=number),
            )
        share = f"{report.pass_rate:.0%}"
        if report.passed:
            return CheckResult("pass", message("deployment.figure_kept", share=share))
        doodles = ", ".join(dict.fromkeys(f"{c.doodle} ({c.slot})" for c in report.failures))
        what = message(
            "deployment.figure_lost",
            share=share,
            needed=f"{MIN_PASS_RATE:.0%}",
            doodles=f"{doodles:.300}",
        )
        return CheckResult("stop", what, message("deployment.strengthen_pose"))

    def _check_regression(self, version: ThemeVersion) -> CheckResult:
        slug, number = version.preset.slug, version.version
        report = self.reports.latest(slug, number, "regression", RegressionReport)
        if report is None:
            return CheckResult(
                "warning",
                message("deployment.no_sheet"),
                message("deployment.draw_sheet", slug=slug, number=number),
            )
        if not report.reviewed_by:
            return CheckResult(
                "warning", message("deployment.sheet_unseen"), message("deployment.open_sheet")
            )
        if report.median_delta_e is None or report.baseline_version is None:
            return CheckResult("pass", message("deployment.sheet_seen", names=report.reviewed_by))
        return CheckResult(
            "pass",
            message(
                "deployment.sheet_seen_compared",
                names=report.reviewed_by,
                difference=f"{report.median_delta_e:.1f}",
                version=report.baseline_version,
            ),
        )

    def _installed_models(self, recipe: Recipe, theme: str) -> list[ModelInfo]:
        """The recipe's models that are here, its base model first."""
        found = []
        for kind, ref in _of_recipe(recipe, theme):
            try:
                found.append(self.catalog.get(kind, ref))
            except (NotFoundError, ModelError):
                continue
        return found


def worst_level(findings: Sequence[CheckResult]) -> Level:
    levels = {finding.level for finding in findings}
    return "stop" if "stop" in levels else "warning" if "warning" in levels else "pass"


def _of_recipe(recipe: Recipe, theme: str) -> list[tuple[ModelType, ModelRef]]:
    """What prompts call wrongly is told once, by `_models`."""
    with suppress(InvalidInputError):
        called = resolve_loras(recipe, theme)[len(recipe.loras) :]
        return [*recipe.model_refs, *(("lora", use.model) for use in called)]
    return list(recipe.model_refs)
