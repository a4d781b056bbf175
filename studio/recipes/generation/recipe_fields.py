"""The fields of a recipe for whoever shows or varies them: from the JSON schema of `Recipe` and a table of presentation.

The studio's inspector, grid axes and tuning read this description; texts are named by id.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from studio.messages import Message, message
from studio.recipes.generation.field_presentation import (
    PRESENTATION,
    SECTIONS,
    FieldValue,
    Presentation,
    Section,
)
from studio.recipes.generation.recipe import (
    ControlUnit,
    LoraSettings,
    ModelRef,
    Recipe,
    Reference,
)
from studio.recipes.old_formats import upgrade_field_path

FieldKind = Literal["model", "number", "integer", "text", "toggle", "choice", "image"]
_ITEM = re.compile(r"\.(\d+)\.")


@dataclass(frozen=True)
class RecipeField:
    """A field's presentation with what the schema says of its values.

    A path of kind "model" is a `ModelRef`'s, or null where `optional`; as a grid's axis it is `path` + ".name".
    """

    path: str
    kind: FieldKind
    show: Presentation
    minimum: float | None = None
    maximum: float | None = None
    multiple_of: float | None = None
    max_length: int | None = None
    optional: bool = False
    values: tuple[str, ...] = ()
    default: FieldValue = None


@dataclass(frozen=True)
class RecipeList:
    """A list of a recipe whose items can be added and removed. `item` is a new one, without its model."""

    path: str
    section: Section
    label: str
    add: str
    maximum: int
    item: Mapping[str, Any]


@cache
def recipe_fields() -> tuple[RecipeField, ...]:
    """Every field that is shown, in the order in which it is."""
    schemas = dict(_leaves())
    return tuple(_field(path, show, schemas[path]) for path, show in PRESENTATION.items())


def find_field(path: str) -> RecipeField | None:
    """The field at a path in a recipe, such as `control_units.0.weight`; a model also by the path of its name. None
    where there is none. Paths of older versions are accepted."""
    general = _ITEM.sub(".*.", upgrade_field_path(path))
    known = {field.path: field for field in recipe_fields()}
    model = known.get(general.removesuffix(".name"))
    return model if model is not None and model.kind == "model" else known.get(general)


def field_label(path: str) -> Message | None:
    """The label of the field at a path, with the item of a list or the pass that it belongs to, such as
    "Control unit 1, Weight"; None where there is no such field."""
    field = find_field(path)
    if field is None:
        return None
    label, item = message(field.show.label), _ITEM.search(path)
    if item is not None:
        lists = {one.path: one for one in recipe_lists()}
        kind = message(lists[field.path.partition(".")[0]].label)
        of_item = message("recipe.named", kind=kind, name=str(int(item[1]) + 1))
        return of_item if field.path.endswith(".*.model") else _within(of_item, label)
    section = message(SECTIONS[field.show.section])
    is_in_pass = field.path.startswith(f"{field.show.section}.") and label != section
    return _within(section, label) if is_in_pass else label


def _within(outer: Message, inner: Message) -> Message:
    return message("recipe.within", outer=outer, inner=inner)


def schema_paths() -> tuple[str, ...]:
    """The paths of all fields of the schema, models as a whole."""
    return tuple(path for path, _ in _leaves())


@cache
def recipe_lists() -> tuple[RecipeList, ...]:
    """The lists of a recipe."""
    properties = Recipe.model_json_schema()["properties"]
    unit = ControlUnit(model=ModelRef(name="x"), preprocessor="scribble")
    lora = LoraSettings(model=ModelRef(name="x"))
    # Not validated: a new one has no image yet.
    reference = Reference.model_construct(model=ModelRef(name="x"))
    return (
        RecipeList(
            "loras",
            "model",
            "recipe.lora",
            "recipe.add_lora",
            properties["loras"]["maxItems"],
            lora.model_dump(mode="json", exclude={"model"}),
        ),
        RecipeList(
            "control_units",
            "structure",
            "recipe.control_unit",
            "recipe.add_control_unit",
            properties["control_units"]["maxItems"],
            unit.model_dump(mode="json", exclude={"model"}),
        ),
        RecipeList(
            "references",
            "references",
            "recipe.reference",
            "recipe.add_reference",
            properties["references"]["maxItems"],
            reference.model_dump(mode="json", exclude={"model"}),
        ),
    )


def _leaves() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Path and schema of each field; references are resolved."""
    document = Recipe.model_json_schema()
    yield from _below("", document, document["$defs"])


def _below(
    prefix: str, schema: Mapping[str, Any], definitions: Mapping[str, Any]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, value in schema["properties"].items():
        path, resolved = f"{prefix}{name}", _resolve(value, definitions)
        if resolved.get("type") == "array":
            item = _resolve(resolved["items"], definitions)
            yield from _below(f"{path}.*.", item, definitions)
        elif "properties" in resolved and resolved.get("title") != ModelRef.__name__:
            yield from _below(f"{path}.", resolved, definitions)
        else:
            yield path, resolved


def _resolve(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    """A schema without references; one that may be null has `optional`."""
    merged = dict(schema)
    options = merged.pop("anyOf", None)
    if options is not None:
        [other] = [option for option in options if option.get("type") != "null"]
        merged |= {**other, "optional": len(options) > 1}
    if reference := merged.pop("$ref", None):
        merged = {**definitions[reference.rpartition("/")[2]], **merged}
    return merged


def _field(path: str, show: Presentation, schema: Mapping[str, Any]) -> RecipeField:
    return RecipeField(
        path=path,
        kind=_kind(path, schema),
        show=show,
        minimum=schema.get("minimum"),
        maximum=schema.get("maximum"),
        multiple_of=schema.get("multipleOf"),
        max_length=schema.get("maxLength"),
        optional=schema.get("optional", False),
        values=tuple(schema.get("enum", ())),
        default=None if "properties" in schema else schema.get("default"),
    )


def _kind(path: str, schema: Mapping[str, Any]) -> FieldKind:
    if "properties" in schema:
        return "model"
    if path.endswith(".image_sha256"):
        return "image"
    if "enum" in schema:
        return "choice"
    kinds: Mapping[str, FieldKind] = {
        "boolean": "toggle",
        "integer": "integer",
        "number": "number",
        "string": "text",
    }
    return kinds[schema["type"]]
