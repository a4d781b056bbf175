"""Runs sweeps: cell by cell into a folder, going on where it stopped, then the contact sheets."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from studio.errors import InputError
from studio.files import write_file
from studio.imaging.contact import contact_sheet
from studio.imaging.limits import encode_png
from studio.recipes.planning import plan
from studio.recipes.preset import Letter, Preset
from studio.recipes.request import Job, Request
from studio.recipes.sweep import PRESET, Axis, Cell, cells
from studio.service.album import Album
from studio.service.rendering import RenderService
from studio.store.presets import PresetStore


@dataclass(frozen=True)
class Sweep:
    """A request's recipe `letter`, varied along one to three axes: across, down, and by sheet.

    `presets` are those that an axis chooses from, by slug.
    """

    request: Request
    letter: Letter
    axes: Sequence[Axis]
    presets: Mapping[str, Preset] = field(default_factory=dict)

    def jobs(self) -> list[tuple[Cell, Job]]:
        """What is to be rendered, in order. Raises InputError where the axes do not fit."""
        if not 1 <= len(self.axes) <= 3:
            raise InputError("sweep.number_of_axes")
        recipe = self.request.preset.recipes[self.letter]
        others = {slug: preset.recipes[self.letter] for slug, preset in self.presets.items()}
        found = cells(recipe, self.request.seed, self.axes, others)
        return [(cell, self._job(cell)) for cell in found]

    def _job(self, cell: Cell) -> Job:
        preset, words = self.request.preset, self.request.words
        if cell.preset is not None:
            preset = self.presets[cell.preset]
        prompt = preset.prompt
        if cell.replaced is not None:
            prompt, words = prompt.replace(*cell.replaced), words.replace(*cell.replaced)
        recipes = preset.recipes.replace(self.letter, cell.recipe)
        varied = preset.model_copy(update={"prompt": prompt, "recipes": recipes})
        asked = self.request.model_copy(
            update={"preset": varied, "words": words, "seed": cell.seed}
        )
        return next(job for job in plan(asked) if job.letter == self.letter)


@dataclass(frozen=True)
class SweepCost:
    """What a sweep asks for: pictures, those that are kept from before, changes of base model."""

    pictures: int
    kept: int
    switches: int


def presets_of(axes: Sequence[Axis], presets: PresetStore) -> dict[str, Preset]:
    """The presets that axes name. Raises NotFound."""
    slugs = [str(value) for axis in axes if axis.field == PRESET for value in axis.values]
    return {slug: presets.version(slug).preset for slug in slugs}


def sweep_cost(sweep: Sweep, album: Album) -> SweepCost:
    """Raises InputError where the axes do not fit."""
    jobs = [job for _, job in sweep.jobs()]
    models = [job.recipe.base_model.name for job in jobs]
    return SweepCost(
        pictures=len(jobs),
        kept=sum(map(album.has, jobs)),
        switches=sum(one != other for one, other in pairwise(models)),
    )


def sweep_steps(sweep: Sweep, album: Album) -> Iterator[tuple[int, int]]:
    """Renders what is not in the album yet, a picture at a time: how many of how many are done."""
    jobs = sweep.jobs()
    for number, (_, job) in enumerate(jobs):
        album.picture(job)
        yield number + 1, len(jobs)


def sweep_sheets(sweep: Sweep, album: Album) -> Iterator[tuple[str, bytes]]:
    """A contact sheet, as PNG, for each value of the third axis: its file's name and its bytes."""
    done = {cell.at: album.picture(job) for cell, job in sweep.jobs()}
    x, y, z = (*sweep.axes, None, None)[:3]
    assert x is not None
    across = [f"{x.label} {value}" for value in x.values]
    down = [f"{y.label} {value}" for value in y.values] if y else [""]
    for index, value in enumerate(z.values if z else ("",)):
        rest = (index,) if z else ()
        pictures = {
            (column, row): done[(column, *((row,) if y else ()), *rest)]
            for column in range(len(across))
            for row in range(len(down))
        }
        title = f"{z.label} {value}" if z else ""
        name = f"sheet-{index + 1}.png" if z else "sheet.png"
        yield name, encode_png(contact_sheet(pictures, across, down, title))


def run_sweep(
    sweep: Sweep, rendering: RenderService, out: Path, tell: Callable[[int, int], None]
) -> list[Path]:
    """All of it into the folder `out`; `tell` hears how many of how many are done."""
    album = sweep_album(rendering, out)
    for done, total in sweep_steps(sweep, album):
        tell(done, total)
    files = []
    for name, png in sweep_sheets(sweep, album):
        write_file(out / name, png)
        files.append(out / name)
    return files


def sweep_album(rendering: RenderService, out: Path) -> Album:
    """Where a sweep into the folder `out` keeps its pictures."""
    return Album(out / "cells", rendering)
