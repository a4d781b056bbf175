"""A worker whose renderer only sleeps, so that the queue alone is measured.

    python -m benchmarks.stub_worker [STRATEGY]

A request's prompt says for how many seconds: four numbers for the recipes A to D, and optionally a
fifth for a change of the base model. STRATEGY is kombu's `round_robin` for workers without model
affinity.
"""

import sys
import time

from PIL import Image

from studio.engine.results import RenderListener, RenderResult
from studio.errors import JobCancelledError
from studio.recipes.generation.job import RenderJob, Timings
from studio.recipes.generation.recipe import ModelRef
from studio.recipes.themes.preset import SLOTS
from studio.settings import Settings
from studio.worker.celery_worker import run_worker
from tests.fake_renderer import FakeRenderer

STEP_SECONDS = 0.02
"""How often a sleeping job looks whether it was cancelled."""


class SleepingRenderer(FakeRenderer):
    """Sleeps instead of rendering and returns an image of 8 x 8 pixels."""

    _model: ModelRef | None = None

    def _render(
        self, job: RenderJob, base: Image.Image, doodle: Image.Image | None, watch: RenderListener
    ) -> RenderResult:
        durations = [float(number) for number in job.prompt.split()]
        render_seconds, model = durations[SLOTS.index(job.slot)], job.recipe.base_model
        load_seconds = sum(durations[len(SLOTS) :]) if model != self._model else 0.0
        self._model = model
        deadline = time.monotonic() + render_seconds + load_seconds
        while (remaining := deadline - time.monotonic()) > 0:
            if watch.should_cancel():
                raise JobCancelledError("request.variants_stopped", slots=job.slot)
            time.sleep(min(STEP_SECONDS, remaining))
        timings = Timings(load_seconds=load_seconds, render_seconds=render_seconds)
        return RenderResult(Image.new("RGB", (8, 8)), (), timings)


if __name__ == "__main__":
    run_worker(Settings(), SleepingRenderer, *sys.argv[1:])
