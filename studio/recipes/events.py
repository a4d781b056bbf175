"""What happens to a request's jobs, as it is told to the page or the client."""

from typing import Literal

from studio.message_fields import KeptMessage, MaybeMessage
from studio.recipes.base import Frozen
from studio.recipes.preset import Letter
from studio.recipes.request import Variant


class _JobEvent(Frozen):
    letter: Letter


class Queued(_JobEvent):
    kind: Literal["queued"] = "queued"


class Started(_JobEvent):
    kind: Literal["started"] = "started"


class Loading(_JobEvent):
    """A model that is not in memory is on its way there."""

    kind: Literal["loading"] = "loading"
    model: str


class Step(_JobEvent):
    """Step `done` of `total` is finished; total counts the steps really run."""

    kind: Literal["step"] = "step"
    done: int
    total: int


class Preview(_JobEvent):
    """How the picture looks so far: a small PNG, to be shown enlarged."""

    kind: Literal["preview"] = "preview"
    png: bytes


class Done(_JobEvent):
    kind: Literal["done"] = "done"
    variant: Variant
    png: bytes


class Failed(_JobEvent):
    """The job ended without a picture; `message` says why."""

    kind: Literal["failed"] = "failed"
    message: KeptMessage


class Withheld(_JobEvent):
    """The picture was drawn, and may not be shown; `reason` is for operators alone."""

    kind: Literal["withheld"] = "withheld"
    reason: MaybeMessage = None


class Stopped(_JobEvent):
    kind: Literal["cancelled"] = "cancelled"


class Elsewhere(_JobEvent):
    """Another process has the job now: this run hears no more of it, and it goes on there."""

    kind: Literal["queued"] = "queued"


Event = Queued | Started | Loading | Step | Preview | Done | Failed | Withheld | Stopped | Elsewhere
ENDS = (Done, Failed, Withheld, Stopped)
"""Events that end a job."""
FINAL = (*ENDS, Elsewhere)
"""Events after which a run has no more of a job."""
