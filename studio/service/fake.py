"""A renderer without models, for tests and trials of everything around the engine."""

import threading
from collections.abc import Sequence

from PIL import Image

from studio.engine.caches import CacheStatus
from studio.engine.rendered import Rendered, Watch
from studio.engine.residency import Status
from studio.engine.status import EngineStatus
from studio.errors import Cancelled
from studio.imaging.compose import composite
from studio.recipes.preset import Letter
from studio.recipes.request import Job, Timings


class FakeRenderer:
    """Gives back the composite after `steps` steps; raises what `errors` says for a letter.

    `gate`, when given, is waited for before each step, so that a test can hold a job there.
    """

    def __init__(
        self,
        steps: int = 3,
        errors: dict[Letter, Exception] | None = None,
        gate: threading.Semaphore | None = None,
    ) -> None:
        self._steps = steps
        self._errors = errors or {}
        self._gate = gate
        self.rendered: list[Job] = []
        self.batches: list[int] = []

    def render_together(
        self,
        jobs: Sequence[Job],
        base: Image.Image,
        doodle: Image.Image | None,
        watches: Sequence[Watch],
    ) -> tuple[Rendered, ...]:
        self.batches.append(len(jobs))
        each = zip(jobs, watches, strict=True)
        return tuple(self._render(job, base, doodle, watch) for job, watch in each)

    def status(self) -> EngineStatus:
        """A fake holds nothing."""
        nowhere, empty = Status((), 0, 0, 0), CacheStatus(0, 0, 0, 0, 0)
        return EngineStatus(nowhere, nowhere, nowhere, empty, empty, empty, empty)

    def _render(
        self,
        job: Job,
        base: Image.Image,
        doodle: Image.Image | None,
        watch: Watch,
    ) -> Rendered:
        self.rendered.append(job)
        if job.letter in self._errors:
            raise self._errors[job.letter]
        watch.on_loading(job.recipe.base_model.name)
        for step in range(self._steps):
            if self._gate is not None:
                self._gate.acquire()
            if watch.is_cancelled():
                raise Cancelled("request.variants_stopped", slots=job.letter)
            watch.on_step(step + 1, self._steps)
            watch.on_preview(base.convert("RGB").resize((8, 8)))
        return Rendered(composite(base, doodle), (), Timings(load=0.0, render=0.1))
