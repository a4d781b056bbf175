"""The fleet alone: workers that die, a broker that restarts, models changed seldom."""

import signal
import subprocess
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis import ConnectionError, Redis
from redis.client import Pipeline

from studio.bench.redis import RedisServer
from studio.errors import InvalidInputError, StorageUnavailableError
from studio.recipes.serving.request_status import EventMessage
from studio.recipes.themes.preset import SLOTS
from studio.services.requests.celery_runner import (
    EVENT_TTL_SECONDS,
    MAX_CONSECUTIVE_PER_MODEL,
    ModelAffinityOrder,
    RedisEventLog,
    connect_redis,
)
from studio.settings import Settings
from studio.worker.celery_worker import run_worker
from tests.service.conftest import Service
from tests.service.test_conformance import ASK, ended, states
from tests.waiting import LONG


def child_of(worker: subprocess.Popen[bytes]) -> int:
    found = subprocess.run(["pgrep", "-P", str(worker.pid)], capture_output=True, text=True, check=True)  # fmt: skip
    return int(found.stdout.split()[0])


def test_a_process_that_dies_while_it_draws_loses_nothing(fleet: Service) -> None:
    fleet.work()
    with fleet.client() as themes:
        shown = ended(themes, themes.create_request(*ASK, words="B bursts").id)
        assert states(shown) == ["done"] * 4
        [job] = [j for j in fleet.studio.requests.jobs.get_status(shown.id).jobs if j.slot == "B"]
        assert job.attempts >= 2  # A worker that hardly gets a core may be taken for dead.


def test_a_job_that_kills_whoever_draws_it_stops(fleet: Service) -> None:
    fleet.work()
    with fleet.client() as themes:
        shown = ended(themes, themes.create_request(*ASK, words="B bursts for ever").id)
        assert states(shown) == ["done", "failed", "done", "done"]
        assert shown.variants[1].error == "it was begun again and again, and never ended"


def test_what_a_worker_had_that_is_killed_whole_another_draws(fleet: Service) -> None:
    fleet.work()
    with fleet.client() as themes:
        asked = themes.create_request(*ASK, words="slow")
        next(e for e in themes.stream_events(asked.id) if e["type"] == "step")
        fleet.rest()
        fleet.work()
        assert states(ended(themes, asked.id)) == ["done"] * 4
        ends = [e["slot"] for e in themes.stream_events(asked.id) if e["type"] == "done"]
        assert sorted(ends) == ["A", "B", "C", "D"]


