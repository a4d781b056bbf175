"""The preparer: a thread that works ahead for the next job while the device renders another."""

import logging
import os
import threading
from collections.abc import Sequence

from studio.errors import StudioError
from studio.recipes.generation.job import RenderJob
from studio.services.rendering.input_images import InputImages
from studio.services.rendering.render_queue import QueuedJob, RenderQueue
from studio.services.rendering.renderer import Renderer

log = logging.getLogger(__name__)
LOOKAHEAD = 16
"""Queued jobs among which the next base model is looked for."""


def available_cores() -> int:
    """The number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def prepares_ahead(device_type: str, cores: int) -> bool:
    """Whether working ahead pays on a device (`cpu`, `cuda`, `mps`) of a machine with `cores`.

    On a CPU it takes a core from the job that is being rendered; one of two is too much.
    """
    return device_type == "cuda" or cores > 2


def jobs_to_prefetch(
    running: RenderJob | None, upcoming: Sequence[RenderJob]
) -> tuple[RenderJob, ...]:
    """The jobs whose models are read ahead: the next, and where that has the base model of the
    running one, the first behind it that has another.

    Never two base models beside the running one: RAM may hold no more.
    """
    if not upcoming or running is None:
        return tuple(upcoming[:1])
    base_model = running.recipe.base_model
    others = (job for job in upcoming if job.recipe.base_model != base_model)
    other = next(others, upcoming[0])
    return (upcoming[0],) if other is upcoming[0] else (upcoming[0], other)


class Preparer:
    """Decodes the images of the queue's next job and has the renderer prepare it.

    What it makes goes into caches, where the render thread finds it; what fails fails again there,
    and is reported then.
    """

    def __init__(self, queue: RenderQueue, renderer: Renderer, inputs: InputImages) -> None:
        self._queue, self._renderer, self._inputs = queue, renderer, inputs

    def start(self) -> None:
        """Starts the thread, which ends with the queue, where working ahead pays."""
        if prepares_ahead(self._renderer.device_type, available_cores()):
            threading.Thread(target=self._work, name="preparer", daemon=True).start()

    def prepare(self, queued: QueuedJob) -> None:
        """Works ahead for one job, and for the models of those behind it."""
        job = queued.job
        try:
            base, doodle = self._inputs.read(job)
            self._renderer.prepare(job, base, doodle)
            running = self._queue.running_job
            upcoming = [other.job for other in self._queue.upcoming_jobs(LOOKAHEAD)]
            for to_read in jobs_to_prefetch(running.job if running else None, upcoming):
                self._renderer.prefetch(to_read)
        except StudioError as error:
            log.debug("variant %s of %s was not prepared: %s", job.slot, job.request_id, error)
        except Exception:
            log.exception("variant %s of %s was not prepared", job.slot, job.request_id)

    def _work(self) -> None:
        queued: QueuedJob | None = None
        while (queued := self._queue.wait_for_next(queued)) is not None:
            self.prepare(queued)
