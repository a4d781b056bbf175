"""Writes into a preset the hashes of the models it names, as they are on this machine now."""

from studio.errors import ModelError, NotFound
from studio.library.catalogue import Catalogue
from studio.recipes.preset import LETTERS, Preset
from studio.recipes.recipe import ModelKind, ModelRef, Recipe


def with_hashes(preset: Preset, catalogue: Catalogue) -> Preset:
    """`preset` with a hash beside every model name that had none.

    A hash that is there stays: it says what the recipe was tuned with. A model that is not
    here, or cannot be read, stays without; rendering will name it.
    """
    recipes = preset.recipes
    for letter in LETTERS:
        recipes = recipes.replace(letter, _stamped(recipes[letter], catalogue))
    return preset.model_copy(update={"recipes": recipes})


def _stamped(recipe: Recipe, catalogue: Catalogue) -> Recipe:
    def hashed(kind: ModelKind, ref: ModelRef) -> ModelRef:
        if ref.sha256 is not None:
            return ref
        try:
            return ModelRef(name=ref.name, sha256=catalogue.find(kind, ref).sha256)
        except (NotFound, ModelError):
            return ref

    return recipe.model_copy(
        update={
            "base_model": hashed("checkpoint", recipe.base_model),
            "vae": recipe.vae and hashed("vae", recipe.vae),
            "loras": tuple(
                use.model_copy(update={"model": hashed("lora", use.model)}) for use in recipe.loras
            ),
            "control_units": tuple(
                unit.model_copy(update={"model": hashed("controlnet", unit.model)})
                for unit in recipe.control_units
            ),
        }
    )
