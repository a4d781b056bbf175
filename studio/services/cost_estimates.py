"""What long work asks for before it is begun: pictures, those kept from before, and seconds."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from studio.messages import Message, message
from studio.recipes.generation.job import RenderJob
from studio.services.rendering.render_cache import RenderCache
from studio.store.variants import VariantStore

MEASURED = 100
"""So many of the newest variants say how long a picture takes."""


@dataclass(frozen=True)
class Cost:
    """`kept` of the pictures are here already; the others should take `seconds`, None where no
    picture was ever drawn here."""

    images: int
    cached: int
    seconds: float | None


@dataclass(frozen=True)
class Costs:
    variants: VariantStore
    album: RenderCache

    def of(self, jobs: Iterable[RenderJob], anew: Iterable[RenderJob] = ()) -> Cost:
        """Of the pictures of `jobs`, and of those like the jobs of `anew`, which are not here."""
        asked, further = list(jobs), list(anew)
        missing = [job for job in asked if not self.album.has(job)]
        return Cost(
            images=len(asked) + len(further),
            cached=len(asked) - len(missing),
            seconds=self._seconds([*missing, *further]),
        )

    def _seconds(self, jobs: list[RenderJob]) -> float | None:
        """By what pictures of the same base model took here of late, else by what any took."""
        if not jobs:
            return 0.0
        by_model: dict[str, list[float]] = defaultdict(list)
        for made in self.variants.list_latest(MEASURED):
            spent = made.timings.load_seconds + made.timings.render_seconds
            by_model[made.recipe.base_model.name].append(spent)
        if not by_model:
            return None
        whole = median(each for spent in by_model.values() for each in spent)
        usual = {name: median(spent) for name, spent in by_model.items()}
        return round(sum(usual.get(job.recipe.base_model.name, whole) for job in jobs), 1)


def told_seconds(seconds: float) -> Message:
    """As a person would say it: "12 s", "14 min", "3 h"."""
    if seconds < 90:
        return message("page.duration_seconds", count=max(1, round(seconds)))
    if seconds < 5400:
        return message("page.duration_minutes", count=f"{seconds / 60:.0f}")
    return message("page.duration_hours", count=f"{seconds / 3600:.0f}")
