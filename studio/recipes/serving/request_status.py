"""A client's request as it stands: four jobs, each in one state, an answer that may be picked."""

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
    Failed,
    ModelLoading,
    PreviewReady,
    ResultWithheld,
    StepCompleted,
)
from studio.recipes.generation.job import RequestId, Seed
from studio.recipes.text_fields import LINE
from studio.recipes.themes.preset import Slot

JobState = Literal["queued", "running", "done", "failed", "withheld", "cancelled", "expired"]
WITHHELD_MESSAGE = message("moderation.picture_withheld")
"""What a client is told; the reason is for operators."""
ACTIVE_STATES: tuple[JobState, ...] = ("queued", "running")
"""States from which a job goes on; every other is its end."""
MAX_ATTEMPTS = 3
"""Times a job is begun at most: one that brings down whoever draws it stops there."""

ClientName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
IdempotencyKey = Annotated[str, Field(min_length=1, max_length=200), LINE]


class JobStatus(FrozenModel):
    """One job as a client may see it. `error` says why there is no picture."""

    slot: Slot
    state: JobState
    attempts: int = 0
    error: MaybeMessage = None


class RequestStatus(FrozenModel):
    """A request as it stands; `version` is that of the theme which answers it."""

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
        return all(job.state not in ACTIVE_STATES for job in self.jobs)


Scope = Literal["draw", "manage", "watch"]
"""What a key opens: themes and requests, presets and deployments, the figures of /metrics."""


class ApiClient(StoredModel):
    """Who may ask: `per_minute` requests, `per_day` (None: as many as one likes), `in_flight` that have
    not ended. `channel` is what they are served from; `scopes` say what for."""

    name: ClientName
    channel: Slug = "live"
    requests_per_minute: Annotated[int, Field(ge=1, le=100_000)] = 60
    max_concurrent_requests: Annotated[int, Field(ge=1, le=10_000)] = 10
    requests_per_day: Annotated[int, Field(ge=1, le=1_000_000_000)] | None = None
    scopes: frozenset[Scope] = frozenset({"draw"})


class EventMessage(FrozenModel):
    """An event as it travels: small, without the picture it may be about. `final` ends its job."""

    slot: Slot
    type: str
    is_terminal: bool = False
    done: int | None = None
    total: int | None = None
    model: str | None = None
    preview: bytes | None = None
    error: MaybeMessage = None


def to_event_message(event: Event) -> EventMessage:
    """An event as it travels."""
    said = EventMessage(
        slot=event.slot, type=event.kind, is_terminal=isinstance(event, JOB_END_EVENTS)
    )
    match event:
        case StepCompleted(done=done, total=total):
            return said.model_copy(update={"done": done, "total": total})
        case ModelLoading(model=model):
            return said.model_copy(update={"model": model})
        case PreviewReady(png=png):
            return said.model_copy(update={"preview": png})
        case Failed(message=why):
            return said.model_copy(update={"error": why})
        case ResultWithheld():
            return said.model_copy(update={"error": WITHHELD_MESSAGE})
        case _:
            return said
