"""What API clients see: the status of a request and its four jobs, and events as they are sent."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from studio.message_fields import MaybeMessage
from studio.messages import message
from studio.recipes.base import FrozenModel, StoredModel
from studio.recipes.base_image import Slug
from studio.recipes.generation.events import (
    JOB_END_EVENTS,
    Event,
    JobFailed,
    ModelLoading,
    PreviewReady,
    ResultWithheld,
    StepCompleted,
)
from studio.recipes.generation.job import RequestId, Seed
from studio.recipes.text_fields import LINE
from studio.recipes.themes.preset import Slot

JobState = Literal["queued", "running", "done", "failed", "withheld", "cancelled", "expired"]
WITHHELD_MESSAGE = message("moderation.image_withheld")
"""The error of a withheld job for clients; the reason is for operators only."""
ACTIVE_STATES: tuple[JobState, ...] = ("queued", "running")
"""States of a job that has not ended; all others are terminal."""
MAX_ATTEMPTS = 3
"""Times that a job is started: one that crashes its worker each time is then failed (poison message)."""

ClientName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
IdempotencyKey = Annotated[str, Field(min_length=1, max_length=200), LINE]


class JobStatus(FrozenModel):
    """One job. `error` says why it has no image."""

    slot: Slot
    state: JobState
    attempts: int = 0
    error: MaybeMessage = None


class RequestStatus(FrozenModel):
    """The status of a request. `version` is the theme version that serves it."""

    id: RequestId
    client: ClientName
    theme: Slug
    version: int
    channel: Slug
    base_image: Slug
    seed: Seed
    created_at: datetime
    selected_slot: Slot | None = None
    jobs: tuple[JobStatus, ...]

    @property
    def is_finished(self) -> bool:
        """Whether all four jobs have ended."""
        return all(job.state not in ACTIVE_STATES for job in self.jobs)


Scope = Literal["generate", "admin", "metrics"]
"""Permissions of an API key: create requests, manage themes and deployments, read /metrics."""


class ApiClient(StoredModel):
    """An API client with its rate limit, quota and permissions.

    `requests_per_day` None is no daily quota. `max_concurrent_requests` counts requests that have not
    ended. Themes are served from the deployments of `channel`.
    """

    name: ClientName
    channel: Slug = "live"
    requests_per_minute: Annotated[int, Field(ge=1, le=100_000)] = 60
    max_concurrent_requests: Annotated[int, Field(ge=1, le=10_000)] = 10
    requests_per_day: Annotated[int, Field(ge=1, le=1_000_000_000)] | None = None
    scopes: Annotated[frozenset[Scope], Field(max_length=3)] = frozenset({"generate"})


class EventMessage(FrozenModel):
    """An event as it is sent to clients, without the image. `is_terminal` says that its job has ended."""

    slot: Slot
    type: str
    is_terminal: bool = False
    done: int | None = None
    total: int | None = None
    model: str | None = None
    preview: bytes | None = None
    error: MaybeMessage = None


def to_event_message(event: Event) -> EventMessage:
    """Converts a job's event to the message for clients."""
    base = EventMessage(
        slot=event.slot, type=event.kind, is_terminal=isinstance(event, JOB_END_EVENTS)
    )
    match event:
        case StepCompleted(done=done, total=total):
            return base.model_copy(update={"done": done, "total": total})
        case ModelLoading(model=model):
            return base.model_copy(update={"model": model})
        case PreviewReady(png=png):
            return base.model_copy(update={"preview": png})
        case JobFailed(message=error):
            return base.model_copy(update={"error": error})
        case ResultWithheld():
            return base.model_copy(update={"error": WITHHELD_MESSAGE})
        case _:
            return base
