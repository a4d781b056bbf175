"""Jobs whose row changes while they are rendered: by another process, by expiry, by cancellation."""

import threading
from pathlib import Path

import pytest
from sqlalchemy import update

from studio.recipes.generation.events import JOB_END_EVENTS, JobCompleted, JobFailed, StepCompleted
from studio.recipes.serving.request_status import to_event_message
from studio.recipes.themes.preset import SLOTS
from studio.services.rendering import cancellation_poll
from studio.services.rendering.cancellation_poll import CancellationPoll
from studio.store.job_queue import EXPIRED_MESSAGE
from studio.store.tables import JobRow
from tests import examples
from tests.fake_renderer import FakeRenderer
from tests.unit.services.outage_bench import Bench, done, expire_heartbeats, rendering_run
from tests.waiting import LONG, until


def test_job_of_another_process_is_published_as_queued(tmp_path: Path) -> None:
    """Issue 18, 12: two servers on one store told clients that such a job was cancelled."""
    bench = Bench(tmp_path, FakeRenderer())
    request = bench.admit()
    assert bench.jobs.queue.claim(request.id, "A") is not None
    events = [event for event in bench.start(request).events() if event.slot == "A"]
    assert [(to_event_message(e).type, to_event_message(e).is_terminal) for e in events] == [
        ("queued", False)
    ] * 2


def test_unknown_running_job_is_requeued(tmp_path: Path) -> None:
    """As when a claim was written, and the answer to it was lost."""
    bench = Bench(tmp_path, FakeRenderer())
    request = bench.admit()
    assert bench.jobs.queue.claim(request.id, "A") is not None
    bench.runner.run_maintenance()
    assert bench.states() == ["running", "queued", "queued", "queued"]
    expire_heartbeats(bench)
    bench.runner.run_maintenance(is_clock_steady=False)
    assert bench.states() == ["running", "queued", "queued", "queued"]
    bench.runner.run_maintenance()
    assert done(list(bench.service.run(request.id).events())) == [*SLOTS]
    expire_heartbeats(bench)
    bench.runner.run_maintenance()
    assert bench.states() == ["done"] * 4


def test_rerendered_variant_continues_the_events_of_its_run(tmp_path: Path) -> None:
    """Followers count events: a run that began anew at 0 left them without the end."""
    bench = Bench(tmp_path, FakeRenderer())
    request = bench.admit()
    run = bench.start(request)
    events_so_far = list(run.events())
    with bench.database.write_session() as session:
        of_b = update(JobRow).where(JobRow.slot == "B")
        session.execute(of_b.values(state="queued", attempts=0))
    bench.runner.enqueue(request, ("B",))
    assert bench.service.run(request.id) is run
    events = list(run.events())
    assert events[: len(events_so_far)] == events_so_far
    assert [
        event.slot for event in events[len(events_so_far) :] if isinstance(event, JobCompleted)
    ] == ["B"]


def test_expired_jobs_end_and_the_running_one_goes_on(tmp_path: Path) -> None:
    gate = threading.Semaphore(1)
    bench = Bench(tmp_path, FakeRenderer(gate=gate))
    run = bench.start(bench.admit())
    events = run.events()
    while not isinstance(next(events), StepCompleted):
        pass
    with bench.database.write_session() as session:
        session.execute(update(JobRow).values(expires_at=examples.LONG_AGO))
    overdue = bench.jobs.queue.expire_overdue()[examples.REQUEST_ID]
    assert overdue == ("B", "C", "D")
    bench.service.drop(examples.REQUEST_ID, overdue)
    gate.release(100)
    remaining = list(events)
    assert done(remaining) == ["A"]
    assert [e.message for e in remaining if isinstance(e, JobFailed)] == [EXPIRED_MESSAGE] * 3


def test_no_step_of_a_render_reads_the_job_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Issue 20, 2: a poll each second does, and it finds what another process has cancelled."""
    monkeypatch.setattr(cancellation_poll, "INTERVAL_SECONDS", LONG)
    gate = threading.Semaphore(1)
    bench = Bench(tmp_path, FakeRenderer(steps=5, gate=gate))
    run = rendering_run(bench)
    gate.release(3)
    until(lambda: len([e for e in run.events_from(0) if isinstance(e, StepCompleted)]) == 4)
    assert bench.leases.lease_checks == 0
    poll = CancellationPoll(bench.service.active_runs)
    poll.poll()
    assert bench.leases.lease_checks == 1
    assert not run.should_stop("A")
    bench.jobs.queue.cancel(examples.REQUEST_ID)
    bench.outage.begin()
    poll.poll()
    assert not run.should_stop("A")
    bench.outage.end()
    poll.poll()
    assert run.should_stop("A")
    gate.release(100)
    ends = {event.kind for event in run.events() if isinstance(event, JOB_END_EVENTS)}
    assert ends == {"cancelled"}
    assert [job.slot for job in bench.renderer.rendered] == ["A"]


def test_poll_of_an_older_rendering_does_not_stop_a_newer_one(tmp_path: Path) -> None:
    gate = threading.Semaphore(1)
    bench = Bench(tmp_path, FakeRenderer(steps=2, gate=gate))
    run = rendering_run(bench)
    [(slot, rendering)] = run.rendering.items()
    run.begin_rendering(slot)
    run.lose(slot, rendering)
    assert not run.should_stop(slot)
    gate.release(100)
    assert done(list(run.events())) == [*SLOTS]
