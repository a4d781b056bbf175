"""Celery workers: killed workers, a broker that restarts, affinity to the loaded model."""

import signal
import subprocess
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis import ConnectionError as RedisConnectionError
from redis import Redis
from redis.client import Pipeline

from benchmarks.redis_server import RedisServer
from studio.errors import InvalidInputError, StorageUnavailableError
from studio.recipes.serving.request_status import EventMessage
from studio.recipes.themes.preset import SLOTS
from studio.services.rendering.run import LISTENER_SECONDS
from studio.services.requests.celery_app import MAX_CONSECUTIVE_PER_MODEL, ModelAffinityOrder
from studio.services.requests.event_log import EVENT_TTL_SECONDS, RedisEventLog, connect_redis
from studio.settings import Settings
from studio.worker.celery_worker import run_worker
from tests.service.conftest import Service
from tests.service.test_conformance import THEME_AND_BASE, job_states, wait_until_finished
from tests.waiting import LONG


def child_of(worker: subprocess.Popen[bytes]) -> int:
    pgrep = ["pgrep", "-P", str(worker.pid)]
    listed = subprocess.run(pgrep, capture_output=True, text=True, check=True)
    return int(listed.stdout.split()[0])


def test_job_of_a_killed_process_is_rendered_again(fleet: Service) -> None:
    fleet.start_workers()
    with fleet.client() as client:
        response = wait_until_finished(
            client, client.create_request(*THEME_AND_BASE, prompt="B bursts").id
        )
        assert job_states(response) == ["done"] * 4
        [job] = [
            j
            for j in fleet.studio.stores.jobs.requests.get_status(response.id).jobs
            if j.slot == "B"
        ]
        assert job.attempts >= 2  # On a slow machine a live worker may be taken for dead, too.


@pytest.mark.slow
def test_job_that_kills_its_worker_fails_after_max_attempts(fleet: Service) -> None:
    fleet.start_workers()
    with fleet.client() as client:
        response = wait_until_finished(
            client, client.create_request(*THEME_AND_BASE, prompt="B bursts for ever").id
        )
        assert job_states(response) == ["done", "failed", "done", "done"]
        assert response.variants[1].error == "Failed after repeated attempts."


def test_jobs_of_a_killed_worker_are_rendered_by_another(fleet: Service) -> None:
    fleet.start_workers()
    with fleet.client() as client:
        created = client.create_request(*THEME_AND_BASE, prompt="slow")
        next(e for e in client.stream_events(created.id) if e["type"] == "step")
        fleet.kill_workers()
        fleet.start_workers()
        assert job_states(wait_until_finished(client, created.id)) == ["done"] * 4
        ends = [e["slot"] for e in client.stream_events(created.id) if e["type"] == "done"]
        assert sorted(ends) == ["A", "B", "C", "D"]


