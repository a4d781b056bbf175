"""The fields that a grid can vary: those of a recipe with numbers, choices or models, and three that are in none."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from studio.messages import Message, message
from studio.recipes.generation.axes import PROMPT_AXIS, SEED_AXIS, THEME_AXIS
from studio.recipes.generation.recipe import ModelType
from studio.recipes.generation.recipe_fields import RecipeField, field_label, recipe_fields

FieldKind = ModelType | Literal["number", "integer", "choice", "prompt", "seed", "theme"]
"""How values are typed: in a range, from a list, from the models or themes that are here, or as texts."""
LISTED_ITEMS = 3
"""LoRAs and control units of a recipe whose fields are listed; an axis may be of any of them."""


@dataclass(frozen=True)
class GridField:
    """A field by its path in a recipe, such as `control_units.0.weight`.

    Attributes:
        minimum: where it is a number; None otherwise, as `maximum` and `step`.
        step: of a slider; values between are accepted where the recipe accepts them.
        choices: the values with their labels, where `kind` is "choice".
        model: the type of model, where it is one.
    """

    path: str
    label: Message
    kind: FieldKind
    minimum: float | None = None
    maximum: float | None = None
    step: float | None = None
    choices: Mapping[str, Message] = field(default_factory=dict)
    model: ModelType | None = None

    @property
    def is_recipe_field(self) -> bool:
        """Whether it is a field of a recipe, which a tuning study can vary as well."""
        return self.path not in _OTHERS


_OTHERS: Mapping[str, GridField] = {
    SEED_AXIS: GridField(SEED_AXIS, message("grid.seed"), "seed"),
    PROMPT_AXIS: GridField(PROMPT_AXIS, message("grid.prompt"), "prompt"),
    THEME_AXIS: GridField(THEME_AXIS, message("grid.theme"), "theme"),
}
"""What is in no recipe."""


@cache
def grid_fields() -> tuple[GridField, ...]:
    """All fields, in the order of a list. Ranges are those that `Recipe` accepts."""
    of_recipe = (grid_field for one in recipe_fields() for grid_field in _of_recipe(one))
    return (*_OTHERS.values(), *of_recipe)


def axis_label(path: str) -> Message | str:
    """The name of the field at `path`, or the path where it has none."""
    other = _OTHERS.get(path)
    return other.label if other is not None else field_label(path) or path


def _of_recipe(described: RecipeField) -> Iterator[GridField]:
    """A field of each item of a list; none of texts, switches, images, and numbers without a slider."""
    kind, show = described.kind, described.show
    for item in range(LISTED_ITEMS if "*" in described.path else 1):
        path = described.path.replace("*", str(item))
        label = field_label(path)
        assert label is not None
        if show.model is not None:
            yield GridField(f"{path}.name", label, show.model, model=show.model)
        elif kind == "choice":
            choices = {value: message(show.choices.get(value, value)) for value in described.values}
            yield GridField(path, label, kind, choices=choices)
        elif (kind == "number" or kind == "integer") and show.step is not None:  # noqa: PLR1714 (narrows)
            yield GridField(path, label, kind, described.minimum, described.maximum, show.step)
