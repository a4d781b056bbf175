"""Resolves the models a job names and checks that they fit together, before anything is loaded."""

from collections.abc import Sequence
from dataclasses import dataclass

from studio.engine.diffusion.schedulers import validate_sampler
from studio.engine.families import MODEL_FAMILIES
from studio.engine.families.base import ModelFamilySpec
from studio.engine.loading.bundled_configs import BundledConfigs
from studio.engine.loading.compatibility import (
    check_first_layer,
    check_ip_adapter,
    check_vae,
    is_upcast,
    same_cross_attention_dim,
)
from studio.errors import IncompatibleModelError
from studio.messages import Message
from studio.models.catalog import ModelCatalog
from studio.models.image_encoders import ReferenceModels, find_reference_models
from studio.models.types import ModelInfo
from studio.recipes.generation.job import RenderJob
from studio.recipes.generation.recipe import KIND_NAMES, ControlUnit, Recipe, Reference

UnitModels = tuple[tuple[ControlUnit, ModelInfo], ...]
"""ControlNet units with their models."""


@dataclass(frozen=True)
class ResolvedModels:
    """The models a job names."""

    checkpoint: ModelInfo

    vae: ModelInfo | None
    """None: the checkpoint's own."""

    loras: tuple[tuple[ModelInfo, float], ...]
    """With their weights; those of weight 0 are left out."""

    controlnets: UnitModels
    """Of the units that are switched on."""

    references: tuple[tuple[Reference, ReferenceModels], ...] = ()
    """Those that are switched on."""

    upcast_vae: bool = False
    """Whether `vae` runs in fp32 whatever the precision."""

    notes: tuple[Message, ...] = ()
    """Warnings where compatibility is unknown."""

    def active_models(self, active_units: UnitModels) -> tuple[ModelInfo, ...]:
        """Every model that takes part when only these units have a control map."""
        vaes = (self.vae,) if self.vae else ()
        controlnets = (model for _, model in active_units)
        loras = (model for model, _ in self.loras)
        adapters = [models.adapter for _, models in self.references]
        encoders = [models.encoder for _, models in self.references]
        of_references = dict.fromkeys((*adapters, *encoders))
        return (self.checkpoint, *controlnets, *vaes, *loras, *of_references)


def resolve_models(
    catalog: ModelCatalog, configs: BundledConfigs, job: RenderJob
) -> ResolvedModels:
    """Finds every model of the job.

    Raises NotFoundError, CorruptModelError, or IncompatibleModelError when a ControlNet, LoRA, VAE,
    IP-Adapter or sampler does not fit the base model, or when its family cannot render the recipe's size.
    """
    recipe, find = job.recipe, catalog.get
    checkpoint = find("checkpoint", recipe.base_model)
    family = MODEL_FAMILIES[checkpoint.family]
    validate_sampler(recipe.sampler, recipe.schedule_type, family.is_flow_matching)
    _check_size(checkpoint, family, recipe)
    unit_models = [(unit, find("controlnet", unit.model)) for unit in recipe.control_units]
    loras = [(find("lora", lora.model), lora.weight) for lora in job.loras if lora.weight]
    active = tuple((unit, model) for unit, model in unit_models if unit.is_active)
    _check_compatibility(checkpoint, family, [m for _, m in active], [m for m, _ in loras])
    for _, controlnet in active:
        check_first_layer(checkpoint, controlnet, configs)
    vae = None if recipe.vae is None else find("vae", recipe.vae)
    return ResolvedModels(
        checkpoint=checkpoint,
        vae=vae,
        loras=tuple(loras),
        controlnets=active,
        references=_find_references(catalog, configs, checkpoint, recipe),
        upcast_vae=vae is not None and family.may_upcast_vae and is_upcast(vae),
        notes=() if vae is None else check_vae(checkpoint, vae, configs),
    )


def _find_references(
    catalog: ModelCatalog, configs: BundledConfigs, checkpoint: ModelInfo, recipe: Recipe
) -> tuple[tuple[Reference, ReferenceModels], ...]:
    """The recipe's references that are switched on, with their models. Raises as `resolve_models`."""
    active = [reference for reference in recipe.references if reference.is_active]
    if active and not MODEL_FAMILIES[checkpoint.family].takes_references:
        raise IncompatibleModelError(
            "model.takes_no_references", name=checkpoint.name, family=checkpoint.family
        )
    found = [(reference, find_reference_models(catalog, reference)) for reference in active]
    for _, models in found:
        check_ip_adapter(checkpoint, models, configs)
    return tuple(found)


def _check_compatibility(
    checkpoint: ModelInfo,
    family: ModelFamilySpec,
    controlnets: Sequence[ModelInfo],
    loras: Sequence[ModelInfo],
) -> None:
    """Raises IncompatibleModelError for a ControlNet or LoRA of another family."""
    if family.controlnet_pipeline is None and controlnets:
        raise IncompatibleModelError(
            "model.takes_no_controlnets", name=checkpoint.name, family=checkpoint.family
        )
    for controlnet in controlnets:
        _check_controlnet_of_unknown_family(checkpoint, controlnet)
    for model in (*controlnets, *loras):
        # A LoRA of unknown family is checked when it is attached, by counting its layers.
        if model.family not in (checkpoint.family, "unknown"):
            raise IncompatibleModelError(
                "model.wrong_family",
                kind=KIND_NAMES[model.kind],
                name=model.name,
                family=model.family,
                base=checkpoint.name,
                base_family=checkpoint.family,
            )


def _check_controlnet_of_unknown_family(checkpoint: ModelInfo, controlnet: ModelInfo) -> None:
    if controlnet.family == "unknown" and not same_cross_attention_dim(checkpoint, controlnet):
        raise IncompatibleModelError(
            "model.controlnet_family_unknown",
            name=controlnet.name,
            base=checkpoint.name,
            base_family=checkpoint.family,
        )


def _check_size(checkpoint: ModelInfo, family: ModelFamilySpec, recipe: Recipe) -> None:
    """Raises IncompatibleModelError for a width or height that is no multiple of the family's."""
    sizes = [recipe.width, recipe.height]
    if recipe.face_repair.enabled:
        sizes.append(recipe.face_repair.render_size)
    multiple = family.size_multiple
    unsupported = next((size for size in sizes if size % multiple), None)
    if unsupported is not None:
        raise IncompatibleModelError(
            "model.side_unsupported",
            name=checkpoint.name,
            family=checkpoint.family,
            multiple=multiple,
            side=unsupported,
            nearest=multiple * max(1, round(unsupported / multiple)),
        )
