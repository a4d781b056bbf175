"""Requests: idempotency, admission, moderation overrides, selections and statistics."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from studio.errors import CapacityError, InvalidInputError, NotFoundError
from studio.recipes.themes.preset import Slot
from studio.store.database import Database
from studio.store.job_types import JobLease, QueueDepth, QueueLoad
from studio.store.jobs import JobStore
from tests import examples
from tests.unit.store.job_table import add_request, claim_a, in_five_minutes, job_states


@pytest.fixture
def store(url: str) -> JobStore:
    return JobStore.open(Database(url))


def test_request_is_stored_with_four_queued_jobs(store: JobStore) -> None:
    request_id = add_request(store)
    status = store.requests.get_status(request_id)
    assert (status.theme, status.version, status.client, status.seed) == ("spring", 1, "app", 7)
    assert job_states(store, request_id) == "queued queued queued queued"
    assert not status.is_finished
    assert store.requests.get(request_id) == examples.request(id=request_id, theme_version=1)
    for find in (store.requests.get_status, store.requests.get):
        with pytest.raises(NotFoundError):
            find("f" * 32)


def test_idempotency_key_returns_the_first_request(store: JobStore) -> None:
    first = add_request(store, 1, idempotency_key="k")
    assert add_request(store, 2, idempotency_key="k") == first
    assert add_request(store, 3, idempotency_key="other") != first
    assert store.requests.find_by_idempotency_key("app", "k") == first
    assert store.requests.find_by_idempotency_key("another", "k") is None


@pytest.mark.parametrize("image_exists", [True, False])
def test_withheld_variant_is_released(store: JobStore, image_exists: bool) -> None:
    request_id = add_request(store)
    assert not claim_a(store, request_id).moderation_override
    with pytest.raises(NotFoundError) as caught:
        store.requests.release_withheld(request_id, "A", image_exists, in_five_minutes())
    assert caught.value.code == "request.no_variant_withheld"
    store.queue.complete(JobLease(request_id, "A", 1), "withheld", "score")
    store.requests.release_withheld(request_id, "A", image_exists, in_five_minutes())
    assert job_states(store, request_id).split()[0] == ("done" if image_exists else "queued")
    if not image_exists:
        assert claim_a(store, request_id).moderation_override


def test_reason_that_looks_like_a_message_is_stored_as_text(store: JobStore) -> None:
    request_id, reason = add_request(store), '{"id":"x","params":{}}'
    assert store.queue.complete(claim_a(store, request_id), "done")
    store.requests.withhold(request_id, "A", reason)
    assert str(store.requests.get_status(request_id).jobs[0].error) == reason


def test_selections_are_counted_by_slot(store: JobStore) -> None:
    selections: list[Slot] = ["A", "A", "B"]
    for number, selected in enumerate(selections, 1):
        request_id = add_request(store, number)
        with pytest.raises(InvalidInputError) as caught:
            store.requests.select_variant(request_id, "A")
        assert caught.value.code == "request.variant_without_image"
        finished: list[Slot] = ["A", "B"]
        for slot in finished:
            lease = store.queue.claim(request_id, slot)
            assert lease is not None
            store.queue.complete(lease, "done")
        store.requests.select_variant(request_id, selected)
    assert store.requests.selection_counts("spring") == {1: {"A": 2, "B": 1, "C": 0, "D": 0}}
    assert store.requests.selection_counts("autumn") == {}
    assert store.requests.get_status(request_id).selected_slot == "B"


def test_admission_policy_gets_the_queue_load(store: JobStore) -> None:
    one = add_request(store, 1)
    add_request(store, 2)
    assert (load(store, "app"), load(store, "other")) == ((2, 8, 2), (0, 8, 0))
    store.queue.cancel(one)
    assert load(store, "app") == (1, 4, 2)


def load(store: JobStore, client: str) -> tuple[int, int, int]:
    """The client's active requests, all queued jobs, the client's requests of one hour."""
    loads = []

    def refuse(load: QueueLoad) -> int:
        hour_ago = datetime.now(UTC) - timedelta(hours=1)
        sent = load.count_requests_since(hour_ago)
        loads.append((load.client_active_requests, load.queued_jobs, sent))
        raise CapacityError("not today", 1)

    request = examples.request(theme_version=1)
    with pytest.raises(CapacityError):
        store.requests.create(request, client, "live", in_five_minutes(), admit=refuse)
    return loads[0]


def test_concurrent_processes_admit_no_more_than_the_limit(url: str) -> None:
    """As when a client sends requests to two API processes at once."""
    stores = [JobStore.open(Database(url)) for _ in range(2)]

    def admit(load: QueueLoad) -> int:
        if load.client_active_requests >= 3:
            raise CapacityError("concurrent request limit reached", 1)
        return load.client_active_requests

    def send(number: int) -> int:
        request = examples.request(id=f"{number:032x}", theme_version=1)
        requests = stores[number % 2].requests
        try:
            return requests.create(request, "app", "live", in_five_minutes(), admit=admit)[1] or 0
        except CapacityError:
            return -1

    with ThreadPoolExecutor(8) as pool:
        tiers = sorted(pool.map(send, range(16)))
    assert tiers == [-1] * 13 + [0, 1, 2]


def test_queue_statistics_count_jobs_by_state_and_model(store: JobStore) -> None:
    request_id = add_request(store)
    store.queue.complete(claim_a(store, request_id), "done")
    assert store.queue.claim(request_id, "B") is not None
    assert (store.stats.count_queued(), store.stats.count_running()) == (2, 1)
    [depth] = store.stats.queue_depths()
    assert depth == QueueDepth("pocket-ink", 0, 2, depth.oldest_wait_seconds)
    assert depth.oldest_wait_seconds >= 0
    assert store.stats.count_finished_since(examples.LONG_AGO) == {"done": 1}
    assert store.stats.count_finished_since(datetime.now(UTC) + timedelta(hours=1)) == {}
