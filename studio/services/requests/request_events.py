"""Events of clients' requests, from the process that renders them or from the job table."""

from studio.recipes.serving.request_status import EventMessage, to_event_message
from studio.services.requests.job_tracker import event_for_state
from studio.services.requests.runner import JobRunner
from studio.store.requests import RequestStore
from studio.store.variants import VariantStore


class RequestEvents:
    """The job table is the source of truth; a run and its events belong to the process that renders
    it."""

    def __init__(self, requests: RequestStore, variants: VariantStore, runner: JobRunner) -> None:
        self._requests, self._variants, self._runner = requests, variants, runner

    def events_since(self, request_id: str, sequence: int) -> tuple[EventMessage, ...] | None:
        """A request's events from this sequence number on; None where they are not known any
        more."""
        return self._runner.events_since(request_id, sequence)

    def is_finished(self, request_id: str) -> bool:
        """Whether no more events of a request will come.

        Where all jobs have ended in the job table and a terminal event was never published, it is
        published now.
        """
        if not self._requests.get_status(request_id).is_finished:
            return False
        if self._runner.is_finished(request_id):
            return True
        self._runner.publish_terminal(request_id, self.terminal_events(request_id))
        return False

    def terminal_events(self, request_id: str) -> tuple[EventMessage, ...]:
        """The state of each job as an event, for a request whose own events are gone."""
        status = self._requests.get_status(request_id)
        stored = {variant.slot: variant for variant in self._variants.list_for_request(request_id)}
        return tuple(
            to_event_message(event_for_state(job, stored.get(job.slot), self._variants))
            for job in status.jobs
        )
