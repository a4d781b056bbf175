"""Writes into a preset the hashes of the models it names, as they are on this machine now."""

from studio.errors import ModelError, NotFoundError
from studio.models.catalog import ModelCatalog
from studio.recipes.generation.recipe import ModelRef, ModelType, Recipe
from studio.recipes.themes.preset import SLOTS, Preset


def pin_model_hashes(preset: Preset, catalog: ModelCatalog) -> Preset:
    """`preset` with a hash beside every model name that had none.

    A hash that is there stays: it says what the recipe was tuned with. A model that is not
    here, or cannot be read, stays without; rendering will name it.
    """
    recipes = preset.recipes
    for slot in SLOTS:
        recipes = recipes.replace(slot, _pin(recipes[slot], catalog))
    return preset.model_copy(update={"recipes": recipes})


def _pin(recipe: Recipe, catalog: ModelCatalog) -> Recipe:
    def hashed(kind: ModelType, ref: ModelRef) -> ModelRef:
        if ref.sha256 is not None:
            return ref
        try:
            return ModelRef(name=ref.name, sha256=catalog.get(kind, ref).sha256)
        except (NotFoundError, ModelError):
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
