"""The fields that a grid or a tuning study can vary: names, kinds, ranges and choices. Pure data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from studio.messages import Message, message
from studio.recipes.generation.diff import FIELD_LABELS
from studio.recipes.generation.recipe import Recipe
from studio.recipes.generation.samplers import SAMPLERS, SCHEDULE_TYPES
from studio.recipes.generation.sweep import PROMPT_AXIS, SEED_AXIS, THEME_AXIS

FieldKind = Literal["number", "integer", "choice", "checkpoint", "lora", "prompt", "seed", "theme"]
"""How values are typed: in a range, from a list, from the models or themes that are here, or as texts."""


@dataclass(frozen=True)
class GridField:
    """A field by its path in a recipe, such as `control_units.0.weight`.

    Attributes:
        minimum: where it is a number; None otherwise, as `maximum` and `step`.
        step: of a slider; values between are accepted.
        choices: where `kind` is "choice".
    """

    path: str
    label: Message
    kind: FieldKind
    minimum: float | None = None
    maximum: float | None = None
    step: float | None = None
    choices: Sequence[str] = ()

    @property
    def is_recipe_field(self) -> bool:
        """Whether it is a field of a recipe, which a tuning study can vary as well."""
        return self.path not in {PROMPT_AXIS, SEED_AXIS, THEME_AXIS}


_LABELS: Mapping[str, Message] = {
    **{
        name: FIELD_LABELS[name]
        for name in (
            "denoising_strength",
            "guidance_scale",
            "steps",
            "sampler",
            "schedule_type",
        )
    },
    SEED_AXIS: message("grid.seed"),
    PROMPT_AXIS: message("grid.prompt"),
    THEME_AXIS: message("grid.theme"),
    "base_model.name": message("recipe.base_model"),
    **{
        path: label
        for slot in (1, 2)
        for path, label in {
            f"loras.{slot - 1}.model.name": message("studio.lora", slot=slot),
            f"loras.{slot - 1}.weight": message("grid.lora_weight", slot=slot),
        }.items()
    },
    **{
        path: label
        for slot in (1, 2, 3)
        for path, label in {
            f"control_units.{slot - 1}.weight": message("grid.unit_weight", slot=slot),
            f"control_units.{slot - 1}.end": message("grid.unit_end", slot=slot),
        }.items()
    },
    **{
        name: FIELD_LABELS[name]
        for name in ("guidance_rescale", "guidance_end_fraction", "clip_skip", "deepcache_interval")
    },
}
"""The fields by path, in the order in which a list shows them. The API takes any other path as well."""
_KINDS: Mapping[str, FieldKind] = {
    SEED_AXIS: "seed",
    PROMPT_AXIS: "prompt",
    THEME_AXIS: "theme",
    "base_model.name": "checkpoint",
    "loras.0.model.name": "lora",
    "loras.1.model.name": "lora",
    "sampler": "choice",
    "schedule_type": "choice",
}
"""Fields that are no plain numbers."""
_CHOICES: Mapping[str, Sequence[str]] = {"sampler": SAMPLERS, "schedule_type": SCHEDULE_TYPES}
_STEPS: Mapping[str, float] = {"guidance_scale": 0.5, "weight": 0.05}
"""Steps of sliders by the last name of the path; others have 1 for integers and 0.01."""


@cache
def grid_fields() -> tuple[GridField, ...]:
    """All fields, in the order of a list. Ranges are those that `Recipe` accepts."""
    schema = Recipe.model_json_schema()
    return tuple(_field(path, label, schema) for path, label in _LABELS.items())


def field_label(path: str) -> Message | str:
    """The name of the field at `path`, or the path where it has none."""
    known = next((field.label for field in grid_fields() if field.path == path), None)
    return known or FIELD_LABELS.get(path.rpartition(".")[2]) or path


def _field(path: str, label: Message, schema: Mapping[str, Any]) -> GridField:
    kind = _KINDS.get(path)
    if kind is not None:
        return GridField(path, label, kind, choices=_CHOICES.get(path, ()))
    number = _schema_of(path, schema)
    is_integer = number["type"] == "integer"
    step = _STEPS.get(path.rpartition(".")[2], 1 if is_integer else 0.01)
    return GridField(
        path,
        label,
        "integer" if is_integer else "number",
        number["minimum"],
        number["maximum"],
        step,
    )


def _schema_of(path: str, schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The JSON schema of the field at `path` in that of `Recipe`."""
    node: Mapping[str, Any] = schema
    for key in path.split("."):
        node = node["items"] if key.isdecimal() else node["properties"][key]
        if "$ref" in node:
            node = schema["$defs"][node["$ref"].rpartition("/")[2]]
    return node
