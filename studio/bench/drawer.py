"""A worker of the fleet that draws for as long as it is told and makes nothing: a stand-in lane.

`python -m studio.bench.drawer [ORDER]`; the first word that is asked for is the seconds of recipe A, the next
those of B, and so on; a fifth is what it takes to change the base model. ORDER is kombu's `round_robin`
where a worker is to know nothing of models.
"""

import sys
import time

from PIL import Image

from studio.engine.results import RenderListener, RenderResult
from studio.errors import JobCancelledError
from studio.recipes.generation.job import RenderJob, Timings
from studio.recipes.generation.recipe import ModelRef
from studio.recipes.themes.preset import SLOTS
from studio.services.rendering.fake_renderer import FakeRenderer
from studio.settings import Settings
from studio.worker.celery_worker import run_worker

STEP = 0.02


class SleepingRenderer(FakeRenderer):
    """Sleeps in steps, and gives one small picture back."""

    _model: ModelRef | None = None

    def _render(
        self, job: RenderJob, base: Image.Image, doodle: Image.Image | None, watch: RenderListener
    ) -> RenderResult:
        told = [float(word) for word in job.prompt.split()]
        seconds, model = told[SLOTS.index(job.slot)], job.recipe.base_model
        load = sum(told[len(SLOTS) :]) if model != self._model else 0.0
        self._model = model
        until = time.monotonic() + seconds + load
        while (left := until - time.monotonic()) > 0:
            if watch.should_cancel():
                raise JobCancelledError("request.variants_stopped", slots=job.slot)
            time.sleep(min(STEP, left))
        return RenderResult(
            Image.new("RGB", (8, 8)), (), Timings(load_seconds=load, render_seconds=seconds)
        )


if __name__ == "__main__":
    run_worker(Settings(), SleepingRenderer, *sys.argv[1:])
