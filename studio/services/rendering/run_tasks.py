"""Test runs as background tasks: what the list of tasks shows of them beside the registry's own."""

from collections.abc import Sequence
from statistics import mean

from studio.recipes.generation.events import JobCompleted, JobFailed
from studio.services.background_tasks import About, BackgroundTask, State, TaskProgress
from studio.services.rendering.render_service import RenderService
from studio.services.rendering.run import Run

_PREFIX = "run/"


def list_run_tasks(renders: RenderService) -> Sequence[BackgroundTask]:
    """The test runs of this process that go on or ended lately, latest first. Clients' jobs are not among
    them: the queue's page shows those."""
    return [_task(run) for run in reversed(_test_runs(renders))]


def cancel_run_task(renders: RenderService, name: str) -> bool:
    """Cancels a test run; False where `name` is that of another kind of task.

    A client's run is no task: only the job table, through `RequestService.cancel`, ends its jobs for good.
    """
    if not name.startswith(_PREFIX):
        return False
    request_id = name.removeprefix(_PREFIX)
    if any(run.request.id == request_id for run in _test_runs(renders)):
        renders.cancel(request_id)
    return True


def _test_runs(renders: RenderService) -> list[Run]:
    return [run for run in renders.recent_runs() if not run.tracker.is_stored]


def _task(run: Run) -> BackgroundTask:
    request = run.request
    about = About("run", request.preset.name, f"/?run={request.id}", request.theme_version)
    return BackgroundTask(f"{_PREFIX}{request.id}", about, run.started_at, _progress(run))


def _progress(run: Run) -> TaskProgress:
    events, pending = run.events_from(0), len(run.pending_slots)
    seconds = [
        event.variant.timings.render_seconds for event in events if isinstance(event, JobCompleted)
    ]
    failures = [event.message for event in events if isinstance(event, JobFailed)]
    state: State = "failed" if failures else "done"
    if pending:
        state = "running"
    elif run.cancelled:
        state = "stopped"
    return TaskProgress(
        done=len(run.jobs) - pending,
        total=len(run.jobs),
        state=state,
        message=failures[0] if state == "failed" else None,
        stopping=pending > 0 and run.cancelled,
        remaining_seconds=mean(seconds) * pending if seconds and pending else None,
    )
