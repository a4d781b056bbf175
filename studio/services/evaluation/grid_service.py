"""Grids (X/Y/Z plots): what they cost, rendering them in the background, and what becomes of their cells."""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from studio.errors import JobCancelledError, NotFoundError
from studio.imaging.png_io import decode_png
from studio.messages import message
from studio.recipes.base_image import Slug
from studio.recipes.evaluation.grid import Grid, GridAxes
from studio.recipes.generation.axes import Axis
from studio.recipes.generation.drift import Drift
from studio.recipes.generation.job import GenerationRequest, RenderJob
from studio.recipes.generation.recipe import ModelRef, ModelType
from studio.recipes.generation.sweep import SweepCell, cell_index
from studio.recipes.themes.preset import Preset, Slot, ThemeVersion
from studio.services.background_tasks import About, BackgroundTasks, ProgressCallback, TaskProgress
from studio.services.cost_estimates import Cost, Costs
from studio.services.evaluation.quality_metrics import compute_drift
from studio.services.rendering.render_cache import RenderCache
from studio.services.rendering.sweep import (
    Sweep,
    count_model_switches,
    count_sheets,
    draw_sheet,
    iter_render,
    load_axis_themes,
)
from studio.services.requests.request_factory import RequestFactory
from studio.store.base_images import BaseImageStore
from studio.store.grids import GridStore, GridSummary
from studio.store.themes import ThemeStore

MAX_LISTED = 100
"""Grids that a list shows."""


@dataclass(frozen=True)
class GridCost(Cost):
    """The cost of a grid; `model_switches` counts the changes of the base model."""

    model_switches: int


@dataclass(frozen=True)
class GridCell:
    """One image of a grid: its number, its place on each axis, and whether it is rendered."""

    index: int
    coordinates: tuple[int, ...]
    ready: bool


