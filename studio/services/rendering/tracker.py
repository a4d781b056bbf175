"""The tracker of a run: records the states of its jobs beyond this process."""

from typing import Protocol

from studio.messages import Message
from studio.recipes.generation.events import Event, JobCancelled
from studio.recipes.serving.request_status import JobState
from studio.recipes.themes.preset import Slot


class JobTracker(Protocol):
    """Records the state of a run's jobs beyond this process, by compare-and-set."""

    @property
    def is_stored(self) -> bool:
        """Whether the jobs outlive this process, so that they may wait as long as it takes."""
        ...

    def claim(self, slot: Slot) -> bool:
        """Starts an attempt at a job; False when the job is no longer available."""
        ...

    def owns(self, slot: Slot) -> bool:
        """Whether this run's attempt at a job is still the current one."""
        ...

    def is_retry(self, slot: Slot) -> bool:
        """Whether an earlier attempt at a claimed job has failed, or has taken its process down."""
        ...

    def end(self, slot: Slot, state: JobState, error: Message | None = None) -> bool:
        """Records how a job ended; False when the attempt is not the current one, so that nothing
        may be published."""
        ...

    def release_for_retry(self, slot: Slot, error: Message) -> bool:
        """After an attempt that failed through no fault of the job: True when it is tried again."""
        ...

    def bypasses_moderation(self, slot: Slot) -> bool:
        """Whether a reviewer has overridden the output moderation of a job."""
        ...

    def terminal_event(self, slot: Slot) -> Event:
        """The event for the state of a job that this run does not own any more."""
        ...

    def close(self) -> None:
        """At the end of this process: gives back the jobs that have started and not ended."""
        ...


class NullJobTracker:
    """The tracker of an operator's test run: nothing is recorded, and no job is tried twice."""

    is_stored = False

    def claim(self, _: Slot) -> bool:
        return True

    def owns(self, _: Slot) -> bool:
        return True

    def is_retry(self, _: Slot) -> bool:
        return False

    def end(self, _: Slot, __: JobState, ___: Message | None = None) -> bool:
        return True

    def release_for_retry(self, _: Slot, __: Message) -> bool:
        return False

    def bypasses_moderation(self, _: Slot) -> bool:
        return False

    def terminal_event(self, slot: Slot) -> Event:
        return JobCancelled(slot=slot)

    def close(self) -> None:
        pass
