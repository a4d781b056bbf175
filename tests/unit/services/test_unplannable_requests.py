"""Stored requests of older versions that cannot be planned any more end by name, and the others go on. Issue 18."""

import json
from pathlib import Path

import pytest
from sqlalchemy import update

from studio.recipes.generation.job import GenerationRequest, RenderJob
from studio.recipes.generation.planning import plan_job, plan_jobs
from studio.recipes.themes.preset import SLOTS, Slot
from studio.store.tables import JobRow, RequestRow
from tests import examples
from tests.fake_renderer import FakeRenderer
from tests.unit.services.outage_bench import Bench, done, expire_heartbeats

BROKEN, WHOLE = "a" * 32, "b" * 32


def unreadable(bench: Bench) -> None:
    """The document of the broken request as a version wrote it whose fields are unknown today."""
    with bench.database.write_session() as session:
        written = json.dumps({"id": BROKEN, "sketch": "?"})
        of_broken = update(RequestRow).where(RequestRow.id == BROKEN)
        session.execute(of_broken.values(document=written))


def job_rows(bench: Bench, request_id: str) -> dict[str, tuple[str, str]]:
    with bench.database.read_session() as session:
        query = session.query(JobRow).filter_by(request_id=request_id)
        return {row.slot: (row.state, row.error) for row in query}


def test_such_a_request_cannot_be_planned() -> None:
    with pytest.raises(Exception, match="must be at most 2"):
        plan_jobs(examples.request(preset=examples.unplannable_preset()))


@pytest.mark.parametrize("when", ["at startup", "later"])
def test_job_that_cannot_be_planned_fails_and_the_others_are_rendered(
    tmp_path: Path, when: str
) -> None:
    bench = Bench(tmp_path, FakeRenderer())
    bench.admit(BROKEN, preset=examples.unplannable_preset())
    bench.admit(WHOLE)
    if when == "at startup":
        assert bench.runner.resume_interrupted() == 2
    else:
        expire_heartbeats(bench)
        bench.runner.run_maintenance()
    assert done(list(bench.service.run(WHOLE).events())) == [*SLOTS]
    assert done(list(bench.service.run(BROKEN).events())) == ["A", "C", "D"]
    jobs = bench.jobs.requests.get_status(BROKEN).jobs
    assert [job.state for job in jobs] == ["done", "failed", "done", "done"]
    assert jobs[1].error is not None
    assert jobs[1].error.id == "prompt.lora_call_invalid"
    bench.runner.run_maintenance()
    assert bench.jobs.queue.list_queued() == ()


def test_request_that_cannot_be_read_fails_and_the_others_are_rendered(tmp_path: Path) -> None:
    bench = Bench(tmp_path, FakeRenderer())
    bench.admit(BROKEN)
    bench.admit(WHOLE)
    unreadable(bench)
    bench.runner.resume_interrupted()
    assert done(list(bench.service.run(WHOLE).events())) == [*SLOTS]
    assert {state for state, _ in job_rows(bench, BROKEN).values()} == {"failed"}
    assert all(
        "request.stored_unreadable" in error for _, error in job_rows(bench, BROKEN).values()
    )


def test_bug_in_planning_fails_the_request_and_the_others_are_rendered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(tmp_path, FakeRenderer())
    bench.admit(BROKEN, seed=13)
    bench.admit(WHOLE)

    def plan(request: GenerationRequest, slot: Slot) -> RenderJob:
        if request.seed == 13:
            raise ZeroDivisionError("odd")
        return plan_job(request, slot)

    monkeypatch.setattr("studio.services.requests.queued_requests.plan_job", plan)
    bench.runner.resume_interrupted()
    assert done(list(bench.service.run(WHOLE).events())) == [*SLOTS]
    assert {state for state, _ in job_rows(bench, BROKEN).values()} == {"failed"}
    assert all("request.variant_failed" in error for _, error in job_rows(bench, BROKEN).values())
