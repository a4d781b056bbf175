"""Pins the models of a preset: adds the SHA-256 hashes of the installed files to their names."""

from studio.errors import ModelError, NotFoundError
from studio.models.catalog import ModelCatalog
from studio.recipes.generation.recipe import ModelRef, ModelType, Recipe
from studio.recipes.themes.preset import SLOTS, Preset


def pin_model_hashes(preset: Preset, catalog: ModelCatalog) -> Preset:
    """The preset with a hash for every model that has none.

    An existing hash stays: it says what the recipe was tuned with. A model that is not installed,
    or cannot be read, stays unpinned; rendering reports it.
    """
    return _pin_all(preset, catalog, keep_hashes=True)


def repin_model_hashes(preset: Preset, catalog: ModelCatalog) -> Preset:
    """The preset with the hashes of the files that are installed now: what is edited is tried with those.

    A model that is not installed, or cannot be read, keeps its hash.
    """
    return _pin_all(preset, catalog, keep_hashes=False)


def _pin_all(preset: Preset, catalog: ModelCatalog, keep_hashes: bool) -> Preset:
    recipes = preset.recipes
    for slot in SLOTS:
        recipes = recipes.replace(slot, _pin(recipes[slot], catalog, keep_hashes))
    return preset.model_copy(update={"recipes": recipes})


def _pin(recipe: Recipe, catalog: ModelCatalog, keep_hashes: bool) -> Recipe:
    def pinned(kind: ModelType, ref: ModelRef) -> ModelRef:
        if keep_hashes and ref.sha256 is not None:
            return ref
        try:
            return ModelRef(name=ref.name, sha256=catalog.get(kind, ModelRef(name=ref.name)).sha256)
        except (NotFoundError, ModelError):
            return ref

    return recipe.model_copy(
        update={
            "base_model": pinned("checkpoint", recipe.base_model),
            "vae": recipe.vae and pinned("vae", recipe.vae),
            "loras": tuple(
                use.model_copy(update={"model": pinned("lora", use.model)}) for use in recipe.loras
            ),
            "control_units": tuple(
                unit.model_copy(update={"model": pinned("controlnet", unit.model)})
                for unit in recipe.control_units
            ),
            "references": tuple(
                reference.model_copy(
                    update={
                        "model": pinned("ip_adapter", reference.model),
                        "image_encoder": reference.image_encoder
                        and pinned("image_encoder", reference.image_encoder),
                    }
                )
                for reference in recipe.references
            ),
        }
    )
