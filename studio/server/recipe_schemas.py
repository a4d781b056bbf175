"""What the routes of recipes take and answer: the description of the fields, and the check of a preset."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import Field

from studio.messages import message
from studio.recipes.base import FrozenModel
from studio.recipes.base_image import Sha256, Slug
from studio.recipes.generation.field_presentation import (
    SECTIONS,
    STEP_FIELDS,
    FieldValue,
    Section,
)
from studio.recipes.generation.job import UserPrompt
from studio.recipes.generation.recipe import ModelType, Recipe
from studio.recipes.generation.recipe_fields import (
    FieldKind,
    RecipeField,
    RecipeList,
    recipe_fields,
    recipe_lists,
)
from studio.recipes.themes.preset import Slot
from studio.server.schemas import MAX_DOODLE_BASE64_CHARS


class ChoiceResponse(FrozenModel):
    """A value that can be chosen, and its label."""

    value: str
    label: str


class ConditionResponse(FrozenModel):
    """A field is without effect while the field at `path` has one of `values`."""

    path: str
    values: tuple[FieldValue, ...]


class FieldResponse(FrozenModel):
    """A field of a recipe. In `path`, `*` stands for each item of a list.

    Attributes:
        kind: the value of "model" is `{"name", "sha256"}`; as a grid's axis it is `path` + ".name". "image" is
            the SHA-256 of an uploaded image.
        slider_maximum: where a slider ends: few recipes go up to `maximum`.
        step: of a slider; null: the field has none.
        model: the type of model, where `kind` is "model".
        optional: the value may be null.
        lines: of a text field.
    """

    path: str
    section: Section
    kind: FieldKind
    label: str
    help: str
    minimum: float | None
    maximum: float | None
    slider_maximum: float | None
    step: float | None
    multiple_of: float | None
    max_length: int | None
    unit: str
    choices: tuple[ChoiceResponse, ...]
    model: ModelType | None
    optional: bool
    lines: int
    hidden_when: tuple[ConditionResponse, ...]
    default: FieldValue

    @classmethod
    def of(cls, field: RecipeField, language: str) -> Self:
        show = field.show

        def text(id_: str) -> str:
            return message(id_).text(language)

        return cls(
            path=field.path,
            section=show.section,
            kind=field.kind,
            label=text(show.label),
            help=text(show.help),
            minimum=field.minimum,
            maximum=field.maximum,
            slider_maximum=show.slider_maximum or field.maximum,
            step=show.step,
            multiple_of=field.multiple_of,
            max_length=field.max_length,
            unit=text(show.unit) if show.unit else "",
            choices=tuple(
                ChoiceResponse(value=value, label=text(show.choices.get(value, value)))
                for value in field.values
            ),
            model=show.model,
            optional=field.optional,
            lines=show.lines,
            hidden_when=tuple(
                ConditionResponse(path=rule.path, values=rule.values) for rule in show.hidden_when
            ),
            default=field.default,
        )


class StepsResponse(FrozenModel):
    """The steps of a pass: the first of `fields` that is not 0, times `strength`, rounded down."""

    fields: tuple[str, ...]
    strength: str


class SectionResponse(FrozenModel):
    """A group of fields. `steps` are paths of fields, where the section is a pass of its own."""

    id: Section
    label: str
    steps: StepsResponse | None


class ListResponse(FrozenModel):
    """A list of a recipe: at most `maximum` items. `item` is a new one, without its model."""

    path: str
    section: Section
    label: str
    add: str
    maximum: int
    item: dict[str, Any]

    @classmethod
    def of(cls, recipe_list: RecipeList, language: str) -> Self:
        return cls(
            path=recipe_list.path,
            section=recipe_list.section,
            label=message(recipe_list.label).text(language),
            add=message(recipe_list.add).text(language),
            maximum=recipe_list.maximum,
            item=dict(recipe_list.item),
        )


class RecipeFieldsResponse(FrozenModel):
    """The fields of a recipe, in the order in which they are shown, with texts in the reader's language."""

    sections: tuple[SectionResponse, ...]
    fields: tuple[FieldResponse, ...]
    lists: tuple[ListResponse, ...]

    @classmethod
    def in_language(cls, language: str) -> Self:
        return cls(
            sections=tuple(_section(id_, label, language) for id_, label in SECTIONS.items()),
            fields=tuple(FieldResponse.of(field, language) for field in recipe_fields()),
            lists=tuple(ListResponse.of(recipe_list, language) for recipe_list in recipe_lists()),
        )


def _section(id_: Section, label: str, language: str) -> SectionResponse:
    steps = STEP_FIELDS.get(id_)
    return SectionResponse(
        id=id_,
        label=message(label).text(language),
        steps=None if steps is None else StepsResponse(fields=steps[0], strength=steps[1]),
    )


class CheckPresetRequest(FrozenModel):
    """A preset's document, which may be invalid, and the user's prompt that it is to be tried with."""

    preset: Annotated[dict[str, Any], Field(max_length=100)]
    user_prompt: UserPrompt = ""


class CheckPresetResponse(FrozenModel):
    """The reason for each invalid field by its path, such as "recipes.A.width"; the length of each recipe's
    prompt in tokens, null where it cannot be counted, and how many are encoded in one chunk; the median seconds
    of a step here by base model."""

    errors: Mapping[str, str]
    tokens: Mapping[Slot, int | None]
    chunk_tokens: int
    seconds_per_step: Annotated[
        Mapping[str, float],
        Field(description="Of a denoising step for 512 × 512 pixels here, by base model."),
    ]


class MaskPreviewRequest(FrozenModel):
    """A recipe with a mask, a base image, and what is drawn on it: a PNG of its size as base64."""

    recipe: Recipe
    slot: Slot = "A"
    base_image: Slug
    doodle: Annotated[str | None, Field(max_length=MAX_DOODLE_BASE64_CHARS)] = None


class ControlImageResponse(FrozenModel):
    """The name of a stored image, for `control_units.*.image_sha256` and `references.*.image_sha256`."""

    sha256: Sha256
