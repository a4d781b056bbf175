"""A worker with a fake renderer, for tests of the fleet; `python -m tests.servers.render_worker`.

The prompt of a request decides how it is rendered: "slow" takes its time over each step, "C fails"
fails slot C. Once for each request, or always with "for ever", "B bursts" kills the process that
renders slot B, "B hangs" never ends slot B, and "B loses the device" fails it as a sticky CUDA
error does.
"""

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from studio.errors import DeviceLostError, RenderError, StudioError
from studio.settings import Settings
from studio.worker import celery_worker
from tests.fake_renderer import FakeRenderer

SLOW_STEP_SECONDS = 0.15
FAULTS = ("bursts", "hangs", "loses the device")


def _fail(prompt: str) -> None:
    if "B loses the device" in prompt:
        raise DeviceLostError("CUDA error: device-side assert triggered")
    while "B hangs" in prompt:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGKILL)


class ScriptedRenderer(FakeRenderer):
    """Does what the prompt says."""

    def _render(self, job: Any, base: Any, doodle: Any, watch: Any) -> Any:
        if "C fails" in job.prompt and job.slot == "C":
            raise RenderError("recipe C: NaN latents")
        if job.slot == "B" and any(f"B {fault}" in job.prompt for fault in FAULTS):
            failed_before = Path(os.environ["STUDIO_DATA_DIR"]) / f"harm-{job.request_id}"
            if not failed_before.exists() or "for ever" in job.prompt:
                failed_before.touch()
                _fail(job.prompt)
        on_step = watch.on_step

        def slow_step(done: int, total: int) -> None:
            on_step(done, total)
            time.sleep(SLOW_STEP_SECONDS)

        if "slow" in job.prompt:
            object.__setattr__(watch, "on_step", slow_step)
        return super()._render(job, base, doodle, watch)


if __name__ == "__main__":
    celery_worker.RESCAN_INTERVAL_SECONDS = 0.5
    try:
        celery_worker.run_worker(Settings(), lambda: ScriptedRenderer(steps=4))
    except StudioError as error:  # As the command line does.
        sys.exit(error.exit_code)
