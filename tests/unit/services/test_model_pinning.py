"""Saved presets say which weights they were tuned with."""

from pathlib import Path

from studio.models.catalog import ModelCatalog
from studio.models.weights import HashCache
from studio.recipes.generation.recipe import ModelRef
from studio.recipes.themes.preset import RecipeSet
from studio.services.themes.model_pinning import pin_model_hashes
from tests import examples
from tests.unit.models.test_catalog import controlnet


def test_known_models_get_their_hash_and_others_stay_as_they_are(tmp_path: Path) -> None:
    controlnet(tmp_path, "pocket-scribble")
    catalog = ModelCatalog((tmp_path,), HashCache(None))
    here = catalog.get("controlnet", ModelRef(name="pocket-scribble")).sha256
    tuned = ModelRef(name="pocket-scribble", sha256=examples.HASH)
    recipe = examples.recipe(
        control_units=(examples.unit("scribble"), examples.unit("scribble", model=tuned)),
        vae=ModelRef(name="gone"),
    )
    preset = examples.preset(recipes=RecipeSet(A=recipe, B=recipe, C=recipe, D=recipe))
    for stamped in (pin_model_hashes(preset, catalog).recipes[slot] for slot in ("A", "D")):
        assert [unit.model.sha256 for unit in stamped.control_units] == [here, examples.HASH]
        assert stamped.vae == ModelRef(name="gone")
        assert stamped.base_model.sha256 is None
