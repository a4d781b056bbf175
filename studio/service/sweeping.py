"""Runs sweeps: cell by cell into a folder, going on where it stopped, then the contact sheets."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from studio.errors import InputError
from studio.files import write_file
from studio.imaging.contact import contact_sheet
from studio.imaging.limits import encode_png, open_png
from studio.recipes.planning import plan
from studio.recipes.preset import Letter
from studio.recipes.request import Job, Request
from studio.recipes.sweep import Axis, Cell, cells
from studio.service.rendering import RenderService


@dataclass(frozen=True)
class Sweep:
    """A request's recipe `letter`, varied along one to three axes: across, down, and by sheet."""

    request: Request
    letter: Letter
    axes: Sequence[Axis]

    def jobs(self) -> list[tuple[Cell, Job]]:
        """What is to be rendered, in order. Raises InputError where the axes do not fit."""
        if not 1 <= len(self.axes) <= 3:
            raise InputError("a sweep has one to three axes: --x, --y and --z")
        recipe = self.request.preset.recipes[self.letter]
        return [(cell, self._job(cell)) for cell in cells(recipe, self.request.seed, self.axes)]

    def _job(self, cell: Cell) -> Job:
        preset, words = self.request.preset, self.request.words
        prompt = preset.prompt
        if cell.replaced is not None:
            prompt, words = prompt.replace(*cell.replaced), words.replace(*cell.replaced)
        recipes = preset.recipes.replace(self.letter, cell.recipe)
        varied = preset.model_copy(update={"prompt": prompt, "recipes": recipes})
        asked = self.request.model_copy(
            update={"preset": varied, "words": words, "seed": cell.seed}
        )
        return next(job for job in plan(asked) if job.letter == self.letter)


def run_sweep(
    sweep: Sweep, rendering: RenderService, out: Path, tell: Callable[[int, int], None]
) -> list[Path]:
    """Renders what is not in `out` yet and writes a contact sheet per value of the third axis.

    A picture's file is named by all that made it: what an earlier or broken run left is taken.
    `tell` hears how many of how many are done.
    """
    jobs = sweep.jobs()
    done: dict[tuple[int, ...], Image.Image] = {}
    for number, (cell, job) in enumerate(jobs):
        file = out / "cells" / f"{_name(job)}.png"
        if not file.exists():
            write_file(file, rendering.glimpse(job))
        done[cell.at] = open_png(file.read_bytes(), f"sweep picture {file.name}")
        tell(number + 1, len(jobs))
    return list(_sheets(sweep, done, out))


def _sheets(sweep: Sweep, done: dict[tuple[int, ...], Image.Image], out: Path) -> Iterator[Path]:
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
        file = out / (f"sheet-{index + 1}.png" if z else "sheet.png")
        write_file(file, encode_png(contact_sheet(pictures, across, down, title)))
        yield file


def _name(job: Job) -> str:
    made_of = job.model_dump_json(exclude={"request_id", "doodle", "pictures"})
    drawn = job.doodle.sha256 if job.doodle else ""
    return hashlib.sha256(f"{made_of}{drawn}".encode()).hexdigest()[:32]
