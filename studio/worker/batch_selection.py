"""Which queued jobs of the job table a worker renders in one batch with the job it was sent."""

from collections.abc import Callable
from functools import cache

from studio.errors import StorageError, StudioError
from studio.recipes.generation.job import GenerationRequest
from studio.recipes.generation.planning import batch_key, plan_job
from studio.recipes.themes.preset import Slot
from studio.services.requests.queued_requests import plan_possible
from studio.store.jobs import JobStore

LOOKAHEAD = 32
"""Queued jobs of the base model that are looked at."""

FindRequest = Callable[[str], GenerationRequest | None]
JobsByRequest = tuple[tuple[GenerationRequest, tuple[Slot, ...]], ...]


def select_batch(
    jobs: JobStore,
    first: GenerationRequest,
    slot: Slot,
    max_size: int,
    find_request: FindRequest | None = None,
) -> JobsByRequest:
    """The job in `slot` of a request, and queued jobs of any request that may share its batch:
    `max_size` jobs at most.

    Nothing is claimed here. The messages of the other jobs find them claimed when they come.
    `find_request` reads requests in place of `request_finder(jobs)`.

    Raises StorageUnavailableError.
    """
    job, find_request = plan_job(first, slot), find_request or request_finder(jobs)
    batch: dict[str, tuple[GenerationRequest, tuple[Slot, ...]]] = {first.id: (first, (slot,))}
    key, room = batch_key(job), max_size - 1
    for queued in jobs.queue.list_queued_for(job.recipe.base_model.name, LOOKAHEAD):
        is_first = queued.request_id == first.id
        request = first if is_first else find_request(queued.request_id)
        if request is None:
            continue
        joining = tuple(
            other.slot
            for other in plan_possible(request, queued.slots)[0]
            if not (is_first and other.slot == slot) and batch_key(other) == key
        )[:room]
        if joining:
            room -= len(joining)
            batch[request.id] = (request, (slot, *joining) if is_first else joining)
    return tuple(batch.values())


def request_finder(jobs: JobStore) -> FindRequest:
    """Reads each request once. None where it was deleted meanwhile, or cannot be read: its own message
    ends its jobs by name."""

    @cache
    def find(request_id: str) -> GenerationRequest | None:
        try:
            return jobs.requests.get(request_id)
        except StorageError:
            raise
        except StudioError:
            return None

    return find
