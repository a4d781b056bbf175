"""The regression sheet: fixed doodles and seeds through a version, beside the version it would replace."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from statistics import mean

import numpy as np
from PIL import Image

from studio.errors import NotFound
from studio.imaging.likeness import difference_map, diversity, likeness, middle
from studio.imaging.limits import open_png
from studio.messages import message
from studio.recipes.canvas import BaseImage
from studio.recipes.planning import plan
from studio.recipes.preset import LETTERS, Letter, PresetVersion
from studio.recipes.reports import Compared, Looks, Place, Regression
from studio.recipes.request import Job
from studio.service.album import Album
from studio.service.chores import Tell
from studio.service.intake import Intake
from studio.service.shipped import TestDoodle
from studio.store.base_images import BaseImageStore

SEEDS = (1, 2)
PARTS = 8
"""The picture is parted into this many places a side, to say which changed most."""
SHOWN, CHANGED = 3, 4.0
"""So many places are told at most, of those that differ by this much (CIEDE2000) or more."""

Key = tuple[str, int, Letter]
"""A picture's place on the sheet: doodle, seed, recipe."""
Pictures = Mapping[Key, Image.Image]


@dataclass(frozen=True)
class DrawnSheet:
    """A finished sheet: the report, and the pictures it is about."""

    report: Regression
    pictures: Pictures
    others: Pictures
    doodles: Mapping[str, Image.Image]


@dataclass(frozen=True)
class RegressionSheet:
    """Draws sheets over the shipped doodles that show clothes, each on the base it was drawn on."""

    bases: BaseImageStore
    intake: Intake
    album: Album
    pack: Sequence[TestDoodle]

    def run(self, version: PresetVersion, against: PresetVersion | None, tell: Tell) -> DrawnSheet:
        """Draws what is missing of both versions and compares them. Raises what rendering raises,
        NotFound when no shipped doodle fits the preset's base images."""
        jobs = dict(self._jobs(version))
        others = dict(self._jobs(against)) if against else {}
        total = len(jobs) + len(others)
        tell(0, total)
        pictures, before = {}, {}
        for number, (key, job) in enumerate(jobs.items()):
            pictures[key] = self.album.picture(job)
            tell(number + 1, total)
        for number, (key, job) in enumerate(others.items()):
            before[key] = self.album.picture(job)
            tell(len(jobs) + number + 1, total)
        doodles = {
            each.name: open_png(each.png, message("image.test_doodle", name=each.name))
            for each, _ in self._pages(version)
        }
        report = Regression(
            against=against.number if against else None,
            cells=tuple(
                _compared(key, picture, before.get(key)) for key, picture in pictures.items()
            ),
            looks=looks(pictures, doodles),
            looks_against=looks(before, doodles) if before else None,
        )
        return DrawnSheet(report, pictures, before, doodles)

    def jobs(self, version: PresetVersion, against: PresetVersion | None) -> list[Job]:
        """What the sheet shows of both versions. Raises what `run` raises before it draws."""
        shown = [*self._jobs(version), *(self._jobs(against) if against else ())]
        return [job for _, job in shown]

    def _jobs(self, version: PresetVersion) -> list[tuple[Key, Job]]:
        """By recipe first, so that base models change least."""
        found: list[tuple[Key, Job]] = []
        for (doodle, base), seed in product(self._pages(version), SEEDS):
            request = self.intake.request(
                version.preset, base.id, doodle.png, "", seed, version.number
            )
            found += [((doodle.name, seed, job.letter), job) for job in plan(request)]
        return sorted(found, key=lambda each: each[0][2])

    def _pages(self, version: PresetVersion) -> list[tuple[TestDoodle, BaseImage]]:
        allowed = set(version.preset.base_images)
        known = {image.id: image for image in self.bases.all(with_retired=True)}
        pages = [
            (each, known[each.base_image])
            for each in self.pack
            if each.base_image in known and (not allowed or each.base_image in allowed)
        ]
        if not pages:
            raise NotFound("image.no_test_doodle_fits")
        return pages


def looks(pictures: Pictures, doodles: Mapping[str, Image.Image]) -> Looks:
    """How the pictures of a sheet are: alike to their doodles, unlike one another."""
    alike = middle(likeness(doodles[name], picture) for (name, _, _), picture in pictures.items())
    pages = sorted({(name, seed) for name, seed, _ in pictures})
    of_four = [
        diversity([pictures[name, seed, letter] for letter in LETTERS]) for name, seed in pages
    ]
    of_seeds = [
        diversity([pictures[name, seed, "A"] for page, seed in pages if page == name])
        for name in sorted({name for name, _ in pages})
        if sum(page == name for page, _ in pages) > 1
    ]
    return Looks(
        likeness=None if alike is None else round(alike, 2),
        diversity=round(mean(of_four), 2),
        of_seeds=round(mean(of_seeds), 2) if of_seeds else None,
    )


def _compared(key: Key, picture: Image.Image, other: Image.Image | None) -> Compared:
    doodle, seed, letter = key
    if other is None:
        return Compared(doodle=doodle, seed=seed, letter=letter)
    changed = difference_map(other, picture)
    return Compared(
        doodle=doodle, seed=seed, letter=letter,
        difference=round(float(changed.mean()), 2), places=_places(changed),
    )  # fmt: skip


def _places(changed: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]") -> tuple[Place, ...]:
    """The parts of the picture that changed most, worst first."""
    side = changed.shape[0] // PARTS
    parts = changed.reshape(PARTS, side, PARTS, side).mean(axis=(1, 3))
    order = np.argsort(parts, axis=None)[::-1][:SHOWN]
    spots = [divmod(int(index), PARTS) for index in order]
    return tuple(
        Place(
            x=x / PARTS,
            y=y / PARTS,
            width=1 / PARTS,
            height=1 / PARTS,
            difference=round(float(parts[y, x]), 2),
        )
        for y, x in spots
        if parts[y, x] >= CHANGED
    )
