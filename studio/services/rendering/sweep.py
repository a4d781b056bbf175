"""Sweeps ("X/Y/Z plot"): renders a grid of varied recipes, resumable, then contact sheets of it."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from PIL import Image

from studio.errors import InvalidInputError, NotFoundError
from studio.files import write_atomic
from studio.imaging.contact_sheet import contact_sheet
from studio.imaging.png_io import encode_png
from studio.recipes.generation.axes import THEME_AXIS, Axis
from studio.recipes.generation.job import MAX_PROMPT_CHARS, GenerationRequest, RenderJob
from studio.recipes.generation.planning import plan_job
from studio.recipes.generation.recipe import MAX_RECIPE_PROMPT_CHARS, Recipe
from studio.recipes.generation.sweep import SweepCell, cell_position, expand_grid, make_cell
from studio.recipes.themes.preset import Preset, Slot
from studio.services.rendering.render_cache import RenderCache
from studio.services.rendering.render_service import RenderService
from studio.store.themes import ThemeStore

MAX_SHEET_PIXELS = 48_000_000
"""Pixels of the images on one contact sheet, of three bytes each."""
MAX_LABEL_CHARS = 60
"""Characters of a column's or row's label on a contact sheet."""


@dataclass(frozen=True)
class Sweep:
    """The recipe in one slot of a request, varied along one to three axes: columns, rows and
    sheets.

    `themes` has, by slug, the presets that a theme axis names.
    """

    request: GenerationRequest
    slot: Slot
    axes: Sequence[Axis]
    themes: Mapping[str, Preset] = field(default_factory=dict)

    def jobs(self) -> list[tuple[SweepCell, RenderJob]]:
        """The cells with their jobs, in rendering order. Raises InvalidInputError for invalid
        axes."""
        if not 1 <= len(self.axes) <= 3:
            raise InvalidInputError("sweep.number_of_axes")
        recipe = self.request.preset.recipes[self.slot]
        cells = expand_grid(recipe, self.request.seed, self.axes, self._theme_recipes)
        return [(cell, self.job(cell)) for cell in cells]

    def cell(self, index: int) -> SweepCell:
        """The cell of this number (`cell_index`). Raises NotFoundError where there is none."""
        position = cell_position(index, self.axes)
        if position is None:
            raise NotFoundError("grid.cell_not_found", number=index)
        recipe = self.request.preset.recipes[self.slot]
        return make_cell(recipe, self.request.seed, self.axes, position, self._theme_recipes)

    def job(self, cell: SweepCell) -> RenderJob:
        """What renders a cell."""
        return plan_job(self.request_of(cell), self.slot)

    def request_of(self, cell: SweepCell) -> GenerationRequest:
        """The request with a cell's values: its recipe in the slot, its prompts and its seed.

        Raises InvalidInputError where a prompt is too long after text was replaced in it.
        """
        preset, user_prompt = self.request.preset, self.request.user_prompt
        if cell.preset is not None:
            preset = self.themes[cell.preset]
        theme_prompt = preset.theme_prompt
        if cell.prompt_replacement is not None:
            theme_prompt = theme_prompt.replace(*cell.prompt_replacement)
            user_prompt = user_prompt.replace(*cell.prompt_replacement)
            _check_length(theme_prompt, MAX_RECIPE_PROMPT_CHARS)
            _check_length(user_prompt, MAX_PROMPT_CHARS)
        recipes = preset.recipes.replace(self.slot, cell.recipe)
        varied = preset.model_copy(update={"theme_prompt": theme_prompt, "recipes": recipes})
        return self.request.model_copy(
            update={"preset": varied, "user_prompt": user_prompt, "seed": cell.seed}
        )

    @property
    def _theme_recipes(self) -> Mapping[str, Recipe]:
        return {slug: preset.recipes[self.slot] for slug, preset in self.themes.items()}


@dataclass(frozen=True)
class SweepCost:
    """What a sweep would render: images in all, images in the cache, switches of the base model."""

    images: int
    cached: int
    model_switches: int


def load_axis_themes(axes: Sequence[Axis], themes: ThemeStore) -> dict[str, Preset]:
    """The latest presets of the themes that axes name, by slug. Raises NotFoundError."""
    slugs = [str(value) for axis in axes if axis.field == THEME_AXIS for value in axis.values]
    return {slug: themes.get_version(slug).preset for slug in slugs}


def estimate_cost(sweep: Sweep, cache: RenderCache) -> SweepCost:
    """Raises InvalidInputError for invalid axes."""
    jobs = [job for _, job in sweep.jobs()]
    cached = sum(map(cache.has, jobs))
    return SweepCost(len(jobs), cached, count_model_switches(jobs))


def count_model_switches(jobs: Sequence[RenderJob]) -> int:
    """How often the base model changes when jobs are rendered in this order."""
    models = [job.recipe.base_model.name for job in jobs]
    return sum(one != other for one, other in pairwise(models))


def iter_render(sweep: Sweep, cache: RenderCache) -> Iterator[tuple[int, int]]:
    """Renders what is not cached; yields after each image how many of how many are done."""
    jobs = sweep.jobs()
    for done, (_, job) in enumerate(jobs, start=1):
        cache.get_or_render(job)
        yield done, len(jobs)


def make_contact_sheets(sweep: Sweep, cache: RenderCache) -> Iterator[tuple[str, bytes]]:
    """One contact sheet for each value of the third axis: its file name and its PNG."""
    for sheet in range(count_sheets(sweep.axes)):
        name = f"sheet-{sheet + 1}.png" if len(sweep.axes) == 3 else "sheet.png"
        yield name, encode_png(draw_sheet(sweep, sheet, cache.get_or_render))


def count_sheets(axes: Sequence[Axis]) -> int:
    """The contact sheets of a grid: one, or one for each value of the third axis."""
    return len(axes[2].values) if len(axes) == 3 else 1


def draw_sheet(
    sweep: Sweep, sheet: int, read: Callable[[RenderJob], Image.Image | None]
) -> Image.Image:
    """One contact sheet.

    Args:
        sweep: what is shown.
        sheet: the index on the third axis; 0 where there is none.
        read: the image of a job; its cell is left empty where there is none. Images are reduced one by
            one, so that the sheet has about MAX_SHEET_PIXELS at most.
    """
    x, y, z = (*sweep.axes, None, None)[:3]
    assert x is not None
    columns, rows = _labels(x), _labels(y) if y else [""]
    longest = math.isqrt(MAX_SHEET_PIXELS // (len(columns) * len(rows)))
    images = {}
    for cell, job in sweep.jobs():
        if z is None or cell.coordinates[2] == sheet:
            image = read(job)
            if image is not None:
                image.thumbnail((longest, longest))
                images[cell.coordinates[0], cell.coordinates[1] if y else 0] = image
    return contact_sheet(images, columns, rows, _labels(z)[sheet] if z else "")


def _labels(axis: Axis) -> list[str]:
    """The field with each of its values, at most MAX_LABEL_CHARS characters each."""
    texts = (f"{axis.label} {axis.value_text(index)}" for index in range(len(axis.values)))
    return [
        text if len(text) <= MAX_LABEL_CHARS else f"{text[: MAX_LABEL_CHARS - 1]}…"
        for text in texts
    ]


def _check_length(prompt: str, limit: int) -> None:
    if len(prompt) > limit:
        raise InvalidInputError(
            "request.user_prompt_too_long", count=f"{len(prompt):,}", most=limit
        )


def run_sweep(
    sweep: Sweep, rendering: RenderService, directory: Path, on_progress: Callable[[int, int], None]
) -> list[Path]:
    """Renders a sweep into a directory and returns the files of its contact sheets.

    `on_progress` gets how many of how many images are done.
    """
    cache = sweep_cache(rendering, directory)
    for done, total in iter_render(sweep, cache):
        on_progress(done, total)
    files = []
    for name, png in make_contact_sheets(sweep, cache):
        write_atomic(directory / name, png)
        files.append(directory / name)
    return files


def sweep_cache(rendering: RenderService, directory: Path) -> RenderCache:
    """The cache of a sweep into this directory, from which an interrupted sweep resumes."""
    return RenderCache(directory / "cells", rendering)
