"""The job queue: leases, heartbeats, retries and expiry."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from studio.messages import message
from studio.recipes.serving.request_status import MAX_ATTEMPTS
from studio.store.database import Database
from studio.store.job_queue import MAX_ATTEMPTS_MESSAGE
from studio.store.job_types import JobLease
from studio.store.jobs import JobStore
from studio.store.tables import JobRow
from tests import examples
from tests.unit.store.job_table import (
    add_request,
    claim_a,
    in_five_minutes,
    job_states,
    slots_by_request,
    stop_heartbeats,
)


@pytest.fixture
def store(url: str) -> JobStore:
    return JobStore.open(Database(url))


def test_job_is_claimed_once_and_completed_by_the_lease_holder(store: JobStore) -> None:
    request_id = add_request(store)
    lease = claim_a(store, request_id)
    assert store.queue.claim(request_id, "A") is None
    assert store.queue.is_lease_valid(lease)
    assert store.queue.complete(lease, "done")
    assert not store.queue.complete(lease, "failed", "late")
    assert not store.queue.is_lease_valid(lease)
    assert job_states(store, request_id) == "done queued queued queued"


def test_one_of_many_concurrent_claims_succeeds(store: JobStore) -> None:
    request_id = add_request(store)
    leases: list[JobLease | None] = []
    barrier = threading.Barrier(6)

    def claim() -> None:
        barrier.wait()
        leases.append(store.queue.claim(request_id, "A"))

    threads = [threading.Thread(target=claim) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(lease is not None for lease in leases) == 1


def test_lease_of_an_older_attempt_is_void(store: JobStore) -> None:
    request_id = add_request(store)
    first = claim_a(store, request_id)
    assert store.queue.release_for_retry(first, "the driver crashed")
    second = claim_a(store, request_id)
    assert second.attempt == 2
    assert not store.queue.complete(first, "done")
    assert not store.queue.is_lease_valid(first)
    assert store.queue.complete(second, "done")


def test_job_that_keeps_failing_fails_after_max_attempts(store: JobStore) -> None:
    request_id = add_request(store)
    is_queued = [
        store.queue.release_for_retry(claim_a(store, request_id), "it crashed")
        for _ in range(MAX_ATTEMPTS)
    ]
    assert is_queued == [True] * (MAX_ATTEMPTS - 1) + [False]
    [job] = [job for job in store.requests.get_status(request_id).jobs if job.slot == "A"]
    assert (job.state, str(job.error), job.attempts) == ("failed", "it crashed", MAX_ATTEMPTS)
    assert store.queue.claim(request_id, "A") is None


def test_job_of_a_dead_worker_is_requeued_until_max_attempts(store: JobStore) -> None:
    request_id = add_request(store)
    for attempt in range(1, MAX_ATTEMPTS + 1):
        stale = claim_a(store, request_id)
        assert stale.attempt == attempt
        requeued = slots_by_request(store.queue.requeue_stale())
        assert requeued == ({request_id: ("A",)} if attempt < MAX_ATTEMPTS else {})
        assert not store.queue.complete(stale, "done")
    assert job_states(store, request_id).startswith("failed")
    assert store.requests.get_status(request_id).jobs[0].error == MAX_ATTEMPTS_MESSAGE


def test_requeue_does_not_count_the_attempt(store: JobStore) -> None:
    """Issue 18, 14 (security review, 4.5)."""
    request_id = add_request(store)
    for _ in range(MAX_ATTEMPTS + 1):
        lease = claim_a(store, request_id)
        assert lease.attempt == 1
        store.queue.requeue(lease)
    assert job_states(store, request_id) == "queued queued queued queued"
    assert not store.queue.complete(lease, "done")
    store.queue.requeue(lease)
    assert [job.attempts for job in store.requests.get_status(request_id).jobs] == [0, 0, 0, 0]
    assert store.queue.complete(claim_a(store, request_id), "done")
    store.queue.requeue(lease)
    assert job_states(store, request_id) == "done queued queued queued"


# Issue 19, 1.
def test_job_error_is_stored_as_a_message_and_old_sentences_are_read(store: JobStore) -> None:
    request_id, error = add_request(store), message("request.variant_failed", slot="A")
    assert store.queue.complete(claim_a(store, request_id), "failed", error.to_json())
    jobs = store.requests.get_status(request_id).jobs
    assert (jobs[0].error, jobs[1].error) == (error, None)
    with store.queue._database.write_session() as session:
        session.execute(update(JobRow).values(error="a sentence of an older studio {x}"))
    [first, *_] = store.requests.get_status(request_id).jobs
    assert str(first.error) == "a sentence of an older studio {x}"


def test_heartbeats_keep_a_lease(store: JobStore) -> None:
    request_id = add_request(store)
    first = claim_a(store, request_id)
    stop_heartbeats(store, request_id)
    store.queue.heartbeat(first)
    assert slots_by_request(store.queue.requeue_stale(timedelta(hours=1))) == {}
    assert store.queue.is_lease_valid(first)
    stop_heartbeats(store, request_id)
    excluded = {(request_id, "A")}
    assert slots_by_request(store.queue.requeue_stale(timedelta(hours=1), excluded)) == {}  # type: ignore[arg-type]
    requeued = slots_by_request(store.queue.requeue_stale(timedelta(hours=1)))
    assert requeued == {request_id: ("A",)}
    second = claim_a(store, request_id)
    store.queue.heartbeat(first)
    assert store.queue.is_lease_valid(second)
    assert not store.queue.is_lease_valid(first)


def test_list_queued_finds_jobs_by_their_time_in_the_queue(store: JobStore) -> None:
    request_id = add_request(store)
    claim_a(store, request_id)
    assert slots_by_request(store.queue.list_queued(timedelta(seconds=30))) == {}
    assert slots_by_request(store.queue.list_queued()) == {request_id: ("B", "C", "D")}


def test_requeued_job_keeps_its_fair_share_tier(store: JobStore) -> None:
    request = examples.request(id="1" * 32, theme_version=1)
    store.requests.create(request, "flood", "live", in_five_minutes(), admit=lambda _: 3)
    claim_a(store, request.id)
    groups = (*store.queue.list_queued(), *store.queue.requeue_stale())
    assert [group.fair_share_tier for group in groups] == [3, 3]


def test_cancel_ends_active_jobs_and_keeps_finished_ones(store: JobStore) -> None:
    request_id = add_request(store)
    store.queue.complete(claim_a(store, request_id), "done")
    running = store.queue.claim(request_id, "B")
    assert running is not None
    assert store.queue.cancel(request_id) == ("C", "D")
    assert job_states(store, request_id) == "done cancelled cancelled cancelled"
    assert not store.queue.is_lease_valid(running)
    assert not store.queue.complete(running, "done")
    assert store.requests.get_status(request_id).is_finished


def test_overdue_job_expires(store: JobStore) -> None:
    overdue, in_time = add_request(store, 1, timedelta(seconds=-1)), add_request(store, 2)
    assert store.queue.expire_overdue() == {overdue: ("A", "B", "C", "D")}
    assert job_states(store, overdue) == "expired expired expired expired"
    assert store.queue.claim(overdue, "A") is None
    assert job_states(store, in_time) == "queued queued queued queued"


def test_expiry_is_extended_after_a_clock_jump(store: JobStore) -> None:
    """Issue 18, 12."""
    overdue = add_request(store, 1, timedelta(hours=-1))
    store.queue.extend(datetime.now(UTC) + timedelta(minutes=5))
    assert store.queue.expire_overdue() == {}
    assert claim_a(store, overdue).attempt == 1


def test_active_jobs_are_resumed_after_a_restart(store: JobStore) -> None:
    one, two = add_request(store, 1), add_request(store, 2)
    store.queue.complete(claim_a(store, one), "done")
    store.queue.claim(one, "B")
    for _ in range(MAX_ATTEMPTS - 1):
        store.queue.release_for_retry(claim_a(store, two), "")
    claim_a(store, two)
    assert slots_by_request(store.queue.requeue_stale()) == {one: ("B",)}
    queued = slots_by_request(store.queue.list_queued())
    assert queued == {one: ("B", "C", "D"), two: ("B", "C", "D")}
    assert job_states(store, two).startswith("failed queued")
    assert job_states(store, one).startswith("done queued")
