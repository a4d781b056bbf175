"""Documents that older versions stored are read as if they were written today (issue 19, 2).

`first_light_format_2.json` is the shipped preset as it was in format 2, before fields were renamed.
"""

import json
from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from studio.recipes.base import StoredModel, parse_document
from studio.recipes.generation import job, recipe
from studio.recipes.generation.png_info import parse_variant_metadata
from studio.recipes.generation.sweep import set_by_path
from studio.recipes.old_formats import OLD_FIELDS, OLD_VALUES, upgrade_field_path, upgrade_fields
from studio.recipes.themes.preset import SLOTS
from studio.recipes.themes.theme_file import parse_theme_file
from studio.settings import bundled_path
from tests import examples
from tests.unit.recipes.old_documents import PAIRS, Document

OLD_PRESET = Path(__file__).with_name("first_light_format_2.json")
RENAMED = [(model, old) for model in PAIRS for old in OLD_FIELDS[model.__name__]]


def parse(model: type[BaseModel], document: Document) -> BaseModel:
    return parse_document(model, json.dumps(document), "the document")


def label(value: object) -> str:
    return value.__name__ if isinstance(value, type) else str(value)


@pytest.mark.parametrize("model", PAIRS, ids=label)
def test_old_document_parses_to_the_same_object(model: type[StoredModel]) -> None:
    old, new = PAIRS[model]
    assert parse(model, old) == parse(model, new)


@pytest.mark.parametrize("model", PAIRS, ids=label)
def test_present_names_are_written(model: type[StoredModel]) -> None:
    old, new = PAIRS[model]
    written = json.loads(parse(model, old).model_dump_json())
    assert new.keys() <= written.keys()
    assert not OLD_FIELDS[model.__name__].keys() & (written.keys() - new.keys())


def test_every_renamed_field_and_value_has_an_example() -> None:
    models = {model.__name__: pair for model, pair in PAIRS.items()}
    assert models.keys() == OLD_FIELDS.keys() - {"Draft"}  # See tests/unit/ui/test_draft.py.
    for name, fields in OLD_FIELDS.items():
        if name == "Draft":
            continue
        assert fields.keys() <= models[name][0].keys(), name
        assert set(fields.values()) <= models[name][1].keys(), name


@pytest.mark.parametrize(
    ("name", "field", "old", "new"),
    [
        (name, field, old, new)
        for name, fields in OLD_VALUES.items()
        for field, values in fields.items()
        for old, new in values.items()
    ],
)
def test_old_values_are_replaced(name: str, field: str, old: object, new: object) -> None:
    assert upgrade_fields(name, {field: old}) == {field: new}


@pytest.mark.parametrize("model", PAIRS, ids=label)
def test_unknown_fields_are_refused(model: type[StoredModel]) -> None:
    for document in PAIRS[model]:
        with pytest.raises(ValidationError, match="surprise"):
            model.model_validate_json(json.dumps(document | {"surprise": 1}))


@pytest.mark.parametrize(("model", "old_name"), RENAMED, ids=label)
def test_old_and_new_name_together_are_refused(model: type[StoredModel], old_name: str) -> None:
    old, new = PAIRS[model]
    both = json.dumps(new | {old_name: old[old_name]})
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        model.model_validate_json(both)


def test_preset_file_of_format_2_is_the_shipped_preset() -> None:
    """But for its description, which was reworded since, and the names of the recipes."""
    file = (bundled_path("presets") / "first-light.json").read_bytes()
    shipped, old = (parse_theme_file(data, "it").preset for data in (file, OLD_PRESET.read_bytes()))
    named: dict[str, object] = {
        slot: old.recipes[slot].model_copy(update={"name": shipped.recipes[slot].name})
        for slot in SLOTS
    }
    since = {"description": shipped.description, "recipes": old.recipes.model_copy(update=named)}
    assert old.model_copy(update=since) == shipped


def test_old_metadata_of_an_image_is_read() -> None:
    old, new = PAIRS[job.Variant]
    assert parse_variant_metadata(json.dumps(old)) == parse_variant_metadata(json.dumps(new))


@pytest.mark.parametrize(
    ("old", "new", "value"),
    [
        ("strength", "denoising_strength", 0.3),
        ("guidance_end", "guidance_end_fraction", 0.5),
        ("deep_cache", "deepcache_interval", 2),
        ("seed_rule.kind", "seed_policy.mode", "fixed"),
        ("seed_rule.value", "seed_policy.value", 9),
        ("control_units.0.picture", "control_units.0.image_sha256", examples.HASH),
        ("upscale.factor", "upscale.scale_factor", 1.5),
        ("upscale.strength", "upscale.denoising_strength", 0.3),
        ("face_repair.strength", "face_repair.denoising_strength", 0.3),
        ("face_repair.blur", "face_repair.mask_blur", 2),
        ("face_repair.size", "face_repair.render_size", 128),
    ],
)
def test_old_field_paths_of_sweeps_and_trials_set_the_renamed_field(
    old: str, new: str, value: float | str
) -> None:
    assert upgrade_field_path(old) == upgrade_field_path(new) == new
    by_old, by_new = (
        examples.recipe(control_units=(examples.unit(),)).model_dump() for _ in range(2)
    )
    set_by_path(by_old, old, value)
    set_by_path(by_new, new, value)
    assert by_old == by_new
    assert recipe.Recipe.model_validate(by_old) != examples.recipe(control_units=(examples.unit(),))


@pytest.mark.parametrize(
    "path", ["steps", "control_units.0.weight", "base_model.name", "strength.x"]
)
def test_other_field_paths_are_unchanged(path: str) -> None:
    assert upgrade_field_path(path) == path
