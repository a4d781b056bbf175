"""A worker of the fleet that draws for as long as it is told and makes nothing: a stand-in lane.

`python -m studio.bench.drawer [ORDER]`; the first word that is asked for is the seconds of recipe A, the next
those of B, and so on; a fifth is what it takes to change the base model. ORDER is kombu's `round_robin`
where a worker is to know nothing of models.
"""

import sys
import time

from PIL import Image

from studio.engine.rendered import Rendered, Watch
from studio.errors import Cancelled
from studio.recipes.preset import LETTERS
from studio.recipes.recipe import ModelRef
from studio.recipes.request import Job, Timings
from studio.service.fake import FakeRenderer
from studio.settings import Settings
from studio.worker import work

STEP = 0.02


class Sleeper(FakeRenderer):
    """Sleeps in steps, and gives one small picture back."""

    _model: ModelRef | None = None

    def _render(
        self, job: Job, base: Image.Image, doodle: Image.Image | None, watch: Watch
    ) -> Rendered:
        told = [float(word) for word in job.prompt.split()]
        seconds, model = told[LETTERS.index(job.letter)], job.recipe.base_model
        load = sum(told[len(LETTERS) :]) if model != self._model else 0.0
        self._model = model
        until = time.monotonic() + seconds + load
        while (left := until - time.monotonic()) > 0:
            if watch.is_cancelled():
                raise Cancelled("request.variants_stopped", slots=job.letter)
            time.sleep(min(STEP, left))
        return Rendered(Image.new("RGB", (8, 8)), (), Timings(load=load, render=seconds))


if __name__ == "__main__":
    work(Settings(), Sleeper, *sys.argv[1:])
