"""Events of a request's jobs, as they are sent to the page or the client."""

from typing import Literal

from studio.message_fields import MaybeMessage, StoredMessage
from studio.recipes.base import FrozenModel
from studio.recipes.generation.job import Variant
from studio.recipes.themes.preset import Slot


class JobEvent(FrozenModel):
    """Base class; `slot` says which of the request's four jobs it is about."""

    slot: Slot


class JobQueued(JobEvent):
    """The job waits for a worker."""

    kind: Literal["queued"] = "queued"


class JobStarted(JobEvent):
    """A worker has started the job."""

    kind: Literal["started"] = "started"


class ModelLoading(JobEvent):
    """A model is being loaded into memory."""

    kind: Literal["loading"] = "loading"
    model: str


class StepCompleted(JobEvent):
    """Step `done` of `total` has finished; `total` counts the steps that really run."""

    kind: Literal["step"] = "step"
    done: int
    total: int


class PreviewReady(JobEvent):
    """A preview of the unfinished image: a small PNG, to be shown enlarged."""

    kind: Literal["preview"] = "preview"
    png: bytes


class JobCompleted(JobEvent):
    """The image is finished; `png` are its bytes, with the generation metadata in them."""

    kind: Literal["done"] = "done"
    variant: Variant
    png: bytes


class JobFailed(JobEvent):
    """The job ended without an image; `message` says why."""

    kind: Literal["failed"] = "failed"
    message: StoredMessage


class ResultWithheld(JobEvent):
    """The image was rendered and then withheld by moderation; `reason` is for operators only."""

    kind: Literal["withheld"] = "withheld"
    reason: MaybeMessage = None


class JobCancelled(JobEvent):
    """The job was cancelled by the user or client."""

    kind: Literal["cancelled"] = "cancelled"


class JobReassigned(JobEvent):
    """Another process has taken over the job: this run receives no more of its events."""

    kind: Literal["queued"] = "queued"


Event = (
    JobQueued
    | JobStarted
    | ModelLoading
    | StepCompleted
    | PreviewReady
    | JobCompleted
    | JobFailed
    | ResultWithheld
    | JobCancelled
    | JobReassigned
)
JOB_END_EVENTS = (JobCompleted, JobFailed, ResultWithheld, JobCancelled)
"""Events that end a job."""
TERMINAL_EVENTS = (*JOB_END_EVENTS, JobReassigned)
"""Events after which a run receives no more of a job's events."""
