"""A recipe's values by the path of their field: what the form shows of a recipe, and reads back into one."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from studio.recipes.base import describe_validation_error, format_validation_error
from studio.recipes.generation.recipe import ControlUnit, LoraSettings, ModelRef, Recipe
from studio.recipes.themes.preset import Slot
from studio.ui.field_errors import FieldValidationError

FieldPath = tuple[str | int, ...]
"""Where a value is in a recipe's document, such as ("control_units", 0, "weight")."""
VISIBLE_SLOTS = 2
"""LoRAs and control units that the form shows, each; further ones of a recipe are kept unchanged."""
NO_MODEL = "none"
"""The model's name in a slot that is empty."""
EMPTY_SLOT_DEFAULTS: Mapping[str, dict[str, Any]] = {
    "control_units": ControlUnit(
        model=ModelRef(name=NO_MODEL), preprocessor="scribble"
    ).model_dump(),
    "loras": LoraSettings(model=ModelRef(name=NO_MODEL)).model_dump(),
}
"""What an empty slot of each list shows."""


def field_id(slot: Slot, path: FieldPath) -> str:
    """The element id of a field, such as "B-control_units-0-weight"; scripts and style sheets use it."""
    return "-".join([slot, *(str(part) for part in path)])


def read_fields(recipe: Recipe, paths: Iterable[FieldPath]) -> dict[FieldPath, Any]:
    """The values of a recipe at `paths`; slots that it does not use have EMPTY_SLOT_DEFAULTS."""
    document = recipe.model_dump()
    return {path: _value(document, path) for path in paths}


def apply_fields(original: Recipe, values: Mapping[FieldPath, Any], slot: Slot) -> Recipe:
    """`original` with `values` at their paths; slots without a model are left out.

    The models come without a hash, and so stand for the files that are installed now. Raises
    FieldValidationError, which names the recipe's `slot` and the fields, for invalid values.
    """
    document = original.model_dump()
    for name in EMPTY_SLOT_DEFAULTS:
        missing = max(0, VISIBLE_SLOTS - len(document[name]))
        document[name] = [*document[name], *({"model": {"name": NO_MODEL}} for _ in range(missing))]
    for path, value in values.items():
        # An empty box has no image's hash.
        _set(document, path, value or None if path[-1] == "image_sha256" else value)
    document["base_model"]["sha256"] = None
    for name in EMPTY_SLOT_DEFAULTS:
        for used in document[name][:VISIBLE_SLOTS]:
            used["model"]["sha256"] = None
        document[name] = [used for used in document[name] if used["model"]["name"] != NO_MODEL]
    try:
        return Recipe.model_validate(document)
    except ValidationError as error:
        reasons = {
            field_id(slot, details["loc"]): describe_validation_error(dict(details))
            for details in error.errors()
        }
        reason = format_validation_error(error)
        raise FieldValidationError(
            "studio.recipe_invalid", reasons, slot=slot, reason=reason
        ) from None


def _value(document: Any, path: FieldPath) -> Any:
    value = document
    for parent, part in zip(("", *path), path, strict=False):
        if isinstance(part, int):
            value = value[part] if part < len(value) else EMPTY_SLOT_DEFAULTS[str(parent)]
        else:
            value = value[part]
    return value


def _set(document: Any, path: FieldPath, value: Any) -> None:
    for part in path[:-1]:
        document = document[part]
    document[path[-1]] = value
