"""Who draws what clients ask for: this process, or a fleet that pulls from a queue."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

from studio.errors import LaneHung, NotFound
from studio.recipes.preset import Letter
from studio.recipes.request import Request
from studio.recipes.serving import Told, told
from studio.service.lane import Priority
from studio.service.ledger import SqlLedger
from studio.service.rendering import RenderService
from studio.store.jobs import JobStore
from studio.store.variants import VariantStore

UNLIMITED = 600.0
"""Seconds a job may take where no setting says."""
GRACE = 30.0
"""Seconds beyond the limit that an engine watches itself, until whoever draws is ended."""


def hard_limit(job_seconds: float | None) -> int:
    """Seconds after which a job's drawer is taken to hang."""
    return round((job_seconds or UNLIMITED) + GRACE)


class Runner(Protocol):
    """Draws the jobs of requests; the job table says which are still to be had."""

    def recover(self) -> int:
        """Goes on, at a start, with what a restart broke off; tells with how many requests."""
        ...

    def tend(self) -> None:
        """To be called now and then: sees to jobs whose drawer died, or hangs. Raises LaneHung."""
        ...

    def start(self, request: Request, letters: Sequence[Letter], turn: int = 0) -> None:
        """Has these jobs drawn, and returns at once; lower turns go first."""
        ...

    def cancel(self, request_id: str, queued: Sequence[Letter]) -> None:
        """After jobs were cancelled in the table, of which `queued` had not begun."""
        ...

    def news(self, request_id: str, number: int) -> tuple[Told, ...] | None:
        """What happened from the event of this number on; None where that is not known any more."""
        ...

    def settle(self, request_id: str, ends: Sequence[Told]) -> None:
        """Tells the ends of jobs that whoever drew them died before telling."""
        ...

    def is_over(self, request_id: str) -> bool:
        """Whether nothing more will be told of a request."""
        ...


class InProcess:
    """Draws in this process's lane."""

    def __init__(
        self,
        rendering: RenderService,
        jobs: JobStore,
        variants: VariantStore,
        job_seconds: float | None = None,
    ) -> None:
        self._rendering, self._jobs, self._variants = rendering, jobs, variants
        self._limit = timedelta(seconds=hard_limit(job_seconds))

    def recover(self) -> int:
        """What was running before a start is nobody's now."""
        self._jobs.take_back()
        found = self._jobs.queued()
        for left in found:
            self.start(self._jobs.request(left.request_id), left.letters, left.turn)
        return len(found)

    def tend(self) -> None:
        """A thread that hangs in a library's code cannot be ended, but its process can."""
        if self._jobs.longest_running() > self._limit:
            raise LaneHung(
                f"a job has hung for over {self._limit.seconds} s: this process must end, its service"
                " manager starts it again, and the job is tried anew"
            )

    def start(self, request: Request, letters: Sequence[Letter], turn: int = 0) -> None:
        ledger = SqlLedger(self._jobs, self._variants, request, self._rendering.metrics)
        self._rendering.start(request, Priority.LIVE, ledger, letters, turn)

    def cancel(self, request_id: str, queued: Sequence[Letter]) -> None:
        self._rendering.cancel(request_id)

    def news(self, request_id: str, number: int) -> tuple[Told, ...] | None:
        try:
            run = self._rendering.run(request_id)
        except NotFound:
            return None
        return tuple(map(told, run.since(number)))

    def settle(self, request_id: str, ends: Sequence[Told]) -> None:
        """This process tells what it draws."""

    def is_over(self, request_id: str) -> bool:
        try:
            return not self._rendering.run(request_id).open_letters
        except NotFound:
            return True
