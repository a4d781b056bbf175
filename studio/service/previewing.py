"""A quick look at a doodle while it is being drawn: one recipe in four steps, kept nowhere."""

from contextlib import suppress
from math import ceil

from studio.errors import ModelError
from studio.library.catalogue import Catalogue
from studio.recipes.planning import plan
from studio.recipes.preset import Letter
from studio.recipes.recipe import LoraUse, ModelRef, Recipe
from studio.recipes.request import Job, Request

STEPS = 4
FEW_STEP = ("few-step", "lcm", "turbo", "hyper")
"""Parts of names by which LoRAs are known that draw in a few steps."""


def preview_job(request: Request, letter: Letter, catalogue: Catalogue) -> Job:
    """The request's job for `letter`, made quick: as near to the recipe as a few steps get.

    With a few-step LoRA of the base model's family, and the LCM sampler that such are made for;
    without one, fewer steps of the recipe's own.
    """
    job = next(job for job in plan(request) if job.letter == letter)
    recipe, lora = job.recipe, few_step_lora(job.recipe, catalogue)
    quick = {
        "steps": min(150, ceil(STEPS / max(recipe.strength, 0.01))),
        "upscale": recipe.upscale.model_copy(update={"enabled": False}),
        "face_repair": recipe.face_repair.model_copy(update={"enabled": False}),
    }
    if lora is None:
        return job.model_copy(update={"recipe": recipe.model_copy(update=quick)})
    quick |= {"sampler": "LCM", "schedule_type": "Automatic", "guidance_scale": 1.0}
    kept = tuple(use for use in job.loras if not _is_few_step(use.model.name))
    return job.model_copy(
        update={"recipe": recipe.model_copy(update=quick), "loras": (*kept, LoraUse(model=lora))}
    )


def few_step_lora(recipe: Recipe, catalogue: Catalogue) -> ModelRef | None:
    """The first LoRA of the base model's family whose name says that it is one."""
    family = catalogue.find("checkpoint", recipe.base_model).family
    names = [name for name in catalogue.names("lora") if _is_few_step(name)]
    for name in names:
        with suppress(ModelError):  # A file that cannot be read is no reason to show nothing.
            if catalogue.find("lora", ModelRef(name=name)).family == family:
                return ModelRef(name=name)
    return None


def _is_few_step(name: str) -> bool:
    return any(part in name.lower() for part in FEW_STEP)
