"""Resolves a request into its four render jobs. Pure functions, no I/O."""

from collections.abc import Collection, Hashable, Sequence

from pydantic import ValidationError

from studio.errors import InvalidInputError
from studio.recipes.base import format_validation_error
from studio.recipes.generation.alternatives import choose_alternatives
from studio.recipes.generation.job import GenerationRequest, RenderJob
from studio.recipes.generation.prompt_syntax import extract_lora_tags
from studio.recipes.generation.recipe import (
    MAX_LORAS,
    PROMPT_PLACEHOLDER,
    LoraSettings,
    ModelRef,
    ModelType,
    Recipe,
    SeedPolicy,
)
from studio.recipes.themes.preset import SLOTS, Preset, Slot


def plan_jobs(request: GenerationRequest, slots: Collection[Slot] = SLOTS) -> tuple[RenderJob, ...]:
    """The request's jobs in `slots` with every value resolved, grouped by base model.

    Base models are in the order in which the recipes first name them; within one base model the
    slots keep their order.

    Raises:
        InvalidInputError: a prompt contains an invalid LoRA tag, or a recipe has too many LoRAs.
    """
    jobs = [plan_job(request, slot) for slot in SLOTS if slot in slots]
    base_models = list(dict.fromkeys(job.recipe.base_model for job in jobs))
    return tuple(sorted(jobs, key=lambda job: base_models.index(job.recipe.base_model)))


def plan_job(request: GenerationRequest, slot: Slot) -> RenderJob:
    """The request's job for one slot, with every value resolved. Raises as `plan_jobs`."""
    preset = request.preset
    recipe = preset.recipes[slot]
    seed = recipe.seed_policy.resolve(request.seed)
    # Users' prompts are taken as they are: what was moderated is what is rendered.
    template = choose_alternatives(recipe.prompt_template, seed, "template")
    negative = choose_alternatives(recipe.negative_prompt, seed, "negative")
    theme_prompt = choose_alternatives(preset.theme_prompt, seed, "theme")
    chosen = recipe.model_copy(update={"prompt_template": template})
    return RenderJob(
        request_id=request.id,
        slot=slot,
        recipe=recipe,
        prompt=compose_prompt(chosen, theme_prompt, request.user_prompt),
        negative_prompt=_join_negative_prompts(negative, preset.safety.negative_prompt),
        loras=resolve_loras(chosen, theme_prompt),
        seed=seed,
        base_image=request.base_image,
        doodle=request.doodle,
        control_images=request.control_images,
        zone_images=request.zone_images,
    )


def check_request(request: GenerationRequest) -> None:
    """Checks what `plan_jobs` and the renders of its jobs need, before the request is stored.

    Raises:
        InvalidInputError: as `plan_jobs` and `check_mask`.
    """
    for job in plan_jobs(request):
        check_mask(job)


def check_mask(job: RenderJob) -> None:
    """Raises InvalidInputError where the mask is of a doodle or a clothes zone that is not there, or keeps
    parts that the base image has no keypoints for."""
    mask, base_image = job.recipe.mask, job.base_image
    if mask.area == "doodle" and job.doodle is None:
        raise InvalidInputError("recipe.mask_without_doodle", slot=job.slot)
    if mask.needs_clothes_zone and job.zone_images.clothes is None:
        raise InvalidInputError("recipe.mask_without_zones", slot=job.slot, name=base_image.name)
    if mask.needs_keypoints and base_image.keypoints is None:
        raise InvalidInputError(
            "recipe.mask_without_keypoints", slot=job.slot, name=base_image.name
        )


def _join_negative_prompts(of_recipe: str, of_policy: str) -> str:
    """A recipe's negative prompt and the moderation policy's, which clients do not see."""
    prompts = (of_recipe.strip(" ,"), of_policy.strip(" ,"))
    return ", ".join(filter(None, prompts))


def group_into_batches(
    jobs: Sequence[RenderJob], max_size: int | None = None
) -> tuple[tuple[RenderJob, ...], ...]:
    """Jobs of one request or of several, grouped into those that can be rendered in one batch.

    Batches are ordered by their first job and have at most `max_size` jobs (None: any number).
    """
    batches: list[tuple[object, list[RenderJob]]] = []
    for job in jobs:
        key = batch_key(job)
        open_batch = next(
            (
                batch
                for other, batch in batches
                if other == key and (max_size is None or len(batch) < max_size)
            ),
            None,
        )
        if open_batch is None:
            batches.append((key, [job]))
        else:
            open_batch.append(job)
    return tuple(tuple(batch) for _, batch in batches)