def test_jobs_that_the_broker_lost_are_sent_again(
    fleet: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a crash of Redis before its last second was written to disk."""
    assert fleet.redis is not None
    monkeypatch.setattr("studio.services.requests.celery_runner.RESEND_AFTER", timedelta(seconds=1))
    with fleet.client() as client:
        created = client.create_request(*THEME_AND_BASE)
        connect_redis(fleet.redis.url).flushdb()
        fleet.start_workers()
        assert job_states(wait_until_finished(client, created.id)) == ["done"] * 4
        assert {e["slot"] for e in client.stream_events(created.id) if e["type"] == "done"} == set(
            SLOTS
        )


def test_duplicate_message_does_not_block_a_worker(fleet: Service) -> None:
    """The broker may deliver a message twice, while the first delivery is rendered."""
    fleet.start_workers(2)
    with fleet.client() as client:
        wait_until_finished(client, client.create_request(*THEME_AND_BASE).id)
        created = client.create_request(*THEME_AND_BASE, prompt="slow")
        next(e for e in client.stream_events(created.id) if e["type"] == "step")
        fleet.studio.serving.requests.runner.enqueue(
            fleet.studio.stores.jobs.requests.get(created.id), SLOTS
        )
        assert job_states(wait_until_finished(client, created.id)) == ["done"] * 4
        ends = [
            e["slot"]
            for e in client.stream_events(created.id)
            if e["type"] in ("done", "cancelled")
        ]
        assert sorted(ends) == ["A", "B", "C", "D"]
        assert (
            job_states(wait_until_finished(client, client.create_request(*THEME_AND_BASE).id))
            == ["done"] * 4
        )


def test_unpublished_end_is_read_from_the_job_table(fleet: Service) -> None:
    with fleet.client() as client:
        created = client.create_request(*THEME_AND_BASE)
        queue = fleet.studio.stores.jobs.queue
        for slot in SLOTS:
            lease = queue.claim(created.id, slot)
            assert lease is not None
            queue.complete(lease, "failed", "not published")
        failed = [e for e in client.stream_events(created.id) if e["type"] == "failed"]
        assert [e["slot"] for e in failed] == ["A", "B", "C", "D"]


def test_queued_jobs_survive_a_restart_of_the_broker(fleet: Service) -> None:
    assert fleet.redis is not None
    with fleet.client() as client:
        created = [client.create_request(*THEME_AND_BASE).id for _ in range(3)]
        fleet.redis.stop()
        fleet.redis.start()
        fleet.start_workers(2)
        assert [job_states(wait_until_finished(client, id_)) for id_ in created] == [
            ["done"] * 4
        ] * 3


def test_request_is_rendered_by_several_workers(fleet: Service) -> None:
    fleet.start_workers(3)
    with fleet.client() as client:
        wait_until_finished(client, client.create_request(*THEME_AND_BASE).id)
        created = client.create_request(*THEME_AND_BASE, prompt="slow")
        max_running = 0
        for event in client.stream_events(created.id):
            running = sum(v.state == "running" for v in client.get_request(created.id).variants)
            max_running = max(max_running, running)
            assert event
        assert max_running >= 2


def test_worker_finishes_its_job_on_sigterm(fleet: Service) -> None:
    fleet.start_workers()
    with fleet.client() as client:
        created = client.create_request(*THEME_AND_BASE, prompt="slow")
        for event in client.stream_events(created.id):
            if event["type"] == "step":
                slot_running = event["slot"]
                break
        fleet.workers[0].send_signal(signal.SIGTERM)
        fleet.workers[0].wait(LONG)
        by_slot = {v.slot: v.state for v in client.get_request(created.id).variants}
        assert by_slot[slot_running] == "done"


class DiesAfterOne(Redis):
    """A connection of a process that is killed after its first command to Redis."""

    commands = 0

    def execute_command(self, *args: object, **options: object) -> object:
        self._count()
        return super().execute_command(*args, **options)  # type: ignore[no-untyped-call]

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> Pipeline:
        self._count()
        return super().pipeline(transaction, shard_hint)

    def _count(self) -> None:
        self.commands += 1
        if self.commands > 1:
            raise RedisConnectionError("killed")


def test_partly_published_end_is_completed_by_the_next_publisher(redis: RedisServer) -> None:
    end = EventMessage(slot="A", type="done", is_terminal=True)
    mine, dying = (
        kind.from_url(redis.url, decode_responses=True) for kind in (Redis, DiesAfterOne)
    )
    with suppress(RedisConnectionError):
        RedisEventLog(dying).append("r1", [end])
    for _ in range(2):
        RedisEventLog(mine).append("r1", [EventMessage(slot="A", type="queued"), end])
    events = RedisEventLog(mine).read_from("r1", 0)
    assert events is not None
    assert [event.slot for event in events if event.is_terminal] == ["A"]
    assert 0 < mine.ttl("studio:events:r1") <= EVENT_TTL_SECONDS
    assert not RedisEventLog(mine).is_finished("r1")
    RedisEventLog(mine).append(
        "r1", [EventMessage(slot=slot, type="failed", is_terminal=True) for slot in SLOTS]
    )
    assert RedisEventLog(mine).is_finished("r1")


def test_whoever_reads_events_counts_as_a_listener_for_a_while(redis: RedisServer) -> None:
    """Issue 20, 2: workers make previews for requests that somebody follows."""
    connection = connect_redis(redis.url)
    events = RedisEventLog(connection)
    step = [EventMessage(slot="A", type="step", done=1, total=4)]
    assert not events.append("r2", step)
    assert not events.has_listeners("r2")
    assert events.read_from("r2", 0) == tuple(step)
    assert events.has_listeners("r2")
    assert events.append("r2", step)
    assert 0 < connection.ttl("studio:listeners:r2") <= LISTENER_SECONDS


def test_worker_without_broker_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="Set STUDIO_BROKER"):
        run_worker(Settings(data_dir=tmp_path))
    with pytest.raises(StorageUnavailableError, match="Queue does not respond"):
        connect_redis("redis://127.0.0.1:1/0")


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=60))
def test_affinity_puts_the_last_used_queue_first_and_starves_none(used: list[str]) -> None:
    order = ModelAffinityOrder("abc")
    for queue in used:
        order.rotate(queue)
        assert sorted(order.consume(3)) == ["a", "b", "c"]
    if len(used) > 1 and used[-1] != used[-2]:
        assert order.consume(1) == [used[-1]]
    hot = order.items[0]
    firsts = [order.items[0] for _ in range(MAX_CONSECUTIVE_PER_MODEL) if order.rotate(hot)]
    assert set(firsts) != {hot}


def test_full_queues_alternate_after_max_consecutive_jobs() -> None:
    order, taken = ModelAffinityOrder("ab"), ""
    for _ in range(4 * MAX_CONSECUTIVE_PER_MODEL):
        taken += order.rotate(order.consume(1)[0])
    assert taken == ("a" * MAX_CONSECUTIVE_PER_MODEL + "b" * MAX_CONSECUTIVE_PER_MODEL) * 2


def test_new_queues_are_appended_after_the_used_ones() -> None:
    order = ModelAffinityOrder("ab")
    order.rotate("b")
    order.update("abc")
    assert order.consume(3) == ["b", "a", "c"]
    order.update("c")
    assert order.consume(3) == ["c"]
