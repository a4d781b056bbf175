"""A grid (X/Y/Z plot) as a document: all that renders it, and renders it again. Pure data."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from studio.recipes.base import StoredModel
from studio.recipes.base_image import Slug
from studio.recipes.generation.axes import Axis
from studio.recipes.generation.job import GenerationRequest
from studio.recipes.themes.preset import Preset, Slot

MAX_AXES = 3
"""Columns, rows and sheets."""
GridAxes = Annotated[tuple[Axis, ...], Field(min_length=1, max_length=MAX_AXES)]


class Grid(StoredModel):
    """The recipe in one slot of a request, over the values of one to three axes.

    `themes` has, by slug, the presets that an axis over themes names, as they were at the start.
    """

    request: GenerationRequest
    slot: Slot
    axes: GridAxes
    themes: Mapping[Slug, Preset] = Field(default_factory=dict)
