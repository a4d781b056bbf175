"""Runs sweeps: cell by cell into a folder, going on where it stopped, then the contact sheets."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from studio.errors import InvalidInputError
from studio.files import write_atomic
from studio.imaging.contact_sheet import contact_sheet
from studio.imaging.png_io import encode_png
from studio.recipes.generation.job import GenerationRequest, RenderJob
from studio.recipes.generation.planning import plan_jobs
from studio.recipes.generation.sweep import THEME_AXIS, Axis, SweepCell, expand_grid
from studio.recipes.themes.preset import Preset, Slot
from studio.services.rendering.render_cache import RenderCache
from studio.services.rendering.render_service import RenderService
from studio.store.themes import ThemeStore


@dataclass(frozen=True)
class Sweep:
    """A request's recipe `letter`, varied along one to three axes: across, down, and by sheet.

    `presets` are those that an axis chooses from, by slug.
    """

    request: GenerationRequest
    slot: Slot
    axes: Sequence[Axis]
    themes: Mapping[str, Preset] = field(default_factory=dict)

    def jobs(self) -> list[tuple[SweepCell, RenderJob]]:
        """What is to be rendered, in order. Raises InputError where the axes do not fit."""
        if not 1 <= len(self.axes) <= 3:
            raise InvalidInputError("sweep.number_of_axes")
        recipe = self.request.preset.recipes[self.slot]
        others = {slug: preset.recipes[self.slot] for slug, preset in self.themes.items()}
        found = expand_grid(recipe, self.request.seed, self.axes, others)
        return [(cell, self._job(cell)) for cell in found]

    def _job(self, cell: SweepCell) -> RenderJob:
        preset, words = self.request.preset, self.request.user_prompt
        if cell.preset is not None:
            preset = self.themes[cell.preset]
        prompt = preset.theme_prompt
        if cell.prompt_replacement is not None:
            prompt, words = (
                prompt.replace(*cell.prompt_replacement),
                words.replace(*cell.prompt_replacement),
            )
        recipes = preset.recipes.replace(self.slot, cell.recipe)
        varied = preset.model_copy(update={"theme_prompt": prompt, "recipes": recipes})
        asked = self.request.model_copy(
            update={"preset": varied, "user_prompt": words, "seed": cell.seed}
        )
        return next(job for job in plan_jobs(asked) if job.slot == self.slot)


@dataclass(frozen=True)
class SweepCost:
    """What a sweep asks for: pictures, those that are kept from before, changes of base model."""

    images: int
    cached: int
    model_switches: int


def load_axis_themes(axes: Sequence[Axis], presets: ThemeStore) -> dict[str, Preset]:
    """The presets that axes name. Raises NotFound."""
    slugs = [str(value) for axis in axes if axis.field == THEME_AXIS for value in axis.values]
    return {slug: presets.get_version(slug).preset for slug in slugs}


def estimate_cost(sweep: Sweep, album: RenderCache) -> SweepCost:
    """Raises InputError where the axes do not fit."""
    jobs = [job for _, job in sweep.jobs()]
    models = [job.recipe.base_model.name for job in jobs]
    return SweepCost(
        images=len(jobs),
        cached=sum(map(album.has, jobs)),
        model_switches=sum(one != other for one, other in pairwise(models)),
    )


def iter_render(sweep: Sweep, album: RenderCache) -> Iterator[tuple[int, int]]:
    """Renders what is not in the album yet, a picture at a time: how many of how many are done."""
    jobs = sweep.jobs()
    for number, (_, job) in enumerate(jobs):
        album.get_or_render(job)
        yield number + 1, len(jobs)


def make_contact_sheets(sweep: Sweep, album: RenderCache) -> Iterator[tuple[str, bytes]]:
    """A contact sheet, as PNG, for each value of the third axis: its file's name and its bytes."""
    done = {cell.coordinates: album.get_or_render(job) for cell, job in sweep.jobs()}
    x, y, z = (*sweep.axes, None, None)[:3]
    assert x is not None
    across = [f"{x.label} {value}" for value in x.values]
    down = [f"{y.label} {value}" for value in y.values] if y else [""]
    for index, value in enumerate(z.values if z else ("",)):
        rest = (index,) if z else ()
        images = {
            (column, row): done[(column, *((row,) if y else ()), *rest)]
            for column in range(len(across))
            for row in range(len(down))
        }
        title = f"{z.label} {value}" if z else ""
        name = f"sheet-{index + 1}.png" if z else "sheet.png"
        yield name, encode_png(contact_sheet(images, across, down, title))


def run_sweep(
    sweep: Sweep, rendering: RenderService, out: Path, tell: Callable[[int, int], None]
) -> list[Path]:
    """All of it into the folder `out`; `tell` hears how many of how many are done."""
    album = sweep_cache(rendering, out)
    for done, total in iter_render(sweep, album):
        tell(done, total)
    files = []
    for name, png in make_contact_sheets(sweep, album):
        write_atomic(out / name, png)
        files.append(out / name)
    return files


def sweep_cache(rendering: RenderService, out: Path) -> RenderCache:
    """Where a sweep into the folder `out` keeps its pictures."""
    return RenderCache(out / "cells", rendering)
