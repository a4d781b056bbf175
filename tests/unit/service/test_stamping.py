"""Saved presets say which weights they were tuned with."""

from pathlib import Path

from studio.library.catalogue import Catalogue
from studio.library.files import Hashes
from studio.recipes.preset import Recipes
from studio.recipes.recipe import ModelRef
from studio.service.stamping import with_hashes
from tests import examples
from tests.unit.library.test_catalogue import controlnet


def test_known_models_get_their_hash_and_others_stay_as_they_are(tmp_path: Path) -> None:
    controlnet(tmp_path, "pocket-scribble")
    catalogue = Catalogue((tmp_path,), Hashes(None))
    here = catalogue.find("controlnet", ModelRef(name="pocket-scribble")).sha256
    tuned = ModelRef(name="pocket-scribble", sha256=examples.HASH)
    recipe = examples.recipe(
        control_units=(examples.unit("scribble"), examples.unit("scribble", model=tuned)),
        vae=ModelRef(name="gone"),
    )
    preset = examples.preset(recipes=Recipes(A=recipe, B=recipe, C=recipe, D=recipe))
    for stamped in (with_hashes(preset, catalogue).recipes[letter] for letter in ("A", "D")):
        assert [unit.model.sha256 for unit in stamped.control_units] == [here, examples.HASH]
        assert stamped.vae == ModelRef(name="gone")
        assert stamped.base_model.sha256 is None
