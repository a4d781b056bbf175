"""A renderer without models, for tests and trials of everything around the engine."""

import threading
from collections.abc import Sequence

from PIL import Image

from studio.engine.memory.byte_lru_cache import CacheStats
from studio.engine.memory.tiered_cache import TieredCacheStats
from studio.engine.results import RenderListener, RenderResult
from studio.engine.stats import EngineStats
from studio.errors import JobCancelledError
from studio.imaging.compositing import overlay_doodle
from studio.recipes.generation.job import RenderJob, Timings
from studio.recipes.themes.preset import Slot


class FakeRenderer:
    """Gives back the composite after `steps` steps; raises what `errors` says for a letter.

    `gate`, when given, is waited for before each step, so that a test can hold a job there.
    """

    def __init__(
        self,
        steps: int = 3,
        errors: dict[Slot, Exception] | None = None,
        gate: threading.Semaphore | None = None,
    ) -> None:
        self._steps = steps
        self._errors = errors or {}
        self._gate = gate
        self.rendered: list[RenderJob] = []
        self.batches: list[int] = []

    def render_batch(
        self,
        jobs: Sequence[RenderJob],
        base: Image.Image,
        doodle: Image.Image | None,
        watches: Sequence[RenderListener],
    ) -> tuple[RenderResult, ...]:
        self.batches.append(len(jobs))
        each = zip(jobs, watches, strict=True)
        return tuple(self._render(job, base, doodle, watch) for job, watch in each)

    def status(self) -> EngineStats:
        """A fake holds nothing."""
        nowhere, empty = TieredCacheStats((), 0, 0, 0), CacheStats(0, 0, 0, 0, 0)
        return EngineStats(nowhere, nowhere, nowhere, empty, empty, empty, empty)

    def _render(
        self,
        job: RenderJob,
        base: Image.Image,
        doodle: Image.Image | None,
        watch: RenderListener,
    ) -> RenderResult:
        self.rendered.append(job)
        if job.slot in self._errors:
            raise self._errors[job.slot]
        watch.on_loading(job.recipe.base_model.name)
        for step in range(self._steps):
            if self._gate is not None:
                self._gate.acquire()
            if watch.should_cancel():
                raise JobCancelledError("request.variants_stopped", slots=job.slot)
            watch.on_step(step + 1, self._steps)
            watch.on_preview(base.convert("RGB").resize((8, 8)))
        return RenderResult(
            overlay_doodle(base, doodle), (), Timings(load_seconds=0.0, render_seconds=0.1)
        )