def test_what_the_broker_has_forgotten_is_sent_again(
    fleet: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a crash of a Redis that had not yet written its newest second to disk."""
    assert fleet.redis is not None
    monkeypatch.setattr("studio.services.requests.celery_runner.UNSENT", timedelta(seconds=1))
    with fleet.client() as themes:
        asked = themes.create_request(*ASK)
        connect_redis(fleet.redis.url).flushdb()
        fleet.work()
        assert states(ended(themes, asked.id)) == ["done"] * 4
        assert {e["slot"] for e in themes.stream_events(asked.id) if e["type"] == "done"} == set(
            SLOTS
        )


def test_a_job_that_another_has_holds_nobody_up(fleet: Service) -> None:
    """A message that comes twice, as a broker may send it, while the first is being drawn."""
    fleet.work(2)
    with fleet.client() as themes:
        ended(themes, themes.create_request(*ASK).id)
        asked = themes.create_request(*ASK, words="slow")
        next(e for e in themes.stream_events(asked.id) if e["type"] == "step")
        fleet.studio.requests.runner.enqueue(fleet.studio.requests.jobs.get(asked.id), SLOTS)
        assert states(ended(themes, asked.id)) == ["done"] * 4
        ends = [
            e["slot"] for e in themes.stream_events(asked.id) if e["type"] in ("done", "cancelled")
        ]
        assert sorted(ends) == ["A", "B", "C", "D"]
        assert states(ended(themes, themes.create_request(*ASK).id)) == ["done"] * 4


def test_an_end_that_nobody_lived_to_tell_is_told_to_whoever_follows(fleet: Service) -> None:
    with fleet.client() as themes:
        asked = themes.create_request(*ASK)
        store = fleet.studio.requests.jobs
        for slot in SLOTS:
            ticket = store.claim(asked.id, slot)
            assert ticket is not None
            store.complete(ticket, "failed", "lost its voice")
        told = [e for e in themes.stream_events(asked.id) if e["type"] == "failed"]
        assert [e["slot"] for e in told] == ["A", "B", "C", "D"]


def test_a_broker_that_restarts_keeps_what_waits(fleet: Service) -> None:
    assert fleet.redis is not None
    with fleet.client() as themes:
        asked = [themes.create_request(*ASK).id for _ in range(3)]
        fleet.redis.stop()
        fleet.redis.start()
        fleet.work(2)
        assert [states(ended(themes, each)) for each in asked] == [["done"] * 4] * 3


def test_a_request_is_drawn_by_several_at_once(fleet: Service) -> None:
    fleet.work(3)
    with fleet.client() as themes:
        ended(themes, themes.create_request(*ASK).id)
        asked = themes.create_request(*ASK, words="slow")
        most = 0
        for event in themes.stream_events(asked.id):
            running = sum(v.state == "running" for v in themes.get_request(asked.id).variants)
            most = max(most, running)
            assert event
        assert most >= 2


def test_a_worker_lets_its_job_finish_when_it_is_told_to_stop(fleet: Service) -> None:
    fleet.work()
    with fleet.client() as themes:
        asked = themes.create_request(*ASK, words="slow")
        for event in themes.stream_events(asked.id):
            if event["type"] == "step":
                begun = event["slot"]
                break
        fleet.workers[0].send_signal(signal.SIGTERM)
        fleet.workers[0].wait(LONG)
        by_slot = {v.slot: v.state for v in themes.get_request(asked.id).variants}
        assert by_slot[begun] == "done"


class DiesAfterOne(Redis):
    """A connection of a process that is killed between its first word to Redis and the next."""

    words = 0

    def execute_command(self, *args: object, **options: object) -> object:
        self._count()
        return super().execute_command(*args, **options)  # type: ignore[no-untyped-call]

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> Pipeline:
        self._count()
        return super().pipeline(transaction, shard_hint)

    def _count(self) -> None:
        self.words += 1
        if self.words > 1:
            raise ConnectionError("killed")


def test_an_end_that_nobody_could_tell_whole_is_told_by_the_next(redis: RedisServer) -> None:
    end = EventMessage(slot="A", type="done", is_terminal=True)
    mine, dying = (
        kind.from_url(redis.url, decode_responses=True) for kind in (Redis, DiesAfterOne)
    )
    with suppress(ConnectionError):
        RedisEventLog(dying).append("r1", [end])
    for _ in range(2):
        RedisEventLog(mine).append("r1", [EventMessage(slot="A", type="queued"), end])
    news = RedisEventLog(mine).read_from("r1", 0)
    assert news is not None
    assert [said.slot for said in news if said.is_terminal] == ["A"]
    assert 0 < mine.ttl("studio:events:r1") <= EVENT_TTL_SECONDS
    assert not RedisEventLog(mine).is_finished("r1")
    RedisEventLog(mine).append(
        "r1", [EventMessage(slot=each, type="failed", is_terminal=True) for each in SLOTS]
    )
    assert RedisEventLog(mine).is_finished("r1")


def test_without_a_queue_a_worker_says_what_it_needs(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="set STUDIO_BROKER_URL"):
        run_worker(Settings(data_dir=tmp_path))
    with pytest.raises(StorageUnavailableError, match="the queue does not answer"):
        connect_redis("redis://127.0.0.1:1/0")


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=60))
def test_the_hot_queue_comes_first_and_none_starves(used: list[str]) -> None:
    order = ModelAffinityOrder("abc")
    for each in used:
        order.rotate(each)
        assert sorted(order.consume(3)) == ["a", "b", "c"]
    if len(used) > 1 and used[-1] != used[-2]:
        assert order.consume(1) == [used[-1]]
    hot = order.items[0]
    firsts = [order.items[0] for _ in range(MAX_CONSECUTIVE_PER_MODEL) if order.rotate(hot)]
    assert set(firsts) != {hot}


def test_queues_that_never_run_out_have_their_turns_in_full() -> None:
    order, taken = ModelAffinityOrder("ab"), ""
    for _ in range(4 * MAX_CONSECUTIVE_PER_MODEL):
        taken += order.rotate(order.consume(1)[0])
    assert taken == ("a" * MAX_CONSECUTIVE_PER_MODEL + "b" * MAX_CONSECUTIVE_PER_MODEL) * 2


def test_new_queues_join_behind_the_hot_ones() -> None:
    order = ModelAffinityOrder("ab")
    order.rotate("b")
    order.update("abc")
    assert order.consume(3) == ["b", "a", "c"]
    order.update("c")
    assert order.consume(3) == ["c"]
