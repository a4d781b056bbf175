"""Live preview: a fast, unsaved render of one recipe while the user draws."""

from contextlib import suppress
from math import ceil
from typing import Any

from studio.errors import ModelError
from studio.models.catalog import ModelCatalog
from studio.recipes.generation.job import GenerationRequest, RenderJob
from studio.recipes.generation.planning import plan_job
from studio.recipes.generation.recipe import LoraSettings, ModelRef, Recipe
from studio.recipes.themes.preset import Slot

PREVIEW_STEPS = 4
MAX_STEPS = 150
"""The limit of a recipe's steps."""
FEW_STEP_LORA_MARKERS = ("few-step", "lcm", "turbo", "hyper")
"""Substrings in the names of LoRAs that are distilled to sample in a few steps."""


def make_preview_job(request: GenerationRequest, slot: Slot, catalog: ModelCatalog) -> RenderJob:
    """The request's job for one slot in `PREVIEW_STEPS` effective steps, as like the recipe as
    they allow.

    With a few-step LoRA of the base model's family: that LoRA, the LCM sampler and guidance scale 1.
    Without one: fewer steps of the recipe's own sampler.
    """
    job = plan_job(request, slot)
    recipe, lora = job.recipe, few_step_lora(job.recipe, catalog)
    changes: dict[str, Any] = {
        # img2img runs steps x denoising strength of the schedule.
        "steps": min(MAX_STEPS, ceil(PREVIEW_STEPS / max(recipe.denoising_strength, 0.01))),
        "upscale": recipe.upscale.model_copy(update={"enabled": False}),
        "face_repair": recipe.face_repair.model_copy(update={"enabled": False}),
        # Measuring takes time, and nobody reads a preview's drift.
        "drift_lock": "correct" if recipe.drift_lock == "correct" else "off",
    }
    if lora is None:
        return job.model_copy(update={"recipe": recipe.model_copy(update=changes)})
    changes |= {"sampler": "LCM", "schedule_type": "Automatic", "guidance_scale": 1.0}
    other_loras = tuple(use for use in job.loras if not _is_few_step(use.model.name))
    return job.model_copy(
        update={
            "recipe": recipe.model_copy(update=changes),
            "loras": (*other_loras, LoraSettings(model=lora)),
        }
    )


def few_step_lora(recipe: Recipe, catalog: ModelCatalog) -> ModelRef | None:
    """The first installed few-step LoRA of the base model's family, known by its name; or None."""
    family = catalog.get("checkpoint", recipe.base_model).family
    for name in filter(_is_few_step, catalog.list_names("lora")):
        with suppress(ModelError):  # An unreadable file must not prevent the preview.
            if catalog.get("lora", ModelRef(name=name)).family == family:
                return ModelRef(name=name)
    return None


def _is_few_step(name: str) -> bool:
    return any(marker in name.lower() for marker in FEW_STEP_LORA_MARKERS)
