"""Model pinning: presets get the hashes of installed models."""

from pathlib import Path

from studio.models.catalog import ModelCatalog
from studio.models.weights import HashCache
from studio.recipes.generation.recipe import ModelRef
from studio.recipes.themes.preset import RecipeSet
from studio.services.themes.model_pinning import pin_model_hashes
from tests import examples
from tests.unit.models.test_catalog import controlnet


def test_installed_models_are_pinned_and_others_stay_unpinned(tmp_path: Path) -> None:
    controlnet(tmp_path, "pocket-scribble")
    catalog = ModelCatalog((tmp_path,), HashCache(None))
    installed_sha256 = catalog.get("controlnet", ModelRef(name="pocket-scribble")).sha256
    pinned_ref = ModelRef(name="pocket-scribble", sha256=examples.HASH)
    recipe = examples.recipe(
        control_units=(examples.unit("scribble"), examples.unit("scribble", model=pinned_ref)),
        vae=ModelRef(name="gone"),
    )
    preset = examples.preset(recipes=RecipeSet(A=recipe, B=recipe, C=recipe, D=recipe))
    for pinned in (pin_model_hashes(preset, catalog).recipes[slot] for slot in ("A", "D")):
        assert [unit.model.sha256 for unit in pinned.control_units] == [
            installed_sha256,
            examples.HASH,
        ]
        assert pinned.vae == ModelRef(name="gone")
        assert pinned.base_model.sha256 is None
