"""Request and response bodies of the API about grids (X/Y/Z plots)."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, model_validator

from studio.message_fields import invalid
from studio.recipes.base import FrozenModel
from studio.recipes.base_image import Slug
from studio.recipes.evaluation.grid import GridAxes
from studio.recipes.generation.axes import Axis, AxisValue
from studio.recipes.generation.drift import Drift, DriftKind
from studio.recipes.generation.grid_fields import FieldKind, GridField, axis_label
from studio.recipes.generation.job import Seed, UserPrompt
from studio.recipes.generation.recipe import Recipe
from studio.recipes.text_fields import Author, Title
from studio.recipes.themes.deployment import VersionNumber
from studio.recipes.themes.preset import Preset, Slot
from studio.server.schemas import MAX_DOODLE_BASE64_CHARS
from studio.services.background_tasks import State, TaskProgress
from studio.services.evaluation.grid_service import GridCell
from studio.store.grids import GridSummary


class ChoiceResponse(FrozenModel):
    """One of the values of a field, and how it is called."""

    value: str
    label: str


class GridFieldResponse(FrozenModel):
    """A field that a grid can vary, by its path in a recipe.

    Numbers have `minimum`, `maximum` and the `step` of a slider; fields with a list of values have
    `choices`. `is_recipe_field`: a tuning study can vary it as well.
    """

    path: str
    label: str
    kind: FieldKind
    minimum: float | None
    maximum: float | None
    step: float | None
    choices: tuple[ChoiceResponse, ...]
    is_recipe_field: bool

    @classmethod
    def of(cls, field: GridField, choices: tuple[ChoiceResponse, ...], language: str) -> Self:
        return cls(
            path=field.path,
            label=field.label.text(language),
            kind=field.kind,
            minimum=field.minimum,
            maximum=field.maximum,
            step=field.step,
            choices=choices,
            is_recipe_field=field.is_recipe_field,
        )


class ThemeRef(FrozenModel):
    """A version of a theme; without a number the latest."""

    slug: Slug
    version: VersionNumber | None = None


class GridRequest(FrozenModel):
    """What is rendered: one recipe of a saved theme version or of an edited preset, over one to three axes.

    The axes are columns, rows and sheets; paths of their fields and their limits are those of
    `studio sweep`. `author` counts where nobody signs in.
    """

    theme: ThemeRef | None = None
    preset: Preset | None = None
    slot: Slot
    base_image: Slug
    doodle: Annotated[
        str | None,
        Field(
            max_length=MAX_DOODLE_BASE64_CHARS,
            description="A PNG of the base image's size, as base64.",
        ),
    ] = None
    prompt: UserPrompt = ""
    seed: Seed = 0
    axes: GridAxes
    author: Author = ""

    @model_validator(mode="after")
    def _check_one_source(self) -> Self:
        if (self.theme is None) == (self.preset is None):
            raise invalid("grid.one_source")
        return self


class AxisResponse(FrozenModel):
    """An axis: the field by path and name, and its values."""

    field: str
    label: str
    values: tuple[AxisValue, ...]

    @classmethod
    def of(cls, axis: Axis, language: str) -> Self:
        label = axis_label(axis.field)
        text = label if isinstance(label, str) else label.text(language)
        return cls(field=axis.field, label=text, values=axis.values)


class GridSummaryResponse(FrozenModel):
    """A grid and how far it is; `version` is null for a preset that was not saved."""

    id: int
    slug: Slug
    theme_name: str
    version: int | None
    slot: Slot
    axes: tuple[AxisResponse, ...]
    author: str
    created_at: datetime
    state: State
    stopping: bool
    done: int
    images: int
    remaining_seconds: float | None
    message: str

    @classmethod
    def at(cls, summary: GridSummary, progress: TaskProgress, language: str) -> Self:
        return cls(
            id=summary.id,
            slug=summary.slug,
            theme_name=summary.theme_name,
            version=summary.version,
            slot=summary.slot,
            axes=tuple(AxisResponse.of(axis, language) for axis in summary.axes),
            author=summary.author,
            created_at=summary.created_at,
            state=progress.state,
            stopping=progress.stopping,
            done=progress.done,
            images=summary.images,
            remaining_seconds=progress.remaining_seconds,
            message=progress.message.text(language) if progress.message else "",
        )


class GridDetailsResponse(FrozenModel):
    """A grid with its cells in the order in which they are rendered: the first `done` of them are ready
    while it runs."""

    grid: GridSummaryResponse
    cells: tuple[GridCell, ...]


class GridCellDetailsResponse(FrozenModel):
    """What a cell is rendered with, and its drift against the base image; null while it is not rendered."""

    index: int
    coordinates: tuple[int, ...]
    recipe: Recipe
    seed: int
    theme_prompt: str
    prompt: str
    drift: Drift | None
    drift_exceeded: tuple[DriftKind, ...]


class CellBlindTestRequest(FrozenModel):
    """A blind test between two to four cells of a grid; `author` counts where nobody signs in."""

    title: Title
    cells: Annotated[
        tuple[Annotated[int, Field(ge=0, lt=2**31)], ...], Field(min_length=2, max_length=4)
    ]
    author: Author = ""


class SaveCellRequest(FrozenModel):
    """`author` counts where nobody signs in."""

    author: Author = ""


class SavedVersionResponse(FrozenModel):
    """The version that a cell was saved as."""

    slug: Slug
    version: int
