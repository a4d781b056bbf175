"""A worker of the fleet that draws for as long as it is told and makes nothing: a stand-in lane.

`python -m studio.bench.drawer`; the first word that is asked for is the seconds of recipe A, the next
those of B, and so on.
"""

import time

from PIL import Image

from studio.engine.rendered import Rendered, Watch
from studio.errors import Cancelled
from studio.recipes.preset import LETTERS
from studio.recipes.request import Job, Timings
from studio.service.fake import FakeRenderer
from studio.settings import Settings
from studio.worker import work

STEP = 0.02


class Sleeper(FakeRenderer):
    """Sleeps in steps, and gives one small picture back."""

    def _render(
        self, job: Job, base: Image.Image, doodle: Image.Image | None, watch: Watch
    ) -> Rendered:
        seconds = float(job.prompt.split()[LETTERS.index(job.letter)])
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if watch.is_cancelled():
                raise Cancelled(f"variant {job.letter} was stopped")
            time.sleep(min(STEP, left))
        return Rendered(Image.new("RGB", (8, 8)), (), Timings(load=0.0, render=seconds))


if __name__ == "__main__":
    work(Settings(), Sleeper)
