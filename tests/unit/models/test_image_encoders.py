"""Issue 23, 3: the image encoder that a reference names, or the installed one that fits its IP-Adapter."""

from pathlib import Path

import pytest

from studio.errors import IncompatibleModelError, NotFoundError
from studio.models.catalog import ModelCatalog
from studio.models.image_encoders import find_reference_models
from studio.models.weights import HashCache
from studio.recipes.generation.recipe import ModelRef
from tests import examples
from tests.unit.models.test_folder_config import encoder, write_model
from tests.unit.models.test_identification import PLUS, ip_adapter, write

PLAIN_REFERENCE = examples.reference(model=ModelRef(name="plain"))


def write_encoder(models: Path, name: str, tensor: str, **widths: int) -> None:
    write_model(models, "image_encoders", encoder(**widths), (tensor,)).rename(
        models / "image_encoders" / name
    )


@pytest.fixture
def catalog(tmp_path: Path) -> ModelCatalog:
    write(tmp_path / "ip_adapters" / "plus.safetensors", ip_adapter(PLUS))
    write(tmp_path / "ip_adapters" / "plain.safetensors", ip_adapter())
    return ModelCatalog((tmp_path,), HashCache(None))


def test_pooled_and_hidden_features_find_their_encoders(
    catalog: ModelCatalog, tmp_path: Path
) -> None:
    write_encoder(tmp_path, "large", "a", projection_dim=768, hidden_size=1280)
    write_encoder(tmp_path, "huge", "b", projection_dim=1024, hidden_size=1664)
    names = {
        name: find_reference_models(
            catalog, examples.reference(model=ModelRef(name=name))
        ).encoder.name
        for name in ("plain", "plus")
    }
    assert names == {"plain": "huge", "plus": "large"}


def test_without_an_encoder_that_fits_the_folder_is_named(
    catalog: ModelCatalog, tmp_path: Path
) -> None:
    write_encoder(tmp_path, "large", "a", projection_dim=768, hidden_size=1280)
    with pytest.raises(NotFoundError, match=r"“plain” needs .* width 1024.*image_encoders"):
        find_reference_models(catalog, PLAIN_REFERENCE)
    unfit = PLAIN_REFERENCE.model_copy(update={"image_encoder": ModelRef(name="large")})
    with pytest.raises(IncompatibleModelError, match="“large” does not fit IP-Adapter “plain”"):
        find_reference_models(catalog, unfit)


def test_of_several_encoders_one_must_be_chosen(catalog: ModelCatalog, tmp_path: Path) -> None:
    write_encoder(tmp_path, "one", "a")
    write_encoder(tmp_path, "same", "a")
    assert find_reference_models(catalog, PLAIN_REFERENCE).encoder.name == "one"
    write_encoder(tmp_path, "other", "b")
    with pytest.raises(IncompatibleModelError, match="Several .* “plain”: one, other"):
        find_reference_models(catalog, PLAIN_REFERENCE)
    chosen = PLAIN_REFERENCE.model_copy(update={"image_encoder": ModelRef(name="other")})
    assert find_reference_models(catalog, chosen).encoder.name == "other"
