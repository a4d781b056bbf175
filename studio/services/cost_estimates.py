"""Cost estimates of long tasks before they start: images to render, images cached, seconds."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from studio.messages import Message, message
from studio.recipes.generation.job import RenderJob
from studio.services.rendering.render_cache import RenderCache
from studio.store.variants import VariantStore

MEASURED_VARIANTS = 100
"""The latest variants whose durations are the basis of the estimate."""


@dataclass(frozen=True)
class Cost:
    """`cached` of the images need no rendering; the others should take `seconds`, None where
    nothing was ever rendered here."""

    images: int
    cached: int
    seconds: float | None


@dataclass(frozen=True)
class Costs:
    """Estimates by what this machine has measured."""

    variants: VariantStore
    cache: RenderCache

    def of(self, jobs: Iterable[RenderJob], uncached: Iterable[RenderJob] = ()) -> Cost:
        """The cost of `jobs`, and of further jobs like those of `uncached`, which cannot be
        cached."""
        requested, further = list(jobs), list(uncached)
        missing = [job for job in requested if not self.cache.has(job)]
        return Cost(
            images=len(requested) + len(further),
            cached=len(requested) - len(missing),
            seconds=self._seconds([*missing, *further]),
        )

    def _seconds(self, jobs: list[RenderJob]) -> float | None:
        """By the median duration of each base model, or of all where the model was not measured."""
        if not jobs:
            return 0.0
        by_model: dict[str, list[float]] = defaultdict(list)
        for variant in self.variants.list_latest(MEASURED_VARIANTS):
            seconds = variant.timings.load_seconds + variant.timings.render_seconds
            by_model[variant.recipe.base_model.name].append(seconds)
        if not by_model:
            return None
        overall = median(one for seconds in by_model.values() for one in seconds)
        medians = {name: median(seconds) for name, seconds in by_model.items()}
        return round(sum(medians.get(job.recipe.base_model.name, overall) for job in jobs), 1)


def format_duration(seconds: float) -> Message:
    """A rounded duration in the largest fitting unit: "12 s", "14 min", "3 h"."""
    if seconds < 90:
        return message("page.duration_seconds", count=max(1, round(seconds)))
    if seconds < 5400:
        return message("page.duration_minutes", count=f"{seconds / 60:.0f}")
    return message("page.duration_hours", count=f"{seconds / 3600:.0f}")
