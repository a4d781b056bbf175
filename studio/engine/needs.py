"""What a job needs: its models, found and checked before anything is loaded."""

from dataclasses import dataclass

from studio.engine.configurations import Configurations
from studio.engine.dialect import Dialect
from studio.engine.families import DIALECTS
from studio.engine.fitness import check_vae, same_text_width
from studio.engine.schedulers import check_sampler
from studio.errors import UnfitModel
from studio.library.catalogue import Catalogue
from studio.library.models import Model
from studio.messages import Message
from studio.recipes.recipe import KIND_NAMES, ControlUnit, Recipe
from studio.recipes.request import Job

Nets = tuple[tuple[ControlUnit, Model], ...]


@dataclass(frozen=True)
class Needs:
    """The models a job names. `nets` are those of units that are switched on, `notes` what is
    not sure of how they fit."""

    checkpoint: Model
    vae: Model | None
    loras: tuple[tuple[Model, float], ...]
    nets: Nets
    notes: tuple[Message, ...] = ()

    def used(self, speaking: Nets) -> tuple[Model, ...]:
        """Every model that takes part when only these units have something to say."""
        vaes = (self.vae,) if self.vae else ()
        nets, loras = (model for _, model in speaking), (model for model, _ in self.loras)
        return (self.checkpoint, *nets, *vaes, *loras)


def find_needs(catalogue: Catalogue, configurations: Configurations, job: Job) -> Needs:
    """Every model of the job. Raises NotFound, DamagedModel, and UnfitModel for a ControlNet,
    LoRA, VAE or sampler of another family than the base model's, and for sides it cannot draw."""
    recipe, find = job.recipe, catalogue.find
    checkpoint = find("checkpoint", recipe.base_model)
    dialect = DIALECTS[checkpoint.family]
    check_sampler(recipe.sampler, recipe.schedule_type, dialect.flow)
    _check_sides(checkpoint, dialect, recipe)
    nets = [(unit, find("controlnet", unit.model)) for unit in recipe.control_units]
    loras = [(find("lora", use.model), use.weight) for use in job.loras if use.weight]
    active = tuple((unit, model) for unit, model in nets if unit.active)
    _check_fits(checkpoint, dialect, [m for _, m in active], [m for m, _ in loras])
    vae = None if recipe.vae is None else find("vae", recipe.vae)
    return Needs(
        checkpoint=checkpoint,
        vae=vae,
        loras=tuple(loras),
        nets=active,
        notes=() if vae is None else check_vae(checkpoint, vae, configurations),
    )


def _check_fits(checkpoint: Model, dialect: Dialect, nets: list[Model], loras: list[Model]) -> None:
    if dialect.controlled is None and nets:
        raise UnfitModel(
            "model.takes_no_controlnets", name=checkpoint.name, family=checkpoint.family
        )
    for net in nets:
        if net.family == "unknown" and not same_text_width(checkpoint, net):
            raise UnfitModel(
                "model.controlnet_family_unknown",
                name=net.name,
                base=checkpoint.name,
                base_family=checkpoint.family,
            )
    for model in (*nets, *loras):
        # Of a LoRA that tells no family, its layers are counted when it is attached.
        if model.family not in (checkpoint.family, "unknown"):
            raise UnfitModel(
                "model.wrong_family",
                kind=KIND_NAMES[model.kind],
                name=model.name,
                family=model.family,
                base=checkpoint.name,
                base_family=checkpoint.family,
            )


def _check_sides(checkpoint: Model, dialect: Dialect, recipe: Recipe) -> None:
    sides = [recipe.width, recipe.height]
    if recipe.face_repair.enabled:
        sides.append(recipe.face_repair.size)
    wrong = next((side for side in sides if side % dialect.side), None)
    if wrong is not None:
        nearest = dialect.side * max(1, round(wrong / dialect.side))
        raise UnfitModel(
            "model.side_unsupported",
            name=checkpoint.name,
            family=checkpoint.family,
            multiple=dialect.side,
            side=wrong,
            nearest=nearest,
        )
