"""What a job needs: its models, found and checked before anything is loaded."""

from dataclasses import dataclass

from studio.engine.diffusion.schedulers import validate_sampler
from studio.engine.families import MODEL_FAMILIES
from studio.engine.families.base import ModelFamilySpec
from studio.engine.loading.bundled_configs import BundledConfigs
from studio.engine.loading.compatibility import check_vae, same_text_width
from studio.errors import IncompatibleModelError
from studio.messages import Message
from studio.models.catalog import ModelCatalog
from studio.models.types import ModelInfo
from studio.recipes.generation.job import RenderJob
from studio.recipes.generation.recipe import KIND_NAMES, ControlUnit, Recipe

Nets = tuple[tuple[ControlUnit, ModelInfo], ...]


@dataclass(frozen=True)
class ResolvedModels:
    """The models a job names. `nets` are those of units that are switched on, `notes` what is
    not sure of how they fit."""

    checkpoint: ModelInfo
    vae: ModelInfo | None
    loras: tuple[tuple[ModelInfo, float], ...]
    controlnets: Nets
    notes: tuple[Message, ...] = ()

    def active_models(self, speaking: Nets) -> tuple[ModelInfo, ...]:
        """Every model that takes part when only these units have something to say."""
        vaes = (self.vae,) if self.vae else ()
        nets, loras = (model for _, model in speaking), (model for model, _ in self.loras)
        return (self.checkpoint, *nets, *vaes, *loras)


def resolve_models(
    catalog: ModelCatalog, configurations: BundledConfigs, job: RenderJob
) -> ResolvedModels:
    """Every model of the job. Raises NotFound, DamagedModel, and UnfitModel for a ControlNet,
    LoRA, VAE or sampler of another family than the base model's, and for sides it cannot draw."""
    recipe, find = job.recipe, catalog.get
    checkpoint = find("checkpoint", recipe.base_model)
    dialect = MODEL_FAMILIES[checkpoint.family]
    validate_sampler(recipe.sampler, recipe.schedule_type, dialect.is_flow_matching)
    _check_sides(checkpoint, dialect, recipe)
    nets = [(unit, find("controlnet", unit.model)) for unit in recipe.control_units]
    loras = [(find("lora", use.model), use.weight) for use in job.loras if use.weight]
    active = tuple((unit, model) for unit, model in nets if unit.is_active)
    _check_compatibility(checkpoint, dialect, [m for _, m in active], [m for m, _ in loras])
    vae = None if recipe.vae is None else find("vae", recipe.vae)
    return ResolvedModels(
        checkpoint=checkpoint,
        vae=vae,
        loras=tuple(loras),
        controlnets=active,
        notes=() if vae is None else check_vae(checkpoint, vae, configurations),
    )


def _check_compatibility(
    checkpoint: ModelInfo, dialect: ModelFamilySpec, nets: list[ModelInfo], loras: list[ModelInfo]
) -> None:
    if dialect.controlnet_pipeline is None and nets:
        raise IncompatibleModelError(
            "model.takes_no_controlnets", name=checkpoint.name, family=checkpoint.family
        )
    for net in nets:
        if net.family == "unknown" and not same_text_width(checkpoint, net):
            raise IncompatibleModelError(
                "model.controlnet_family_unknown",
                name=net.name,
                base=checkpoint.name,
                base_family=checkpoint.family,
            )
    for model in (*nets, *loras):
        # Of a LoRA that tells no family, its layers are counted when it is attached.
        if model.family not in (checkpoint.family, "unknown"):
            raise IncompatibleModelError(
                "model.wrong_family",
                kind=KIND_NAMES[model.kind],
                name=model.name,
                family=model.family,
                base=checkpoint.name,
                base_family=checkpoint.family,
            )


def _check_sides(checkpoint: ModelInfo, dialect: ModelFamilySpec, recipe: Recipe) -> None:
    sides = [recipe.width, recipe.height]
    if recipe.face_repair.enabled:
        sides.append(recipe.face_repair.render_size)
    wrong = next((side for side in sides if side % dialect.side), None)
    if wrong is not None:
        nearest = dialect.side * max(1, round(wrong / dialect.side))
        raise IncompatibleModelError(
            "model.side_unsupported",
            name=checkpoint.name,
            family=checkpoint.family,
            multiple=dialect.side,
            side=wrong,
            nearest=nearest,
        )
