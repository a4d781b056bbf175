"""Turns a request into its four jobs: pure arithmetic and choice, no I/O."""

from collections.abc import Sequence

from pydantic import ValidationError

from studio.errors import InvalidInputError
from studio.recipes.base import format_validation_error
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
from studio.recipes.themes.preset import SLOTS, Preset


def plan_jobs(request: GenerationRequest) -> tuple[RenderJob, ...]:
    """The four jobs, every value resolved, jobs of one base model standing together.

    Base models come in the order in which the recipes first name them; within one the
    letters keep their order.
    """
    jobs = [
        RenderJob(
            request_id=request.id,
            slot=slot,
            recipe=request.preset.recipes[slot],
            prompt=compose_prompt(
                request.preset.recipes[slot], request.preset.theme_prompt, request.user_prompt
            ),
            negative_prompt=_join_negative_prompts(
                request.preset.recipes[slot].negative_prompt,
                request.preset.safety.negative_prompt,
            ),
            loras=resolve_loras(request.preset.recipes[slot], request.preset.theme_prompt),
            seed=request.preset.recipes[slot].seed_policy.resolve(request.seed),
            base_image=request.base_image,
            doodle=request.doodle,
            control_images=request.control_images,
        )
        for slot in SLOTS
    ]
    order = list(dict.fromkeys(job.recipe.base_model for job in jobs))
    return tuple(sorted(jobs, key=lambda job: order.index(job.recipe.base_model)))


def _join_negative_prompts(own: str, always: str) -> str:
    """A recipe's negative prompt and the theme's, of which no client knows."""
    return ", ".join(part.strip(" ,") for part in (own, always) if part.strip(" ,"))


def group_into_batches(jobs: Sequence[RenderJob]) -> tuple[tuple[RenderJob, ...], ...]:
    """The jobs of one request, those together that one batch can draw: they differ in nothing but
    prompts and seed, and have one pass. Each batch stands where its first job stood."""
    found: dict[object, list[RenderJob]] = {}
    for job in jobs:
        found.setdefault(_batch_key(job), []).append(job)
    return tuple(tuple(batch) for batch in found.values())


def _batch_key(job: RenderJob) -> object:
    recipe = job.recipe
    alone = job.slot if recipe.upscale.enabled or recipe.face_repair.enabled else None
    unsaid = {
        "prompt_template": PROMPT_PLACEHOLDER,
        "negative_prompt": "",
        "seed_policy": SeedPolicy(),
    }
    return recipe.model_copy(update=unsaid), job.loras, alone


def resolve_loras(recipe: Recipe, theme: str) -> tuple[LoraSettings, ...]:
    """The LoRAs a recipe plugs in, and those that its template or the theme calls by name.

    Raises InputError for a name or weight no LoRA can have, and for more than MAX_LORAS in all.
    """
    calls = [
        call for text in (recipe.prompt_template, theme) for call in extract_lora_tags(text)[1]
    ]
    try:
        called = [LoraSettings(model=ModelRef(name=c.name), weight=c.weight) for c in calls]
    except ValidationError as error:
        raise InvalidInputError(
            "prompt.lora_call_invalid", reason=format_validation_error(error)
        ) from None
    if (count := len(recipe.loras) + len(called)) > MAX_LORAS:
        raise InvalidInputError(
            "recipe.too_many_loras", count=count, called=len(called), most=MAX_LORAS
        )
    return (*recipe.loras, *called)


def list_referenced_models(preset: Preset) -> tuple[tuple[ModelType, ModelRef], ...]:
    """Every model that the recipes name, those that their prompts call included, each once.

    Raises InputError for what a prompt calls wrongly, naming the recipe.
    """
    found: dict[tuple[ModelType, ModelRef], None] = {}
    for slot in SLOTS:
        recipe = preset.recipes[slot]
        found |= dict.fromkeys(recipe.model_refs)
        try:
            called = resolve_loras(recipe, preset.theme_prompt)[len(recipe.loras) :]
        except InvalidInputError as error:
            raise InvalidInputError("recipe.in_slot", slot=slot, reason=error.message) from None
        found |= dict.fromkeys(("lora", use.model) for use in called)
    return tuple(found)


def compose_prompt(recipe: Recipe, theme: str, words: str) -> str:
    """The user's words first, then the theme's, both in the recipe's template.

    What stands first weighs most, and the words are the user's own. A template without a place
    for them stands in front. LoRA calls are taken out: the theme's are in `loras`, and a user
    may call for none.
    """
    said = [extract_lora_tags(part)[0].strip(" ,") for part in (words, theme)]
    asked = ", ".join(part for part in said if part)
    template = extract_lora_tags(recipe.prompt_template)[0]
    if PROMPT_PLACEHOLDER in template:
        joined = template.replace(PROMPT_PLACEHOLDER, asked)
    else:
        joined = ", ".join(part for part in (template.strip(" ,"), asked) if part)
    return joined.strip(" ,")
