"""The requests of queued jobs, read to be rendered: what cannot be read or planned any more fails by name.

An older version may have stored it. One such request must not stop those of others.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from studio.errors import NotFoundError, StorageError, StudioError, public_message
from studio.messages import Message, message
from studio.recipes.generation.job import GenerationRequest, RenderJob
from studio.recipes.generation.planning import plan_job, plan_jobs
from studio.recipes.serving.request_status import EventMessage
from studio.recipes.themes.preset import Slot
from studio.store.jobs import JobStore

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class QueuedRequest:
    """A stored request with its planned jobs; `request` is None where there is nothing to render.

    `failed` are the events of the jobs that have failed, for whoever publishes them.
    """

    request: GenerationRequest | None = None
    jobs: tuple[RenderJob, ...] = ()
    failed: tuple[EventMessage, ...] = ()

    @property
    def slots(self) -> tuple[Slot, ...]:
        """The slots of `jobs`."""
        return tuple(job.slot for job in self.jobs)


def load_queued(store: JobStore, request_id: str, slots: Sequence[Slot]) -> QueuedRequest:
    """Reads a request and plans its jobs in `slots`. Those that cannot be rendered fail in the job table.

    Raises StorageError while the store is away.
    """
    try:
        request = store.requests.get(request_id)
    except StorageError:
        raise
    except NotFoundError as error:
        log.warning("jobs skipped: %s", error)  # The request was deleted in the meantime.
        return QueuedRequest()
    except StudioError:  # Its message quotes the document, which neither log nor client must have.
        log.warning("request %s cannot be read, its jobs fail", request_id)
        unreadable = {slot: message("request.stored_unreadable", slot=slot) for slot in slots}
        return QueuedRequest(failed=_fail(store, request_id, unreadable))
    jobs, errors = plan_possible(request, slots)
    failed = _fail(store, request_id, errors) if errors else ()
    return QueuedRequest(request if jobs else None, jobs, failed)


def plan_possible(
    request: GenerationRequest, slots: Sequence[Slot]
) -> tuple[tuple[RenderJob, ...], Mapping[Slot, Message]]:
    """The jobs in `slots` in the order of `plan_jobs`, and why the others cannot be planned."""
    errors: dict[Slot, Message] = {}
    for slot in slots:
        try:
            plan_job(request, slot)
        except StudioError as error:
            log.warning("variant %s of %s cannot be planned: %s", slot, request.id, error)
            errors[slot] = public_message(error)
        except Exception:
            log.exception("variant %s of %s cannot be planned", slot, request.id)
            errors[slot] = message("request.variant_failed", slot=slot)
    return plan_jobs(request, [slot for slot in slots if slot not in errors]), errors


def _fail(
    store: JobStore, request_id: str, errors: Mapping[Slot, Message]
) -> tuple[EventMessage, ...]:
    failed = store.queue.fail_queued(request_id, errors)
    return tuple(
        EventMessage(slot=slot, type="failed", is_terminal=True, error=errors[slot])
        for slot in failed
    )
