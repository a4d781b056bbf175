"""The route of a request's event stream: server-sent events (SSE), for apps (scope `generate`)."""

from collections.abc import AsyncIterator
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Depends, Header
from fastapi.responses import StreamingResponse

from studio.recipes.generation.job import RequestId
from studio.recipes.serving.request_status import ApiClient
from studio.server.dependencies import Events, GenerateClient, Language, Requests, StoredEvents
from studio.server.event_hub import format_sse
from studio.server.schemas import API_PREFIX
from studio.services.requests.request_events import RequestEvents
from studio.services.requests.request_service import RequestService

MAX_EVENT_ID = 10**6
"""Beyond any number that an event has."""

router = APIRouter(prefix=f"{API_PREFIX}/requests", tags=["requests"])


async def _count_stream(client: GenerateClient, events: Events) -> AsyncIterator[ApiClient]:
    """Counts the client's stream until it is closed. Raises CapacityError for one too many."""
    with events.count_stream(client):
        yield client


@router.get("/{request_id}/events", response_class=StreamingResponse)
async def stream_events(
    request_id: RequestId,
    client: Annotated[ApiClient, Depends(_count_stream)],
    requests: Requests,
    stored_events: StoredEvents,
    events: Events,
    language: Language,
    last_event_id: Annotated[int, Header(ge=-1, le=MAX_EVENT_ID)] = -1,
) -> StreamingResponse:
    """The events of the four jobs as server-sent events: `update`, and `done` for the one that ends a job.
    A stream resumes after `Last-Event-ID`."""
    first = last_event_id + 1
    stored = await to_thread.run_sync(
        _expired_events, requests, stored_events, client, request_id, first, language
    )
    if stored is None:
        return _sse_response(events.follow(request_id, first, language))
    return _sse_response(_stream_stored_events(stored))


def _expired_events(
    requests: RequestService,
    stored_events: RequestEvents,
    client: ApiClient,
    request_id: str,
    first: int,
    language: str,
) -> list[str] | None:
    """How the jobs of a finished request ended, where its event log has expired; None for a request whose
    events can still be followed.

    Raises NotFoundError.
    """
    is_finished = requests.get(client, request_id).is_finished
    if not is_finished or stored_events.events_since(request_id, first) is not None:
        return None
    return format_sse(request_id, stored_events.terminal_events(request_id), first, language)


async def _stream_stored_events(lines: list[str]) -> AsyncIterator[str]:
    for line in lines:
        yield line


def _sse_response(lines: AsyncIterator[str]) -> StreamingResponse:
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(lines, media_type="text/event-stream", headers=headers)
