"""A worker of the fleet whose pictures need no models; `python -m tests.servers.drawer`.

What it is asked for in words decides how it draws: "slow" takes its time over each step, "C fails" fails
recipe C, and "B bursts" ends the process that draws recipe B, once for each mark it can leave.
"""

import os
import signal
import time
from pathlib import Path
from typing import Any

from studio.errors import EngineError
from studio.service.fake import FakeRenderer
from studio.settings import Settings
from studio.worker import work

SLOW = 0.15
"""Seconds a step takes where asked for."""


class Wordy(FakeRenderer):
    def _render(self, job: Any, base: Any, doodle: Any, watch: Any) -> Any:
        if "C fails" in job.prompt and job.letter == "C":
            raise EngineError("recipe C: NaN latents")
        if "B bursts" in job.prompt and job.letter == "B":
            mark = Path(os.environ["STUDIO_HOME"]) / f"burst-{job.request_id}"
            if not mark.exists() or "for ever" in job.prompt:
                mark.touch()
                os.kill(os.getpid(), signal.SIGKILL)
        step = watch.on_step

        def slowly(done: int, total: int) -> None:
            step(done, total)
            time.sleep(SLOW)

        if "slow" in job.prompt:
            object.__setattr__(watch, "on_step", slowly)
        return super()._render(job, base, doodle, watch)


if __name__ == "__main__":
    work(Settings(), lambda: Wordy(steps=4))
