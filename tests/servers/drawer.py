"""A worker of the fleet whose pictures need no models; `python -m tests.servers.drawer`.

What it is asked for in words decides how it draws: "slow" takes its time over each step, "C fails" fails
recipe C. Once for each mark it can leave, "B bursts" ends the process that draws recipe B, "B hangs" never ends
recipe B, and "B loses the device" fails it as a sticky CUDA error does.
"""

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from studio.errors import DeviceLost, RenderError, StudioError
from studio.services.rendering.fake_renderer import FakeRenderer
from studio.settings import Settings
from studio.worker import celery_worker as worker

SLOW = 0.15
"""Seconds a step takes where asked for."""


HARM = ("bursts", "hangs", "loses the device")


def _harm(prompt: str) -> None:
    if "B loses the device" in prompt:
        raise DeviceLost("CUDA error: device-side assert triggered")
    while "B hangs" in prompt:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGKILL)


class Wordy(FakeRenderer):
    def _render(self, job: Any, base: Any, doodle: Any, watch: Any) -> Any:
        if "C fails" in job.prompt and job.slot == "C":
            raise RenderError("recipe C: NaN latents")
        if job.slot == "B" and any(f"B {each}" in job.prompt for each in HARM):
            mark = Path(os.environ["STUDIO_DATA_DIR"]) / f"harm-{job.request_id}"
            if not mark.exists() or "for ever" in job.prompt:
                mark.touch()
                _harm(job.prompt)
        step = watch.on_step

        def slowly(done: int, total: int) -> None:
            step(done, total)
            time.sleep(SLOW)

        if "slow" in job.prompt:
            object.__setattr__(watch, "on_step", slowly)
        return super()._render(job, base, doodle, watch)


if __name__ == "__main__":
    worker.RESCAN = 0.5
    try:
        worker.run_worker(Settings(), lambda: Wordy(steps=4))
    except StudioError as error:  # As the command line does.
        sys.exit(error.exit_code)
