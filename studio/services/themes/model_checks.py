"""Preflight checks of a preset's models: installed and unchanged, of one family, small enough."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from studio.errors import InvalidInputError, ModelError, NotFoundError, StudioError
from studio.messages import Message, message
from studio.models.catalog import ModelCatalog
from studio.models.image_encoders import find_reference_models
from studio.models.types import ModelInfo
from studio.recipes.generation.planning import list_referenced_models, resolve_loras
from studio.recipes.generation.recipe import KIND_NAMES, ModelRef, ModelType, Recipe, Reference
from studio.recipes.themes.preset import SLOTS, Preset, Slot
from studio.services.themes.check_result import CheckResult

ACTIVATION_MEMORY_FACTOR = 1.6
"""Memory of a job as a multiple of its weights: activations and caches at 512 pixels."""


@dataclass(frozen=True)
class ModelChecks:
    """`device_bytes` limits the memory of a job; None: no limit is known."""

    catalog: ModelCatalog
    device_bytes: int | None = None

    def missing_models(self, preset: Preset) -> tuple[Message, ...]:
        """Why models of the preset cannot be used; empty while all are installed and unchanged."""
        results = self.check_models(preset)
        return tuple(result.hint for result in results if result.level == "error" and result.hint)

    def check_models(self, preset: Preset) -> Iterator[CheckResult]:
        """Whether each model that the recipes or their prompts name is installed, with its hash."""
        try:
            referenced = list_referenced_models(preset)
        except InvalidInputError as error:
            yield CheckResult("error", message("deployment.called_loras"), error.message)
            return
        for kind, ref in referenced:
            kind_name = KIND_NAMES[kind]
            try:
                self.catalog.get(kind, ref)
            except StudioError as error:
                model = message("deployment.model", kind=kind_name, name=ref.name)
                yield CheckResult("error", model, error.message)
                continue
            if ref.sha256:
                model = message("deployment.model_as_tuned", kind=kind_name, name=ref.name)
            else:
                model = message("deployment.model_any", kind=kind_name, name=ref.name)
            yield CheckResult("pass", model)

    def check_families(self, preset: Preset) -> Iterator[CheckResult]:
        """Whether ControlNets, LoRAs and IP-Adapters are of their base model's family."""
        for slot in SLOTS:
            models = self._installed_models(preset.recipes[slot], preset.theme_prompt)
            base = models[0] if models and models[0].kind == "checkpoint" else None
            unfit = [
                model for model in models[1:] if base is not None and not _fits_base(model, base)
            ]
            for model in unfit:
                assert base is not None
                yield _wrong_family(slot, model, base)
            if not unfit:
                yield CheckResult("pass", message("deployment.models_fit", slot=slot))

    def check_references(self, preset: Preset) -> Iterator[CheckResult]:
        """Whether each reference's IP-Adapter has an image encoder. What is not installed is reported by
        `check_models`."""
        for slot in SLOTS:
            for reference in preset.recipes[slot].references:
                name = reference.model.name
                what = message("deployment.reference", slot=slot, name=name)
                if not self._are_installed(reference):
                    continue
                try:
                    find_reference_models(self.catalog, reference)
                except StudioError as error:
                    yield CheckResult("error", what, error.message)
                else:
                    yield CheckResult("pass", what)

    def _are_installed(self, reference: Reference) -> bool:
        """The models that a reference names."""
        try:
            self.catalog.get("ip_adapter", reference.model)
            if reference.image_encoder is not None:
                self.catalog.get("image_encoder", reference.image_encoder)
        except StudioError:
            return False
        return True

    def check_memory(self, preset: Preset) -> CheckResult:
        """Whether the largest recipe fits the device: its weights on disk times
        `ACTIVATION_MEMORY_FACTOR`."""
        needed = ACTIVATION_MEMORY_FACTOR * max(
            sum(
                model.size_bytes
                for model in self._installed_models(preset.recipes[slot], preset.theme_prompt)
            )
            for slot in SLOTS
        )
        size = f"{needed / 1e9:.2g}"
        if self.device_bytes is None:
            return CheckResult("pass", message("deployment.memory_unlimited", needed=size))
        limit = f"{self.device_bytes / 1e9:.2g}"
        if needed > self.device_bytes:
            return CheckResult(
                "error",
                message("deployment.memory_exceeded", needed=size, limit=limit),
                message("deployment.choose_smaller"),
            )
        return CheckResult("pass", message("deployment.memory", needed=size, limit=limit))

    def _installed_models(self, recipe: Recipe, theme_prompt: str) -> list[ModelInfo]:
        """The recipe's models that are installed, its base model first."""
        installed = []
        for kind, ref in _recipe_models(recipe, theme_prompt):
            with suppress(NotFoundError, ModelError):
                installed.append(self.catalog.get(kind, ref))
        return installed


def _fits_base(model: ModelInfo, base: ModelInfo) -> bool:
    """A LoRA or IP-Adapter of unknown family may fit: its layers are counted when it is attached. A
    ControlNet has to be known before."""
    if model.kind not in ("controlnet", "lora", "ip_adapter"):
        return True
    return model.family == base.family or (model.kind != "controlnet" and model.family == "unknown")


def _wrong_family(slot: Slot, model: ModelInfo, base: ModelInfo) -> CheckResult:
    what = message(
        "deployment.wrong_family",
        slot=slot,
        kind=KIND_NAMES[model.kind],
        model=model.name,
        family=model.family,
        base=base.name,
        base_family=base.family,
    )
    return CheckResult("error", what, message("deployment.choose_family"))


def _recipe_models(recipe: Recipe, theme_prompt: str) -> list[tuple[ModelType, ModelRef]]:
    """The models of one recipe, LoRAs that its prompts call included. Invalid LoRA tags are
    reported once, by `check_models`."""
    with suppress(InvalidInputError):
        called = resolve_loras(recipe, theme_prompt)[len(recipe.loras) :]
        return [*recipe.model_refs, *(("lora", use.model) for use in called)]
    return list(recipe.model_refs)
