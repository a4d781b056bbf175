"""A client's request as it stands: four jobs, each in one state, an answer that may be picked."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from studio.message_fields import MaybeMessage
from studio.messages import message
from studio.recipes.base import Frozen
from studio.recipes.canvas import Slug
from studio.recipes.events import ENDS, Event, Failed, Loading, Preview, Step, Withheld
from studio.recipes.preset import Letter
from studio.recipes.request import RequestId, Seed
from studio.recipes.text import LINE

JobState = Literal["queued", "running", "done", "failed", "withheld", "cancelled", "expired"]
WITHHELD = message("moderation.picture_withheld")
"""What a client is told; the reason is for operators."""
OPEN: tuple[JobState, ...] = ("queued", "running")
"""States from which a job goes on; every other is its end."""
MOST_ATTEMPTS = 3
"""Times a job is begun at most: one that brings down whoever draws it stops there."""

ClientName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
IdempotencyKey = Annotated[str, Field(min_length=1, max_length=200), LINE]


class JobSeen(Frozen):
    """One job as a client may see it. `error` says why there is no picture."""

    letter: Letter
    state: JobState
    attempts: int = 0
    error: MaybeMessage = None


class Asked(Frozen):
    """A request as it stands; `version` is that of the theme which answers it."""

    id: RequestId
    client: ClientName
    theme: Slug
    version: int
    channel: Slug
    base_image: Slug
    seed: Seed
    created: datetime
    picked: Letter | None = None
    jobs: tuple[JobSeen, ...]

    @property
    def ended(self) -> bool:
        return all(job.state not in OPEN for job in self.jobs)


Scope = Literal["draw", "manage", "watch"]
"""What a key opens: themes and requests, presets and deployments, the figures of /metrics."""


class Client(Frozen):
    """Who may ask: `per_minute` requests, `per_day` (None: as many as one likes), `in_flight` that have
    not ended. `channel` is what they are served from; `scopes` say what for."""

    name: ClientName
    channel: Slug = "live"
    per_minute: Annotated[int, Field(ge=1, le=100_000)] = 60
    in_flight: Annotated[int, Field(ge=1, le=10_000)] = 10
    per_day: Annotated[int, Field(ge=1, le=1_000_000_000)] | None = None
    scopes: frozenset[Scope] = frozenset({"draw"})


class Told(Frozen):
    """An event as it travels: small, without the picture it may be about. `final` ends its job."""

    letter: Letter
    kind: str
    final: bool = False
    done: int | None = None
    total: int | None = None
    model: str | None = None
    preview: bytes | None = None
    error: MaybeMessage = None


def told(event: Event) -> Told:
    """An event as it travels."""
    said = Told(letter=event.letter, kind=event.kind, final=isinstance(event, ENDS))
    match event:
        case Step(done=done, total=total):
            return said.model_copy(update={"done": done, "total": total})
        case Loading(model=model):
            return said.model_copy(update={"model": model})
        case Preview(png=png):
            return said.model_copy(update={"preview": png})
        case Failed(message=why):
            return said.model_copy(update={"error": why})
        case Withheld():
            return said.model_copy(update={"error": WITHHELD})
        case _:
            return said
