"""The job table: whoever holds the newest attempt says how a job ended, and nobody else."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from studio.errors import CapacityError, InvalidInputError, NotFoundError
from studio.messages import message
from studio.recipes.serving.request_status import MAX_ATTEMPTS
from studio.store.database import Database
from studio.store.job_types import Crowd, Left, Ticket
from studio.store.jobs import MAX_ATTEMPTS_MESSAGE, JobStore
from studio.store.tables import JobRow
from tests import examples

SOON = timedelta(minutes=5)


@pytest.fixture
def store(url: str) -> JobStore:
    return JobStore(Database(url))


def slots(found: Sequence[Left]) -> dict[str, tuple[str, ...]]:
    return {left.request_id: left.slots for left in found}


def add(store: JobStore, number: int = 1, wait: timedelta = SOON, key: str | None = None) -> str:
    request = examples.request(id=f"{number:032x}", theme_version=1)
    return store.create(request, "app", "live", datetime.now(UTC) + wait, key)[0].id


def states(store: JobStore, request_id: str) -> str:
    return " ".join(job.state for job in store.get_status(request_id).jobs)


def claimed(store: JobStore, request_id: str) -> Ticket:
    ticket = store.claim(request_id, "A")
    assert ticket is not None
    return ticket


def test_a_request_is_kept_with_its_four_jobs(store: JobStore) -> None:
    made = add(store)
    asked = store.get_status(made)
    assert (asked.theme, asked.version, asked.client, asked.seed) == ("spring", 1, "app", 7)
    assert states(store, made) == "queued queued queued queued"
    assert not asked.is_finished
    assert store.get(made) == examples.request(id=made, theme_version=1)
    with pytest.raises(NotFoundError):
        store.get_status("f" * 32)


def test_a_request_sent_again_under_its_key_is_the_same(store: JobStore) -> None:
    first = add(store, 1, key="k")
    assert add(store, 2, key="k") == first
    assert add(store, 3, key="other") != first
    assert store.find_by_idempotency_key("app", "k") == first
    assert store.find_by_idempotency_key("another", "k") is None


def test_a_job_is_claimed_once_and_ended_by_whoever_holds_it(store: JobStore) -> None:
    made = add(store)
    ticket = claimed(store, made)
    assert store.claim(made, "A") is None
    assert store.is_lease_valid(ticket)
    assert store.complete(ticket, "done")
    assert not store.complete(ticket, "failed", "late")
    assert not store.is_lease_valid(ticket)
    assert states(store, made) == "done queued queued queued"


def test_of_many_that_claim_at_once_one_gets_it(store: JobStore) -> None:
    made, got = add(store), []
    start = threading.Barrier(6)

    def claim() -> None:
        start.wait()
        got.append(store.claim(made, "A"))

    threads = [threading.Thread(target=claim) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(ticket is not None for ticket in got) == 1


def test_an_older_attempt_has_no_say(store: JobStore) -> None:
    made = add(store)
    first = claimed(store, made)
    assert store.release_for_retry(first, "the driver fell over")
    second = claimed(store, made)
    assert second.attempt == 2
    assert not store.complete(first, "done")
    assert not store.is_lease_valid(first)
    assert store.complete(second, "done")


def test_a_job_that_fails_again_and_again_stops(store: JobStore) -> None:
    made = add(store)
    queued = [
        store.release_for_retry(claimed(store, made), "it burst") for _ in range(MAX_ATTEMPTS)
    ]
    assert queued == [True] * (MAX_ATTEMPTS - 1) + [False]
    [job] = [job for job in store.get_status(made).jobs if job.slot == "A"]
    assert (job.state, str(job.error), job.attempts) == ("failed", "it burst", MAX_ATTEMPTS)
    assert store.claim(made, "A") is None


def test_a_job_whose_drawer_is_dead_is_begun_anew_but_not_for_ever(store: JobStore) -> None:
    made = add(store)
    for attempt in range(1, MAX_ATTEMPTS + 1):
        dead = claimed(store, made)
        assert dead.attempt == attempt
        again = slots(store.requeue_stale())
        assert again == ({made: ("A",)} if attempt < MAX_ATTEMPTS else {})
        assert not store.complete(dead, "done")
    assert states(store, made).startswith("failed")
    assert store.get_status(made).jobs[0].error == MAX_ATTEMPTS_MESSAGE


def test_a_job_that_is_put_back_has_not_been_tried(store: JobStore) -> None:
    """Issue 18, 14 (security review, 4.5)."""
    made = add(store)
    for _ in range(MAX_ATTEMPTS + 1):
        ticket = claimed(store, made)
        assert ticket.attempt == 1
        store.requeue(ticket)
    assert states(store, made) == "queued queued queued queued"
    assert not store.complete(ticket, "done")
    store.requeue(ticket)
    assert [job.attempts for job in store.get_status(made).jobs] == [0, 0, 0, 0]
    assert store.complete(claimed(store, made), "done")
    store.requeue(ticket)
    assert states(store, made) == "done queued queued queued"


# Issue 19, 1.
def test_why_a_job_failed_is_kept_as_a_message_and_old_sentences_are_read(store: JobStore) -> None:
    made, why = add(store), message("request.variant_failed", slot="A")
    assert store.complete(claimed(store, made), "failed", why.to_json())
    assert store.get_status(made).jobs[0].error == why
    assert store.get_status(made).jobs[1].error is None
    with store._database.write_session() as session:
        session.execute(update(JobRow).values(error="a sentence of an older studio {x}"))
    assert str(store.get_status(made).jobs[0].error) == "a sentence of an older studio {x}"


def fall_silent(store: JobStore, request_id: str) -> None:
    """As if nobody had given a sign of life for its jobs since long ago."""
    with store._database.write_session() as session:
        of_it = update(JobRow).where(JobRow.request_id == request_id)
        session.execute(of_it.values(heartbeat_at=examples.LONG_AGO))


def test_who_gives_signs_of_life_keeps_a_job(store: JobStore) -> None:
    made = add(store)
    first = claimed(store, made)
    fall_silent(store, made)
    store.heartbeat(first)
    assert slots(store.requeue_stale(timedelta(hours=1))) == {}
    assert store.is_lease_valid(first)
    fall_silent(store, made)
    assert slots(store.requeue_stale(timedelta(hours=1), {(made, "A")})) == {}
    assert slots(store.requeue_stale(timedelta(hours=1))) == {made: ("A",)}
    second = claimed(store, made)
    store.heartbeat(first)
    assert store.is_lease_valid(second)
    assert not store.is_lease_valid(first)


def test_what_has_waited_for_long_is_found(store: JobStore) -> None:
    made = add(store)
    claimed(store, made)
    assert slots(store.list_queued(timedelta(seconds=30))) == {}
    assert slots(store.list_queued()) == {made: ("B", "C", "D")}


def test_what_is_queued_again_keeps_its_turn(store: JobStore) -> None:
    request = examples.request(id="1" * 32, theme_version=1)
    store.create(request, "flood", "live", datetime.now(UTC) + SOON, admit=lambda _: 3)
    claimed(store, request.id)
    assert [left.fair_share_tier for left in (*store.list_queued(), *store.requeue_stale())] == [
        3,
        3,
    ]


@pytest.mark.parametrize("is_made", [True, False])
def test_what_is_withheld_is_released(store: JobStore, is_made: bool) -> None:
    made = add(store)
    assert not claimed(store, made).moderation_override
    with pytest.raises(NotFoundError, match="no variant A that is withheld"):
        store.release_withheld(made, "A", is_made, datetime.now(UTC) + SOON)
    store.complete(Ticket(made, "A", 1), "withheld", "score")
    store.release_withheld(made, "A", is_made, datetime.now(UTC) + SOON)
    assert states(store, made).split()[0] == ("done" if is_made else "queued")
    if not is_made:
        assert claimed(store, made).moderation_override


def test_cancelling_ends_what_is_open_and_keeps_what_is_done(store: JobStore) -> None:
    made = add(store)
    store.complete(claimed(store, made), "done")
    running = store.claim(made, "B")
    assert running is not None
    assert store.cancel(made) == ("C", "D")
    assert states(store, made) == "done cancelled cancelled cancelled"
    assert not store.is_lease_valid(running)
    assert not store.complete(running, "done")
    assert store.get_status(made).is_finished


def test_what_waits_too_long_expires(store: JobStore) -> None:
    late, fine = add(store, 1, timedelta(seconds=-1)), add(store, 2)
    assert store.expire_overdue() == {late: ("A", "B", "C", "D")}
    assert states(store, late) == "expired expired expired expired"
    assert store.claim(late, "A") is None
    assert states(store, fine) == "queued queued queued queued"


def test_what_waits_may_wait_anew_after_the_clock_jumped(store: JobStore) -> None:
    """Issue 18, 12."""
    late = add(store, 1, timedelta(hours=-1))
    store.extend(datetime.now(UTC) + SOON)
    assert store.expire_overdue() == {}
    assert claimed(store, late).attempt == 1


def test_a_restart_goes_on_with_what_was_open(store: JobStore) -> None:
    one, two = add(store, 1), add(store, 2)
    store.complete(claimed(store, one), "done")
    store.claim(one, "B")
    for _ in range(MAX_ATTEMPTS - 1):
        store.release_for_retry(claimed(store, two), "")
    claimed(store, two)
    assert slots(store.requeue_stale()) == {one: ("B",)}
    assert slots(store.list_queued()) == {one: ("B", "C", "D"), two: ("B", "C", "D")}
    assert states(store, two).startswith("failed queued")
    assert states(store, one).startswith("done queued")


def test_picks_are_counted_by_recipe(store: JobStore) -> None:
    for number, slot in enumerate(("A", "A", "B"), 1):
        made = add(store, number)
        with pytest.raises(InvalidInputError, match="no picture"):
            store.select_variant(made, "A")
        for each in ("A", "B"):
            ticket = store.claim(made, each)
            assert ticket is not None
            store.complete(ticket, "done")
        store.select_variant(made, slot)  # type: ignore[arg-type]
    assert store.selection_counts("spring") == {1: {"A": 2, "B": 1, "C": 0, "D": 0}}
    assert store.selection_counts("autumn") == {}
    assert store.get_status(made).selected_slot == "B"


def test_what_is_under_way_is_counted(store: JobStore) -> None:
    one = add(store, 1)
    add(store, 2)
    assert (crowd(store, "app"), crowd(store, "other"), store.waiting()) == ((2, 8), (0, 8), 8)
    store.cancel(one)
    assert crowd(store, "app") == (1, 4)


def crowd(store: JobStore, client: str) -> tuple[int, int]:
    """What is told to whoever admits a client's next request."""
    told = []

    def refuse(crowd: Crowd) -> int:
        told.append((crowd.client_active_requests, crowd.queued_jobs))
        raise CapacityError("not today", 1)

    with pytest.raises(CapacityError):
        store.create(examples.request(theme_version=1), client, "live", datetime.now(UTC) + SOON, admit=refuse)  # fmt: skip
    return told[0]


def test_two_doors_together_let_in_no_more_than_one_would(url: str) -> None:
    """As when a client asks two API processes at once."""
    doors = [JobStore(Database(url)) for _ in range(2)]

    def admit(crowd: Crowd) -> int:
        if crowd.client_active_requests >= 3:
            raise CapacityError("three of yours are under way", 1)
        return crowd.client_active_requests

    def ask(number: int) -> int:
        request = examples.request(id=f"{number:032x}", theme_version=1)
        until = datetime.now(UTC) + SOON
        try:
            return doors[number % 2].create(request, "app", "live", until, admit=admit)[1] or 0
        except CapacityError:
            return -1

    with ThreadPoolExecutor(8) as pool:
        turns = sorted(pool.map(ask, range(16)))
    assert turns == [-1] * 13 + [0, 1, 2]


def test_a_reason_that_looks_like_a_message_is_a_sentence(store: JobStore) -> None:
    made, reason = add(store), '{"id":"x","params":{}}'
    assert store.complete(claimed(store, made), "done")
    store.withhold(made, "A", reason)
    assert str(store.get_status(made).jobs[0].error) == reason
