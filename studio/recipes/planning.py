"""Turns a request into its four jobs: pure arithmetic and choice, no I/O."""

from collections.abc import Sequence

from pydantic import ValidationError

from studio.errors import InputError
from studio.recipes.base import explain
from studio.recipes.preset import LETTERS, Preset
from studio.recipes.promptsyntax import take_loras
from studio.recipes.recipe import (
    MAX_LORAS,
    PROMPT_PLACE,
    LoraUse,
    ModelKind,
    ModelRef,
    Recipe,
    SeedRule,
)
from studio.recipes.request import Job, Request


def plan(request: Request) -> tuple[Job, ...]:
    """The four jobs, every value resolved, jobs of one base model standing together.

    Base models come in the order in which the recipes first name them; within one the
    letters keep their order.
    """
    jobs = [
        Job(
            request_id=request.id,
            letter=letter,
            recipe=request.preset.recipes[letter],
            prompt=join_prompt(
                request.preset.recipes[letter], request.preset.prompt, request.words
            ),
            negative_prompt=_joined(
                request.preset.recipes[letter].negative_prompt,
                request.preset.safety.negative_prompt,
            ),
            loras=loras(request.preset.recipes[letter], request.preset.prompt),
            seed=request.preset.recipes[letter].seed_rule.seed(request.seed),
            base_image=request.base_image,
            doodle=request.doodle,
            pictures=request.pictures,
        )
        for letter in LETTERS
    ]
    order = list(dict.fromkeys(job.recipe.base_model for job in jobs))
    return tuple(sorted(jobs, key=lambda job: order.index(job.recipe.base_model)))


def _joined(own: str, always: str) -> str:
    """A recipe's negative prompt and the theme's, of which no client knows."""
    return ", ".join(part.strip(" ,") for part in (own, always) if part.strip(" ,"))


def batches(jobs: Sequence[Job]) -> tuple[tuple[Job, ...], ...]:
    """The jobs of one request, those together that one batch can draw: they differ in nothing but
    prompts and seed, and have one pass. Each batch stands where its first job stood."""
    found: dict[object, list[Job]] = {}
    for job in jobs:
        found.setdefault(_drawn_alike(job), []).append(job)
    return tuple(tuple(batch) for batch in found.values())


def _drawn_alike(job: Job) -> object:
    recipe = job.recipe
    alone = job.letter if recipe.upscale.enabled or recipe.face_repair.enabled else None
    unsaid = {"prompt_template": PROMPT_PLACE, "negative_prompt": "", "seed_rule": SeedRule()}
    return recipe.model_copy(update=unsaid), job.loras, alone


def loras(recipe: Recipe, theme: str) -> tuple[LoraUse, ...]:
    """The LoRAs a recipe plugs in, and those that its template or the theme calls by name.

    Raises InputError for a name or weight no LoRA can have, and for more than MAX_LORAS in all.
    """
    calls = [call for text in (recipe.prompt_template, theme) for call in take_loras(text)[1]]
    try:
        called = [LoraUse(model=ModelRef(name=c.name), weight=c.weight) for c in calls]
    except ValidationError as error:
        raise InputError("prompt.lora_call_invalid", reason=explain(error)) from None
    if (count := len(recipe.loras) + len(called)) > MAX_LORAS:
        raise InputError("recipe.too_many_loras", count=count, called=len(called), most=MAX_LORAS)
    return (*recipe.loras, *called)


def named_models(preset: Preset) -> tuple[tuple[ModelKind, ModelRef], ...]:
    """Every model that the recipes name, those that their prompts call included, each once.

    Raises InputError for what a prompt calls wrongly, naming the recipe.
    """
    found: dict[tuple[ModelKind, ModelRef], None] = {}
    for letter in LETTERS:
        recipe = preset.recipes[letter]
        found |= dict.fromkeys(recipe.models)
        try:
            called = loras(recipe, preset.prompt)[len(recipe.loras) :]
        except InputError as error:
            raise InputError("recipe.in_slot", slot=letter, reason=error.message) from None
        found |= dict.fromkeys(("lora", use.model) for use in called)
    return tuple(found)


def join_prompt(recipe: Recipe, theme: str, words: str) -> str:
    """The user's words first, then the theme's, both in the recipe's template.

    What stands first weighs most, and the words are the user's own. A template without a place
    for them stands in front. LoRA calls are taken out: the theme's are in `loras`, and a user
    may call for none.
    """
    said = [take_loras(part)[0].strip(" ,") for part in (words, theme)]
    asked = ", ".join(part for part in said if part)
    template = take_loras(recipe.prompt_template)[0]
    if PROMPT_PLACE in template:
        joined = template.replace(PROMPT_PLACE, asked)
    else:
        joined = ", ".join(part for part in (template.strip(" ,"), asked) if part)
    return joined.strip(" ,")
