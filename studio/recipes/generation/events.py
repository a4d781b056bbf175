"""What happens to a request's jobs, as it is told to the page or the client."""

from typing import Literal

from studio.message_fields import KeptMessage, MaybeMessage
from studio.recipes.base import FrozenModel
from studio.recipes.generation.job import Variant
from studio.recipes.themes.preset import Slot


class JobEvent(FrozenModel):
    slot: Slot


class Queued(JobEvent):
    kind: Literal["queued"] = "queued"


class Started(JobEvent):
    kind: Literal["started"] = "started"


class ModelLoading(JobEvent):
    """A model that is not in memory is on its way there."""

    kind: Literal["loading"] = "loading"
    model: str


class StepCompleted(JobEvent):
    """Step `done` of `total` is finished; total counts the steps really run."""

    kind: Literal["step"] = "step"
    done: int
    total: int


class PreviewReady(JobEvent):
    """How the picture looks so far: a small PNG, to be shown enlarged."""

    kind: Literal["preview"] = "preview"
    png: bytes


class JobCompleted(JobEvent):
    kind: Literal["done"] = "done"
    variant: Variant
    png: bytes


class Failed(JobEvent):
    """The job ended without a picture; `message` says why."""

    kind: Literal["failed"] = "failed"
    message: KeptMessage


class ResultWithheld(JobEvent):
    """The picture was drawn, and may not be shown; `reason` is for operators alone."""

    kind: Literal["withheld"] = "withheld"
    reason: MaybeMessage = None


class JobCancelled(JobEvent):
    kind: Literal["cancelled"] = "cancelled"


class JobReassigned(JobEvent):
    """Another process has the job now: this run hears no more of it, and it goes on there."""

    kind: Literal["queued"] = "queued"


Event = (
    Queued
    | Started
    | ModelLoading
    | StepCompleted
    | PreviewReady
    | JobCompleted
    | Failed
    | ResultWithheld
    | JobCancelled
    | JobReassigned
)
JOB_END_EVENTS = (JobCompleted, Failed, ResultWithheld, JobCancelled)
"""Events that end a job."""
TERMINAL_EVENTS = (*JOB_END_EVENTS, JobReassigned)
"""Events after which a run has no more of a job."""
