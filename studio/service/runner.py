"""Who draws what clients ask for: this process, or a fleet that pulls from a queue."""

from collections.abc import Sequence
from typing import Protocol

from studio.errors import NotFound
from studio.recipes.preset import Letter
from studio.recipes.request import Request
from studio.recipes.serving import Told, told
from studio.service.lane import Priority
from studio.service.ledger import SqlLedger
from studio.service.rendering import RenderService
from studio.store.jobs import JobStore
from studio.store.variants import VariantStore


class Runner(Protocol):
    """Draws the jobs of requests; the job table says which are still to be had."""

    @property
    def alone(self) -> bool:
        """Whether nobody else draws: what was running before a start is then nobody's."""
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

    alone = True

    def __init__(self, rendering: RenderService, jobs: JobStore, variants: VariantStore) -> None:
        self._rendering, self._jobs, self._variants = rendering, jobs, variants

    def start(self, request: Request, letters: Sequence[Letter], turn: int = 0) -> None:
        ledger = SqlLedger(self._jobs, self._variants, request.id)
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
