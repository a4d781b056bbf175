"""A renderer without models, for tests and trials of everything around the engine."""

import threading
from collections.abc import Callable

from PIL import Image

from studio.engine.rendered import Rendered
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

    def render(
        self,
        job: Job,
        base: Image.Image,
        doodle: Image.Image | None,
        on_step: Callable[[int, int], None],
        is_cancelled: Callable[[], bool],
        on_preview: Callable[[Image.Image], None],
    ) -> Rendered:
        self.rendered.append(job)
        if job.letter in self._errors:
            raise self._errors[job.letter]
        for step in range(self._steps):
            if self._gate is not None:
                self._gate.acquire()
            if is_cancelled():
                raise Cancelled(f"variant {job.letter} was stopped")
            on_step(step + 1, self._steps)
            on_preview(base.convert("RGB").resize((8, 8)))
        return Rendered(composite(base, doodle), (), Timings(load=0.0, render=0.1))
