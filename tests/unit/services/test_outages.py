"""Jobs during outages: store away, slow webhook, lost device. Issue 18, 1 and 2."""

import threading
from pathlib import Path

import pytest

from studio.errors import DeviceLostError, StorageError
from studio.recipes.generation.events import Event, JobFailed, StepCompleted
from studio.recipes.themes.preset import SLOTS
from studio.services.rendering.job_completion import STORE_AWAY
from tests import examples
from tests.fake_renderer import FakeRenderer
from tests.unit.services.outage_bench import Bench, Outage, done
from tests.waiting import LONG


def test_claim_waits_for_a_store_that_is_away(tmp_path: Path) -> None:
    bench = Bench(tmp_path, FakeRenderer())
    request = bench.admit()
    bench.outage.begin()
    run = bench.start(request)
    bench.outage.end()
    assert done(list(run.events())) == [*SLOTS]
    assert bench.states() == ["done"] * 4
    assert len(bench.renderer.rendered) == 4


def test_rendered_image_waits_until_it_can_be_stored(tmp_path: Path) -> None:
    gate = threading.Semaphore(1)
    bench = Bench(tmp_path, FakeRenderer(steps=3, gate=gate))
    run = bench.start(bench.admit())
    events = run.events()
    events_so_far = [next(events)]
    while not isinstance(events_so_far[-1], StepCompleted):
        events_so_far.append(next(events))
    bench.outage.begin()
    gate.release(100)
    bench.outage.end()
    events_so_far += events
    assert done(events_so_far) == [*SLOTS]
    assert len(bench.renderer.rendered) == 4
    assert len(bench.variants.list_for_request(examples.REQUEST_ID)) == 4


def test_test_run_fails_after_a_timeout_while_the_store_is_away(tmp_path: Path) -> None:
    bench = Bench(tmp_path, FakeRenderer())
    request = examples.request(base_image=bench.base)
    bench.outage.begin()
    failed = [e for e in bench.service.start(request).events() if isinstance(e, JobFailed)]
    assert [event.message for event in failed] == [STORE_AWAY] * 4
    bench.outage.end()
    assert done(list(bench.service.start(request).events())) == [*SLOTS]


def test_result_that_cannot_be_stored_fails_without_retry(tmp_path: Path) -> None:
    """Issue 18, 9."""
    bench = Bench(tmp_path, FakeRenderer())
    bench.variants.outage = Outage()
    bench.variants.outage.begin(StorageError("the words hold a character that no database takes"))
    failed = [e for e in bench.start(bench.admit()).events() if isinstance(e, JobFailed)]
    assert len(failed) == 4
    assert len(bench.renderer.rendered) == 4
    assert bench.states() == ["failed"] * 4


def test_slow_webhook_delays_neither_rendering_nor_other_images(tmp_path: Path) -> None:
    """Issue 18, 13."""
    moderated = threading.Event()
    bench = Bench(tmp_path, FakeRenderer(), moderated)
    run = bench.start(bench.admit())
    events = run.events()
    shown: list[Event] = []
    while len(done(shown)) < 3:
        shown.append(next(events))
    assert done(shown) == ["B", "C", "D"]
    moderated.set()
    assert done(shown + list(events)) == [*SLOTS]


def test_lost_device_requeues_jobs_and_stops_rendering(tmp_path: Path) -> None:
    error = DeviceLostError("CUDA error: device-side assert triggered")
    bench = Bench(tmp_path, FakeRenderer(errors={"A": error}))
    run = bench.start(bench.admit())
    trial = bench.service.start(examples.request(id="e" * 32, base_image=bench.base))
    assert [str(e.message) for e in trial.events() if isinstance(e, JobFailed)] == [str(error)] * 4
    assert [run.wait_for(number).kind for number in (4, 5)] == ["started", "queued"]
    assert run.pending_slots == SLOTS
    assert bench.states() == ["queued"] * 4
    assert [job.attempts for job in bench.jobs.requests.get_status(examples.REQUEST_ID).jobs] == [
        1,
        0,
        0,
        0,
    ]
    assert [job.slot for job in bench.renderer.rendered] == ["A"]
    with pytest.raises(DeviceLostError, match="device-side assert"):
        bench.runner.run_maintenance()
    with pytest.raises(DeviceLostError):
        bench.service.render_preview(examples.job(base_image=bench.base))


def test_close_returns_while_the_store_is_away(tmp_path: Path) -> None:
    bench = Bench(tmp_path, FakeRenderer())
    bench.outage.begin()
    bench.start(bench.admit())
    assert bench.outage.noticed.wait(LONG)
    closing = threading.Thread(target=bench.service.close, daemon=True)
    closing.start()
    closing.join(LONG)
    assert not closing.is_alive()
