"""What was found out about a preset version: documents that are kept beside it."""

from statistics import median
from typing import Annotated, Literal

from pydantic import Field

from studio.message_fields import MaybeMessage
from studio.recipes.base import Frozen
from studio.recipes.canvas import Fraction, Slug
from studio.recipes.preset import Letter

ReportKind = Literal["robustness", "regression"]

NEEDED = 0.9
"""Share of a robustness pack's pictures in which the figure must still be there."""


class FigureSeen(Frozen):
    """One nasty doodle on one base image: how much of the figure a recipe's picture still shows.

    `score` is `imaging.figure.figure_score`, -1 to 1; None where there is no picture, for `why`.
    """

    doodle: str
    base_image: Slug
    letter: Letter
    score: float | None
    kept: bool
    why: MaybeMessage = None


class Robustness(Frozen):
    """What became of the figure under every nasty doodle."""

    cells: tuple[FigureSeen, ...]

    @property
    def share(self) -> float:
        """Of the pictures, those in which the figure is kept."""
        return sum(cell.kept for cell in self.cells) / max(1, len(self.cells))

    @property
    def passed(self) -> bool:
        return bool(self.cells) and self.share >= NEEDED

    @property
    def lost(self) -> tuple[FigureSeen, ...]:
        return tuple(cell for cell in self.cells if not cell.kept)


class Place(Frozen):
    """A part of the picture, as fractions from its top left, and how much it changed (CIEDE2000)."""

    x: Fraction
    y: Fraction
    width: Fraction
    height: Fraction
    difference: float


class Compared(Frozen):
    """One picture of the sheet beside the other version's: their mean CIEDE2000, and the places
    that changed most. Without another version there is nothing to compare."""

    doodle: str
    seed: int
    letter: Letter
    difference: float | None = None
    places: tuple[Place, ...] = ()


class Looks(Frozen):
    """How a version's pictures are, over a sheet (CIEDE2000).

    `likeness` is the median difference from the doodle in its regions: less is more alike.
    `diversity` is the mean difference among the four of a request, `of_seeds` among several
    seeds of recipe A, which four recipes have to beat.
    """

    likeness: float | None
    diversity: float
    of_seeds: float | None


class Regression(Frozen):
    """A version's regression sheet; `against` is the version it was compared with, if any."""

    against: Annotated[int, Field(ge=1)] | None
    cells: tuple[Compared, ...]
    looks: Looks
    looks_against: Looks | None = None
    seen_by: tuple[str, ...] = ()

    @property
    def difference(self) -> float | None:
        """Median over the sheet; None where there was nothing to compare with."""
        found = [cell.difference for cell in self.cells if cell.difference is not None]
        return median(found) if found else None

    @property
    def worst(self) -> Compared | None:
        """The picture that changed most."""
        compared = [cell for cell in self.cells if cell.difference is not None]
        return max(compared, key=lambda cell: cell.difference or 0.0, default=None)