MAX_BATCH_SIZE = 8
"""Jobs of one batch. With guidance the denoiser sees twice as many rows; beyond, a step of an H100
takes as much longer as it does more."""


def batch_key(job: RenderJob) -> Hashable:
    """What jobs must have in common to be rendered in one batch: models, LoRAs, size and steps.

    They may differ in name, request, base image, doodle, prompts, seed, drift lock, guidance scale and ControlNet
    weights, but not in whether guidance or a unit is on at all. A job with a second pass is rendered
    alone.
    """
    recipe = job.recipe
    if recipe.upscale.enabled or recipe.face_repair.enabled:
        return job.request_id, job.slot
    units = tuple(
        unit.model_copy(update={"weight": 1.0 if unit.weight > 0 else 0.0})
        for unit in recipe.control_units
    )
    ignored = {
        "name": "",
        "prompt_template": PROMPT_PLACEHOLDER,
        "negative_prompt": "",
        "seed_policy": SeedPolicy(),
        "loras": (),
        "drift_lock": "off",
        "guidance_scale": 2.0 if recipe.guidance_scale > 1 else 1.0,
        "control_units": units,
    }
    return recipe.model_copy(update=ignored), job.loras


def resolve_loras(recipe: Recipe, theme_prompt: str) -> tuple[LoraSettings, ...]:
    """The recipe's LoRAs, and those named by tags in its prompt template or in the theme prompt.

    Raises:
        InvalidInputError: a tag has an invalid name or weight, or there are more than `MAX_LORAS`.
    """
    prompts = (recipe.prompt_template, theme_prompt)
    tags = [tag for prompt in prompts for tag in extract_lora_tags(prompt)[1]]
    try:
        from_tags = [LoraSettings(model=ModelRef(name=t.name), weight=t.weight) for t in tags]
    except ValidationError as error:
        raise InvalidInputError(
            "prompt.lora_call_invalid", reason=format_validation_error(error)
        ) from None
    if (count := len(recipe.loras) + len(from_tags)) > MAX_LORAS:
        raise InvalidInputError(
            "recipe.too_many_loras", count=count, called=len(from_tags), most=MAX_LORAS
        )
    return (*recipe.loras, *from_tags)


def list_referenced_models(preset: Preset) -> tuple[tuple[ModelType, ModelRef], ...]:
    """Every model that the recipes or LoRA tags in their prompts refer to, without duplicates.

    Raises:
        InvalidInputError: a prompt contains an invalid LoRA tag; the message names the recipe.
    """
    refs: dict[tuple[ModelType, ModelRef], None] = {}
    for slot in SLOTS:
        recipe = preset.recipes[slot]
        refs |= dict.fromkeys(recipe.model_refs)
        try:
            loras = resolve_loras(recipe, preset.theme_prompt)
        except InvalidInputError as error:
            raise InvalidInputError("recipe.in_slot", slot=slot, reason=error.message) from None
        refs |= dict.fromkeys(("lora", lora.model) for lora in loras)
    return tuple(refs)


def compose_prompt(recipe: Recipe, theme_prompt: str, user_prompt: str) -> str:
    """The user's prompt and the theme's, inserted into the recipe's template.

    The user's prompt comes first, because CLIP weighs the first tokens most. A template without
    the placeholder is put in front. LoRA tags are removed: those of theme and template are in the
    job's `loras`, and users may not use any.
    """
    prompts = [extract_lora_tags(text)[0].strip(" ,") for text in (user_prompt, theme_prompt)]
    prompt = ", ".join(filter(None, prompts))
    template = extract_lora_tags(recipe.prompt_template)[0]
    if PROMPT_PLACEHOLDER in template:
        composed = template.replace(PROMPT_PLACEHOLDER, prompt)
    else:
        composed = ", ".join(filter(None, (template.strip(" ,"), prompt)))
    return composed.strip(" ,")
