"""Jobs of a process that ends or hangs: requeued, and their attempts counted where they must be."""

import threading
from pathlib import Path

import pytest

from studio.errors import WorkerHungError
from studio.recipes.generation.events import StepCompleted
from studio.recipes.themes.preset import SLOTS
from tests import examples
from tests.fake_renderer import FakeRenderer
from tests.unit.services.outage_bench import Bench, attempts, done, wait_until_started


def test_hung_job_is_detected_by_the_monotonic_clock(tmp_path: Path) -> None:
    """Issue 18, 12."""
    gate, now = threading.Semaphore(1), [0.0]
    bench = Bench(tmp_path, FakeRenderer(gate=gate), clock=lambda: now[0])
    run = bench.start(bench.admit())
    events = run.events()
    while not isinstance(next(events), StepCompleted):
        pass
    bench.service.check(600)
    now[0] = 601
    with pytest.raises(WorkerHungError, match="no progress for 600 s"):
        bench.service.check(600)
    gate.release(100)
    assert len(done(list(events))) == 4


def test_orderly_shutdown_requeues_jobs_without_counting_the_attempt(
    tmp_path: Path,
) -> None:
    """Issue 18, 14 (security review, 4.5)."""
    gate = threading.Semaphore(1)
    first = Bench(tmp_path, FakeRenderer(gate=gate))
    run = first.start(first.admit())
    wait_until_started(run)
    first.runner.release_jobs()
    assert first.states() == ["queued"] * 4
    assert attempts(first) == [0] * 4
    gate.release(100)  # What is still under way in the dying process changes nothing.
    assert not done(list(run.events()))
    assert [job.slot for job in first.renderer.rendered] == ["A"]
    assert first.states() == ["queued"] * 4
    second = Bench(tmp_path, FakeRenderer())
    assert second.runner.resume_interrupted() == 1
    assert done(list(second.service.run(examples.REQUEST_ID).events())) == [*SLOTS]
    assert attempts(second) == [1] * 4


def test_hung_attempt_counts_at_shutdown(tmp_path: Path) -> None:
    gate, now = threading.Semaphore(1), [0.0]
    bench = Bench(tmp_path, FakeRenderer(gate=gate), clock=lambda: now[0])
    wait_until_started(bench.start(bench.admit()))
    now[0] = 1e6
    bench.runner.release_jobs()
    assert bench.states() == ["running", "queued", "queued", "queued"]
    assert attempts(bench) == [1, 0, 0, 0]
    gate.release(100)


def test_shutdown_does_not_wait_for_a_store_that_is_away(tmp_path: Path) -> None:
    gate = threading.Semaphore(1)
    bench = Bench(tmp_path, FakeRenderer(gate=gate))
    wait_until_started(bench.start(bench.admit()))
    bench.outage.begin()
    bench.runner.release_jobs()
    bench.outage.end()
    assert bench.states() == ["running", "queued", "queued", "queued"]
    gate.release(100)
