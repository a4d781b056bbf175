"""The preparer: a thread that works ahead for the next job while the device renders another."""

import logging
import os
import threading
from collections.abc import Callable, Sequence
from functools import partial

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
    """Whether working ahead pays on a device (`cpu`, `cuda`) of a machine with `cores`.

    On a CPU it takes a core from the job that is being rendered; one of two is too much.
    """
    return device_type == "cuda" or cores > 2


def jobs_to_prepare(upcoming: Sequence[QueuedJob], batch_size: int) -> list[QueuedJob]:
    """The next job, and those that are rendered in one batch with it, `batch_size` at most."""
    batch = [job for job in upcoming if job.may_join(upcoming[0])]
    return batch[:batch_size]


def job_to_prefetch(running: RenderJob, upcoming: Sequence[RenderJob]) -> RenderJob | None:
    """The job whose models are read ahead besides the next one's, which has the base model of the
    running one: the first behind it that has another.

    Never two base models beside the running one: RAM may hold no more.
    """
    base_model = running.recipe.base_model
    if not upcoming or upcoming[0].recipe.base_model != base_model:
        return None
    return next((job for job in upcoming if job.recipe.base_model != base_model), None)


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

    def _work(self) -> None:
        queued: QueuedJob | None = None
        while (queued := self._queue.wait_for_next(queued)) is not None:
            self._work_ahead()

    def _work_ahead(self) -> None:
        """For the next job and its batch, and for the models of those behind it."""
        upcoming = self._queue.upcoming_jobs(LOOKAHEAD)
        for next_job in jobs_to_prepare(upcoming, self._renderer.max_batch_size):
            self._try(next_job.job, partial(self._prepare, next_job.job))
        running = self._queue.running_job
        further = running and job_to_prefetch(running.job, [other.job for other in upcoming])
        if further:
            self._try(further, partial(self._renderer.prefetch, further))

    def _prepare(self, job: RenderJob) -> None:
        base, doodle = self._inputs.read(job)
        self._renderer.prepare(job, base, doodle)

    def _try(self, job: RenderJob, work: Callable[[], None]) -> None:
        try:
            work()
        except StudioError as error:
            log.debug("variant %s of %s was not prepared: %s", job.slot, job.request_id, error)
        except Exception:
            log.exception("variant %s of %s was not prepared", job.slot, job.request_id)