@dataclass(frozen=True)
class GridService:
    """Grids over the recipes of saved and of edited presets."""

    store: GridStore
    themes: ThemeStore
    base_images: BaseImageStore
    request_factory: RequestFactory
    cache: RenderCache
    background_tasks: BackgroundTasks
    costs: Costs

    def make(self, request: GenerationRequest, slot: Slot, axes: GridAxes) -> Grid:
        """A grid that is not stored. Raises NotFoundError for a theme on an axis that is not here."""
        return Grid(
            request=request, slot=slot, axes=axes, themes=load_axis_themes(axes, self.themes)
        )

    def cost(self, grid: Grid) -> GridCost:
        """What a grid would render. Raises what `create` raises."""
        jobs = self._checked_jobs(grid)
        return GridCost(**vars(self.costs.of(jobs)), model_switches=count_model_switches(jobs))

    def create(self, grid: Grid, author: str = "") -> GridSummary:
        """Stores a grid, and starts it.

        Raises InvalidInputError for invalid axes, NotFoundError, IncompatibleModelError or CorruptModelError
        for a model on an axis.
        """
        self._checked_jobs(grid)
        created = self.store.add(grid, author)
        self.start(created.id)
        return created

    def start(self, grid_id: int) -> None:
        """Renders, as a background task, the images that are missing.

        Raises NotFoundError, and InvalidInputError while the grid is running.
        """
        grid, summary = self.store.get(grid_id), self.store.summary(grid_id)
        page = f"/tests?grid={grid_id}"
        about = About("grid", summary.theme_name, page, summary.version, summary.slug)
        self.background_tasks.start(
            task_name(grid_id), about, lambda report: self._run(grid_id, grid, report)
        )

    def stop(self, grid_id: int) -> None:
        """Stops a grid after the image that is being rendered; finished images stay."""
        self.background_tasks.cancel(task_name(grid_id))

    def get(self, grid_id: int) -> Grid:
        """A stored grid. Raises NotFoundError."""
        return self.store.get(grid_id)

    def summary(self, grid_id: int) -> GridSummary:
        """The row of a stored grid. Raises NotFoundError."""
        return self.store.summary(grid_id)

    def list_latest(self, slug: Slug | None = None) -> Sequence[GridSummary]:
        """The latest grids, newest first; of one theme where `slug` names it."""
        return self.store.list_latest(MAX_LISTED, slug)

    def progress(self, summary: GridSummary) -> TaskProgress:
        """How far a grid is; one that a process left running when it ended is stopped."""
        progress = self.background_tasks.progress(task_name(summary.id))
        if progress is not None:
            return progress
        is_complete = summary.done == summary.images
        return TaskProgress(summary.done, summary.images, "done" if is_complete else "stopped")

    def cells(self, grid_id: int) -> list[GridCell]:
        """The cells in the order in which they are rendered. Raises NotFoundError."""
        grid = self.store.get(grid_id)
        return [
            GridCell(cell_index(cell.coordinates, grid.axes), cell.coordinates, self.cache.has(job))
            for cell, job in sweep_of(grid).jobs()
        ]

    def cell(self, grid_id: int, index: int) -> tuple[SweepCell, GenerationRequest]:
        """A cell, and the request with its values. Raises NotFoundError."""
        sweep = sweep_of(self.store.get(grid_id))
        cell = sweep.cell(index)
        return cell, sweep.request_of(cell)

    def cell_preset(self, grid_id: int, index: int) -> Preset:
        """The preset with a cell's recipe and prompt, as its image was rendered. Raises NotFoundError."""
        return self.cell(grid_id, index)[1].preset

    def drift(self, grid_id: int, index: int) -> Drift | None:
        """How far a cell's image is from the base image; None while it is not rendered. Raises NotFoundError."""
        sweep = sweep_of(self.store.get(grid_id))
        job = sweep.job(sweep.cell(index))
        image = self._cached(job)
        if image is None:
            return None
        png = self.base_images.read_png(job.base_image)
        base = decode_png(png, message("image.base_named", id=job.base_image.id))
        return compute_drift(job, base, image)

    def image_key(self, grid_id: int, index: int) -> str:
        """The key of a cell's image in the render cache. Raises NotFoundError, also where it is not
        rendered."""
        sweep = sweep_of(self.store.get(grid_id))
        job = sweep.job(sweep.cell(index))
        if not self.cache.has(job):
            raise NotFoundError("grid.image_not_rendered")
        return self.cache.key(job)

    def sheet(self, grid_id: int, number: int) -> Image.Image:
        """The contact sheet for a value of the third axis, from 0, with the images that are rendered.

        Raises NotFoundError.
        """
        sweep = sweep_of(self.store.get(grid_id))
        if not 0 <= number < count_sheets(sweep.axes):
            raise NotFoundError("grid.sheet_not_found", number=number)
        return draw_sheet(sweep, number, self._cached)

    def save_cell_as_version(self, grid_id: int, index: int, author: str = "") -> ThemeVersion:
        """Saves a cell's recipe as the next version of its theme: the latest version with only that
        recipe changed, and the theme's prompt where an axis replaces text in it.

        Raises NotFoundError.
        """
        summary = self.store.summary(grid_id)
        cell, request = self.cell(grid_id, index)
        latest = self.themes.get_version(summary.slug)
        changes: dict[str, object] = {
            "recipes": latest.preset.recipes.replace(summary.slot, cell.recipe)
        }
        if cell.prompt_replacement is not None and cell.preset is None:
            changes["theme_prompt"] = request.preset.theme_prompt
        note = f"recipe {summary.slot} is cell {values_text(summary.axes, cell)} of grid {grid_id}"
        preset = latest.preset.model_copy(update=changes)
        return self.themes.save(preset, author, note, latest.version)

    def _run(self, grid_id: int, grid: Grid, report: ProgressCallback) -> None:
        sweep, state, finished = sweep_of(grid), "failed", 0
        self.store.set_state(grid_id, "running", 0)
        try:
            report(0, len(sweep.jobs()))
            for done, total in iter_render(sweep, self.cache):
                finished = done
                report(done, total)
            state = "done"
        except JobCancelledError:
            state = "stopped"
            raise
        finally:
            self.store.set_state(grid_id, state, finished)

    def _checked_jobs(self, grid: Grid) -> list[RenderJob]:
        jobs = [job for _, job in sweep_of(grid).jobs()]
        self.request_factory.check_models(model for job in jobs for model in _models(job))
        return jobs

    def _cached(self, job: RenderJob) -> Image.Image | None:
        return self.cache.get_or_render(job) if self.cache.has(job) else None


def _models(job: RenderJob) -> list[tuple[ModelType, ModelRef]]:
    """Every model of a job, also the LoRAs that its prompts name."""
    loras: list[tuple[ModelType, ModelRef]] = [("lora", lora.model) for lora in job.loras]
    return [*job.recipe.model_refs, *loras]


def sweep_of(grid: Grid) -> Sweep:
    """What renders a grid."""
    return Sweep(grid.request, grid.slot, grid.axes, grid.themes)


def values_text(axes: Sequence[Axis], cell: SweepCell) -> str:
    """The values of a cell in the order of the axes and in one line, such as "0.55, Euler"."""
    pairs = zip(axes, cell.coordinates, strict=True)
    return ", ".join(axis.value_text(coordinate) for axis, coordinate in pairs)


def task_name(grid_id: int) -> str:
    """The name of a grid's background task."""
    return f"grid/{grid_id}"
