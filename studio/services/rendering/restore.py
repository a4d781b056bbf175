"""Restores the inputs of finished images: of one from its PNG metadata ("PNG info"), or of a stored run."""

from collections.abc import Sequence
from dataclasses import dataclass

from studio.errors import InvalidImageError
from studio.imaging.png_io import decode_png
from studio.imaging.png_metadata import read_a1111_infotext, read_metadata
from studio.messages import message
from studio.recipes.generation.job import Variant
from studio.recipes.generation.png_info import (
    GenerationInfo,
    parse_a1111_infotext,
    parse_variant_metadata,
    request_seed,
)
from studio.recipes.generation.recipe import Recipe
from studio.recipes.themes.preset import Preset


def read_generation_info(png: bytes, default: Recipe) -> GenerationInfo:
    """The recipe, prompt and seed of an image that this studio or A1111 has saved.

    `default` fills the values that A1111's infotext does not state.

    Raises:
        InvalidImageError: it is no PNG, or has no generation metadata.
        InvalidDocumentError: its metadata is invalid.
    """
    image = decode_png(png, message("image.image"))
    if record := read_metadata(image):
        return parse_variant_metadata(record)
    if text := read_a1111_infotext(image):
        return parse_a1111_infotext(text, default)
    raise InvalidImageError("image.without_metadata")


@dataclass(frozen=True)
class RestoredRun:
    """What a run was made with: the preset with its recipes, and the request's inputs."""

    preset: Preset
    user_prompt: str
    seed: int


def restore_run(variants: Sequence[Variant], preset: Preset) -> RestoredRun:
    """The inputs of a run, by its variants, of which there is one at least.

    `preset` provides the recipes of slots without a variant, and all else that variants do not record.
    """
    first = variants[0]
    recipes = preset.recipes
    for variant in variants:
        recipes = recipes.replace(variant.slot, variant.recipe)
    changes: dict[str, object] = {"recipes": recipes}
    if first.theme_prompt is not None:
        changes["theme_prompt"] = first.theme_prompt
    restored = preset.model_copy(update=changes)
    # A fixed seed does not tell the request's.
    by_seed = sorted(variants, key=lambda variant: variant.recipe.seed_policy.mode == "fixed")
    user_prompt = first.user_prompt
    if user_prompt is None:
        info = GenerationInfo(first.recipe, first.prompt, first.seed)
        user_prompt = info.extract_user_prompt(restored.theme_prompt)
    seed = request_seed(by_seed[0].recipe.seed_policy, by_seed[0].seed)
    return RestoredRun(restored, user_prompt, seed)
