"""A quick look at a doodle while it is being drawn: one recipe in four steps, kept nowhere."""

from contextlib import suppress
from math import ceil

from studio.errors import ModelError
from studio.models.catalog import ModelCatalog
from studio.recipes.generation.job import GenerationRequest, RenderJob
from studio.recipes.generation.planning import plan_jobs
from studio.recipes.generation.recipe import LoraSettings, ModelRef, Recipe
from studio.recipes.themes.preset import Slot

PREVIEW_STEPS = 4
FEW_STEP_LORA_MARKERS = ("few-step", "lcm", "turbo", "hyper")
"""Parts of names by which LoRAs are known that draw in a few steps."""


def make_preview_job(request: GenerationRequest, slot: Slot, catalog: ModelCatalog) -> RenderJob:
    """The request's job for `letter`, made quick: as near to the recipe as a few steps get.

    With a few-step LoRA of the base model's family, and the LCM sampler that such are made for;
    without one, fewer steps of the recipe's own.
    """
    job = next(job for job in plan_jobs(request) if job.slot == slot)
    recipe, lora = job.recipe, few_step_lora(job.recipe, catalog)
    quick = {
        "steps": min(150, ceil(PREVIEW_STEPS / max(recipe.denoising_strength, 0.01))),
        "upscale": recipe.upscale.model_copy(update={"enabled": False}),
        "face_repair": recipe.face_repair.model_copy(update={"enabled": False}),
    }
    if lora is None:
        return job.model_copy(update={"recipe": recipe.model_copy(update=quick)})
    quick |= {"sampler": "LCM", "schedule_type": "Automatic", "guidance_scale": 1.0}
    kept = tuple(use for use in job.loras if not _is_few_step(use.model.name))
    return job.model_copy(
        update={
            "recipe": recipe.model_copy(update=quick),
            "loras": (*kept, LoraSettings(model=lora)),
        }
    )


def few_step_lora(recipe: Recipe, catalog: ModelCatalog) -> ModelRef | None:
    """The first LoRA of the base model's family whose name says that it is one."""
    family = catalog.get("checkpoint", recipe.base_model).family
    names = [name for name in catalog.list_names("lora") if _is_few_step(name)]
    for name in names:
        with suppress(ModelError):  # A file that cannot be read is no reason to show nothing.
            if catalog.get("lora", ModelRef(name=name)).family == family:
                return ModelRef(name=name)
    return None


def _is_few_step(name: str) -> bool:
    return any(part in name.lower() for part in FEW_STEP_LORA_MARKERS)
