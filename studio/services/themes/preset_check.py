"""Checks a preset while it is edited: which fields are invalid, how long the prompts are, how long a step takes."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

from pydantic import ValidationError

from studio.errors import InvalidInputError
from studio.messages import Message
from studio.recipes.base import describe_validation_error
from studio.recipes.generation.planning import resolve_loras
from studio.recipes.generation.recipe import Recipe
from studio.recipes.themes.preset import SLOTS, Preset, Slot
from studio.services.cost_estimates import MEASURED_VARIANTS
from studio.services.themes.token_counter import TokenCounter
from studio.store.variants import VariantStore

STEP_PIXELS = 512 * 512
"""The image for which the duration of a step is told; of others it is taken to grow with their pixels."""


@dataclass(frozen=True)
class PresetCheck:
    """`errors` are reasons by the path of the field, such as "recipes.A.width". `tokens` are the lengths of the
    composed prompts, None where a recipe is invalid or its tokenizer cannot be read."""

    errors: Mapping[str, Message]
    tokens: Mapping[Slot, int | None]


def check_preset(
    document: Mapping[str, Any], user_prompt: str, tokens: TokenCounter
) -> PresetCheck:
    """Checks a preset's document, which may be invalid, with the user's prompt."""
    errors: dict[str, Message] = {}
    counts: dict[Slot, int | None] = dict.fromkeys(SLOTS)
    try:
        preset = Preset.model_validate(document)
    except ValidationError as error:
        for details in error.errors():
            path = ".".join(str(part) for part in details["loc"])
            path = path.encode("utf-8", "replace").decode()  # Of unknown fields it may be any text.
            errors.setdefault(path, describe_validation_error(dict(details)))
        return PresetCheck(errors, counts)
    for slot in SLOTS:
        counts[slot] = tokens.count(preset.recipes[slot], preset.theme_prompt, user_prompt)
        try:
            resolve_loras(preset.recipes[slot], preset.theme_prompt)
        except InvalidInputError as error:
            errors[f"recipes.{slot}.prompt_template"] = error.message
    return PresetCheck(errors, counts)


def seconds_per_step(variants: VariantStore) -> Mapping[str, float]:
    """The median seconds of a denoising step for STEP_PIXELS here, by base model; models that were never
    used are left out.

    Images with a second pass do not count.
    """
    measured: dict[str, list[float]] = defaultdict(list)
    for variant in variants.list_latest(MEASURED_VARIANTS):
        recipe = variant.recipe
        if steps := _single_pass_steps(recipe):
            size = recipe.width * recipe.height / STEP_PIXELS
            seconds = variant.timings.render_seconds / steps / size
            measured[recipe.base_model.name].append(seconds)
    return {name: round(median(seconds), 3) for name, seconds in measured.items()}


def _single_pass_steps(recipe: Recipe) -> int:
    if recipe.upscale.enabled or recipe.face_repair.enabled:
        return 0
    return int(recipe.steps * recipe.denoising_strength)
