"""Preflight: the checks that a theme version has to pass before it is deployed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, reduce

from studio.errors import StudioError
from studio.messages import Message, message
from studio.models.catalog import ModelCatalog
from studio.recipes.base_image import BaseImage
from studio.recipes.generation.job import GenerationRequest, RenderJob
from studio.recipes.generation.planning import plan_jobs
from studio.recipes.generation.recipe import MaskSettings
from studio.recipes.themes.preset import SLOTS, Preset, Slot, ThemeVersion
from studio.services.requests.request_factory import load_control_images
from studio.services.themes.check_result import CheckResult, worst_level
from studio.services.themes.content_checks import ContentChecks
from studio.services.themes.model_checks import ModelChecks
from studio.services.themes.record_checks import RecordChecks
from studio.services.themes.token_counter import TokenCounter
from studio.store.base_images import BaseImageStore
from studio.store.evaluation_reports import ReportStore
from studio.store.images.files import ImageStore
from studio.store.variants import VariantStore


@dataclass(frozen=True)
class PreflightChecker:
    """Checks theme versions against this installation.

    `render_preview` renders one image and raises StudioError where it cannot; `moderation_health`
    says why the moderation that a theme needs does not work; `device_bytes` None: no limit is
    known.
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
        """All results, in the order in which an operator would look.

        A dry run renders one step of the recipes without stored variants, unless another check has
        found that it cannot succeed.
        """
        preset = version.preset
        results = (
            *self._models.check_models(preset),
            *self._models.check_families(preset),
            *self._models.check_references(preset),
            *self._content.check_base_images(preset),
            *self._content.check_control_images(preset),
            *self._content.check_prompt_lengths(preset),
            self._models.check_memory(preset),
            self._records.check_render_times(version),
            self._check_moderation(preset),
        )
        dry_run = () if worst_level(results) == "error" else self._dry_run(version)
        return (
            *results,
            *dry_run,
            self._records.check_robustness(version),
            self._records.check_regression(version),
            *self._records.check_drift(version),
        )

    def missing_models(self, preset: Preset) -> tuple[Message, ...]:
        """Why models of the preset cannot be used; empty while all are installed and unchanged."""
        return self._models.missing_models(preset)

    @cached_property
    def _models(self) -> ModelChecks:
        return ModelChecks(self.catalog, self.device_bytes)

    @cached_property
    def _content(self) -> ContentChecks:
        return ContentChecks(self.base_images, self.image_store, self.tokens)

    @cached_property
    def _records(self) -> RecordChecks:
        return RecordChecks(self.variants, self.reports)

    def _check_moderation(self, preset: Preset) -> CheckResult:
        """Whether moderation works, and whether the theme's policy turns any stage off."""
        policy = preset.safety
        stages = (
            (message("moderation.prompts"), policy.check_prompts),
            (message("moderation.doodles"), policy.check_doodles),
            (message("moderation.images"), policy.check_outputs),
        )
        off = [name for name, is_on in stages if not is_on]
        problem = self.moderation_health(preset) if len(off) < len(stages) else None
        if problem is not None:
            return CheckResult("error", message("deployment.moderation_broken"), problem)
        if off:
            names = reduce(lambda first, last: message("list.and", first=first, last=last), off)
            return CheckResult(
                "warning",
                message("deployment.unmoderated", what=names),
                message("deployment.turn_on_moderation"),
            )
        return CheckResult("pass", message("deployment.moderated", threshold=policy.nsfw_threshold))

    def _dry_run(self, version: ThemeVersion) -> Iterator[CheckResult]:
        """Renders one step of each recipe of which this version has no variant yet."""
        slots = self._records.unrendered_slots(version)
        if not slots:
            return
        try:
            self._render_one_step(version.preset, slots)
        except StudioError as error:
            what = message("deployment.dry_run_failed", reason=error.message)
            yield CheckResult("error", what, message("deployment.fix_recipe"))
        else:
            yield CheckResult("pass", message("deployment.dry_run", slots=slots))

    def _render_one_step(self, preset: Preset, slots: list[Slot]) -> None:
        # Without a doodle nothing is masked.
        for slot in SLOTS:
            unmasked = preset.recipes[slot].model_copy(update={"mask": MaskSettings()})
            recipes = preset.recipes.replace(slot, unmasked)
            preset = preset.model_copy(update={"recipes": recipes})
        request = GenerationRequest(
            id="0" * 32,
            base_image=self._first_base_image(preset),
            preset=preset,
            seed=0,
            control_images=load_control_images(preset, self.image_store),
        )
        for job in plan_jobs(request):
            if job.slot in slots:
                changes = {"steps": 1, "denoising_strength": 1.0}
                recipe = job.recipe.model_copy(update=changes)
                self.render_preview(job.model_copy(update={"recipe": recipe}))

    def _first_base_image(self, preset: Preset) -> BaseImage:
        if preset.base_images:
            return self.base_images.get(preset.base_images[0])
        return self.base_images.list_all()[0]
