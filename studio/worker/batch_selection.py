"""Which queued jobs of the job table a worker renders in one batch with the job it was sent."""

from studio.errors import NotFoundError
from studio.recipes.generation.job import GenerationRequest
from studio.recipes.generation.planning import plan_jobs
from studio.recipes.themes.preset import Slot
from studio.services.rendering.batching import MAX_BATCH, share_batch
from studio.store.jobs import JobStore

LOOKAHEAD = 4 * MAX_BATCH
"""Queued jobs of the base model that are looked at."""

JobsByRequest = tuple[tuple[GenerationRequest, tuple[Slot, ...]], ...]


def select_batch(jobs: JobStore, first: GenerationRequest, slot: Slot) -> JobsByRequest:
    """The job in `slot` of a request, and the queued jobs of any request that may share its batch.

    Nothing is claimed here. The messages of the other jobs find them claimed when they come.

    Raises StorageUnavailableError.
    """
    job = next(job for job in plan_jobs(first) if job.slot == slot)
    batch: dict[str, tuple[GenerationRequest, tuple[Slot, ...]]] = {first.id: (first, (slot,))}
    room = MAX_BATCH - 1
    for queued in jobs.queue.list_queued_for(job.recipe.base_model.name, LOOKAHEAD):
        is_first = queued.request_id == first.id
        try:
            request = first if is_first else jobs.requests.get(queued.request_id)
        except NotFoundError:  # It was deleted meanwhile.
            continue
        joining = tuple(
            other.slot
            for other in plan_jobs(request)
            if other.slot in queued.slots
            and not (is_first and other.slot == slot)
            and share_batch(job, other)
        )[:room]
        if joining:
            room -= len(joining)
            batch[request.id] = (request, (slot, *joining) if is_first else joining)
    return tuple(batch.values())
