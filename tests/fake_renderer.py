"""A renderer without models: a test double for everything around the engine."""

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
    """Returns the base image with the doodle on it after `steps` steps, or raises the slot's error.

    `gate`, where given, is acquired before each step, so that a test can hold a job there.
    `rendered` and `batches` record the jobs and the batch sizes, `prepared` and `prefetched` what
    was told ahead, and `threads` the names of the threads that used the device.
    """

    def __init__(
        self,
        steps: int = 3,
        errors: dict[Slot, Exception] | None = None,
        gate: threading.Semaphore | None = None,
        device_type: str = "cpu",
        max_batch_size: int = 1,
    ) -> None:
        self._steps = steps
        self._errors = errors or {}
        self.gate = gate
        self.rendered: list[RenderJob] = []
        self.batches: list[int] = []
        self.device_type, self.max_batch_size = device_type, max_batch_size
        self.prepared: list[RenderJob] = []
        self.prefetched: list[RenderJob] = []
        self.threads: set[str] = set()

    def render_batch(
        self,
        jobs: Sequence[RenderJob],
        base: Image.Image | Sequence[Image.Image],
        doodle: Image.Image | Sequence[Image.Image | None] | None,
        listeners: Sequence[RenderListener],
    ) -> tuple[RenderResult, ...]:
        self.batches.append(len(jobs))
        self.threads.add(threading.current_thread().name)
        bases = [base] * len(jobs) if isinstance(base, Image.Image) else base
        doodles: Sequence[Image.Image | None]
        if doodle is None or isinstance(doodle, Image.Image):
            doodles = [doodle] * len(jobs)
        else:
            doodles = doodle
        return tuple(map(self._render, jobs, bases, doodles, listeners))

    def prepare(self, job: RenderJob, base: Image.Image, doodle: Image.Image | None) -> None:
        self.prepared.append(job)

    def prefetch(self, job: RenderJob) -> None:
        self.prefetched.append(job)

    def status(self) -> EngineStats:
        """Empty caches; no step against lack of memory was taken."""
        tier, cache = TieredCacheStats((), 0, 0, 0), CacheStats(0, 0, 0, 0, 0)
        tiers, caches = (tier,) * 3, (cache,) * 4
        return EngineStats(*tiers, *caches, tier, tier, cache, oom_steps={"offload": 0})

    def _render(
        self,
        job: RenderJob,
        base: Image.Image,
        doodle: Image.Image | None,
        listener: RenderListener,
    ) -> RenderResult:
        self.rendered.append(job)
        if job.slot in self._errors:
            raise self._errors[job.slot]
        listener.on_loading(job.recipe.base_model.name)
        for step in range(self._steps):
            if self.gate is not None:
                self.gate.acquire()
            if listener.should_cancel():
                raise JobCancelledError("request.variants_stopped", slots=job.slot)
            listener.on_step(step + 1, self._steps)
            if listener.on_preview is not None and listener.wants_preview():
                listener.on_preview(base.convert("RGB").resize((8, 8)))
        return RenderResult(
            overlay_doodle(base, doodle), (), Timings(load_seconds=0.0, render_seconds=0.1)
        )
